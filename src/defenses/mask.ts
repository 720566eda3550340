import { z } from "zod";
import { bernoulli } from "../distributions/index.ts";
import { LeakageError } from "../errors.ts";
import { constant, type Shape, sizeOf, type Tensor } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import { fillBernoulli, foldIn, keyFromSeed, stream } from "../random/index.ts";
import type { Defense } from "./defense.ts";
import { drop, hide } from "./law/entry-law.ts";
import type { Law, Mask } from "./law/law.ts";
import { maskName } from "./law/published.ts";
import type { Step } from "./step.ts";

interface Masking {
  readonly keep: number;
  readonly redraw: "update" | "never";
  readonly published: boolean;
  readonly per: "update" | "example";
  readonly seed: number;
}

/**
 * A mask that is the same for all updates; parameter i is drawn with the key of the seed's masks
 * folded with i. Kept, because it is needed each time a program is made.
 */
function fixedMask(keep: number, seed: number): (index: number, shape: Shape) => Tensor {
  const drawn = new Map<string, Tensor>();
  return (index, shape) => {
    const place = `${index}: ${shape}`;
    const known = drawn.get(place);
    if (known) return known;
    const entries = new Float32Array(sizeOf(shape));
    fillBernoulli(keep)(foldIn(stream(keyFromSeed(seed), "mask"), index), entries);
    const mask = constant(entries, shape);
    drawn.set(place, mask);
    return mask;
  };
}

function maskStep({ keep, redraw, published: isPublished, per, seed }: Masking): Step {
  const name = `mask keeping ${keep}${redraw === "never" ? `, the same for all updates (seed ${seed})` : ""}${isPublished ? "" : ", not published"}`;
  const fixed = fixedMask(keep, seed);
  const seen =
    (place: number): Mask =>
    (client, published, parameter) => {
      const index = client.parameters.findIndex((one) => one.name === parameter);
      if (redraw === "never") return fixed(index, client.parameters[index]!.shape);
      const mask = published[maskName(place, parameter)];
      if (mask) return mask;
      throw new LeakageError(
        "spec",
        `The law ${name} needs the mask, and the client did not publish one as ${maskName(place, parameter)}; assume a mask with published=false or redraw=never, or what the client did.`,
      );
    };
  return {
    name,
    onUpdate: (update, { key, place }) => {
      const published: Record<string, Tensor> = {};
      const masked = update.map((entries, parameter) => {
        const index = update.names.indexOf(parameter);
        const mask = redraw === "never" ? fixed(index, entries.shape) : bernoulli(keep, entries.shape).sample(key.foldIn(index));
        published[maskName(place, parameter)] = mask;
        return entries.mul(mask);
      });
      return { update: masked, ...(isPublished ? { published } : {}) };
    },
    law: (before, place) => {
      const law = { ...before, names: [...before.names, name] };
      if (keep === 1) return law;
      if (!isPublished)
        return { ...law, entry: hide(law.entry, keep), hidden: { name, fixed: redraw === "never" || before.hidden?.fixed === true } };
      return before.noisy === undefined ? maskedSignal(law, seen(place)) : maskedEntry(law, `${place}`, seen(place));
    },
    check: (_, batchSize) => {
      if (per === "example" && redraw === "update" && batchSize > 1)
        throw new LeakageError(
          "spec",
          `defense mask with per=example does not fit a batch of ${batchSize}: a mask of its own for each example makes every entry a sum over 2^${batchSize} choices, which has no law here; use per=update or a batch of 1.`,
        );
    },
  };
}

/** Before any noise a published mask is a part of D(x). */
const maskedSignal = (law: Law, mask: Mask): Law => ({
  ...law,
  plain: false,
  signal: (client) => (batch, published) =>
    law
      .signal(client)(batch, published)
      .map((entries, name) => entries.mul(mask(client, published, name))),
});

/** After noise it decides which entries say anything. */
const maskedEntry = (law: Law, name: string, mask: Mask): Law => ({
  ...law,
  entry: drop(law.entry, name),
  masks: new Map([...law.masks, [name, mask]]),
});

/** Entries of the gradient set to 0 at random. */
export const mask = part({
  kind: "mask",
  doc: "Sets gradient entries to 0 at random.",
  params: {
    keep: z.number().positive().max(1).default(0.5).describe("Probability that an entry is kept."),
    redraw: z.enum(["update", "never"]).default("update").describe("A new mask for each update, or one for all."),
    published: z
      .boolean()
      .default(true)
      .describe("Whether the mask is sent with the update. Without noise after it, its zeros show it anyway."),
    per: z.enum(["update", "example"]).default("update").describe("A mask for the update, or one for the gradient of each example."),
    seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0).describe("Of the mask that is never redrawn."),
  },
  build: (masking): Defense => ({ steps: [maskStep(masking)] }),
});
