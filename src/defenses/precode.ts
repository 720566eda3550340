import { z } from "zod";
import type { Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { bottleneck, bottleneckForms, denseLayers, divergences } from "../models/index.ts";
import { part } from "../parts/index.ts";
import { foldIn, keyFromSeed, stream } from "../random/index.ts";
import type { Defense } from "./defense.ts";
import { unknownLaw } from "./law/law.ts";
import type { Step } from "./step.ts";

interface Precode {
  readonly size: number;
  readonly layer: string | null;
  readonly form: (typeof bottleneckForms)[number];
  readonly divergence: (typeof divergences)[number];
  readonly seed: number;
}

const names = {
  mean: "precode.mu",
  variance: "precode.log_var",
  both: "precode.encoder",
  decoder: "precode.decoder",
};

function withBottleneck(client: Client, { layer, seed, ...own }: Precode): Client {
  const { model } = client;
  const dense = denseLayers(model);
  const refuse = (why: string) => new LeakageError("spec", `defense precode does not fit this network: ${why}`);
  if (!model.insertBefore) throw refuse("it is not a list of layers, into which a bottleneck could be put.");
  if (model.parameters.some(({ name }) => name.startsWith("precode."))) throw refuse("it has this bottleneck already; put precode once.");
  const before = layer ?? dense.at(-1);
  if (before === undefined || !dense.includes(before))
    throw refuse(
      dense.length === 0
        ? "the bottleneck stands in front of a dense layer, and there is none."
        : `layer ${layer} is not one of its dense layers, which are ${dense.join(", ")}.`,
    );
  const changed = model.insertBefore(`${before}.weight`, (shape) => bottleneck(shape, { ...own, names }));
  const key = stream(keyFromSeed(seed), "weights");
  const added = changed.parameters.flatMap(({ name, shape, initial }, i) =>
    name.startsWith("precode.") ? [[name, { shape, data: initial(foldIn(key, i), shape) }] as const] : [],
  );
  return client.withModel(changed, new Map(added));
}

function bottleneckStep(precode: Precode): Step {
  const name = `precode with ${precode.size} variables${precode.layer === null ? "" : ` before ${precode.layer}`}`;
  return {
    name,
    onClient: (client) => withBottleneck(client, precode),
    law: () => unknownLaw("the network draws at random in its forward pass, and its law is an integral over the draws"),
  };
}

/**
 * PRECODE (Scheliga et al. 2022) puts a variational bottleneck into the network: what enters a dense
 * layer becomes μ + σ ε, with ε drawn anew for each update, and a decoder brings it back to its
 * size. The server knows the changed network. Gradients are of one draw, which the attacker does
 * not know.
 *
 * The first dense layer of a network gives its input away whatever stands behind it, so behind
 * dense layers alone the bottleneck hides nothing (Balunović et al. 2022); see the attack
 * `on-precode`. That says nothing about a bottleneck behind convolutions.
 */
export const precode = part({
  kind: "precode",
  doc: "Puts a variational bottleneck in front of a dense layer, which draws anew for each update (Scheliga et al. 2022).",
  params: {
    size: z.int().positive().max(65536).default(256).describe("The number of variables of the bottleneck."),
    layer: z
      .string()
      .nullable()
      .default(null)
      .describe("The dense layer that the bottleneck stands in front of, by name. none takes the last one."),
    form: z
      .enum(bottleneckForms)
      .default("published")
      .describe("The variance and the loss: as PRECODE's authors published it, or as in the attack's code, which shares no divergence."),
    divergence: z
      .enum(divergences)
      .default("right")
      .describe("The divergence in the loss: right, or with the log-variance for the mean, as in the attack's code."),
    seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0).describe("The seed of the initial weights of the bottleneck."),
  },
  build: (own): Defense => ({ steps: [bottleneckStep(own)], adaptive: { kind: "tailored", attack: "on-precode" } }),
});
