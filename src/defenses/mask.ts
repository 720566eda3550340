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
import { postProcessing } from "./privacy.ts";
import type { Step } from "./step.ts";

interface Masking {
  readonly keep: number;
  readonly redraw: "update" | "never";
  readonly published: boolean;
  readonly per: "update" | "example";
  readonly seed: number;
}

/**
 * A mask that is the same for all updates. The mask of parameter i is drawn with the "mask" stream
 * of the seed, folded with i. Masks are kept, because every program that is built needs them again.
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
        `The law ${name} needs the mask, and the client did not publish one as ${maskName(place, parameter)}; assume a mask with published=false or redraw=never, or the defense that the client used.`,
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
    privacy: postProcessing,
    check: (_, batchSize) => {
      if (per === "example" && redraw === "update" && batchSize > 1)
        throw new LeakageError(
          "spec",
          `defense mask with per=example does not fit a batch of ${batchSize}: with one mask per example every entry has 2^${batchSize} possible values, and their law is not supported; use per=update or a batch of 1.`,
        );
    },
  };
}

/** Before any noise, a published mask is a part of D(x). */
const maskedSignal = (law: Law, mask: Mask): Law => ({
  ...law,
  plain: false,
  signal: (client) => (batch, published, sent) =>
    law
      .signal(client)(batch, published, sent)
      .map((entries, name) => entries.mul(mask(client, published, name))),
});

/** After noise, a published mask decides which entries say anything. */
const maskedEntry = (law: Law, name: string, mask: Mask): Law => ({
  ...law,
  entry: drop(law.entry, name),
  masks: new Map([...law.masks, [name, mask]]),
});

/** Entries of the gradient are set to 0 at random. */
export const mask = part({
  kind: "mask",
  doc: "Sets gradient entries to 0 at random.",
  params: {
    keep: z.number().positive().max(1).default(0.5).describe("The probability that an entry is kept. Smaller values hide more."),
    redraw: z
      .enum(["update", "never"])
      .default("update")
      .describe("How often the mask is drawn: for each update, or once for all of them."),
    published: z
      .boolean()
      .default(true)
      .describe("Whether the client sends the mask with the update. Without later noise, the zeros show it anyway."),
    per: z.enum(["update", "example"]).default("update").describe("What a mask covers: the update, or the gradient of each example."),
    seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0).describe("The seed of a mask that is never redrawn."),
  },
  build: (masking): Defense => ({ steps: [maskStep(masking)] }),
});
