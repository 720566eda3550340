import { z } from "zod";
import {
  type Attack,
  assuming,
  cosine,
  type LaneProgress,
  type Observations,
  type Outline,
  type Progress,
  peelDense,
  peeled,
  peeledInput,
  startingFrom,
} from "../adversary/index.ts";
import { LeakageError } from "../errors.ts";
import { type Tensor, vmap } from "../graph/index.ts";
import { denseLayers, type Model } from "../models/index.ts";
import { adam, constantRate, lbfgs, milestoneRate } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { totalVariation } from "../priors/index.ts";
import { type CompileOptions, compileNested, inputsAt, numbersAt } from "../runtime/index.ts";
import type { AttackDeclaration } from "./declaration.ts";

/** The dense layers that have a bias. */
const biased = (model: Model): readonly string[] => {
  const names = new Set(model.parameters.map(({ name }) => name));
  return denseLayers(model).filter((layer) => names.has(`${layer}.bias`));
};

/** @throws LeakageError `spec` if there is no such layer, or more than one input behind an update. */
function layerOf({ rounds, batchSize }: Outline, stated: string | null): string {
  const layers = biased(rounds[0]!.client.model);
  if (layers.length === 0)
    throw new LeakageError("spec", "attack peeling does not fit this network: it needs a dense layer with a bias, and there is none.");
  if (stated !== null && !layers.includes(stated))
    throw new LeakageError("spec", `attack peeling: ${stated} is no dense layer with a bias; there are ${layers.join(", ")}.`);
  if (batchSize > 1)
    throw new LeakageError(
      "spec",
      `attack peeling does not fit a batch of ${batchSize}: the gradient of a layer adds up the inputs of all images; use a batch of 1.`,
    );
  return stated ?? layers[0]!;
}

/** What the server saw, with the input of the layer that was peeled off it, [lanes, inputs]. */
async function holding(seen: Observations, layer: string, options: CompileOptions): Promise<Observations> {
  const [round] = seen.rounds;
  const { updates, published = new Map() } = round!;
  const places = { weight: updates.get(`${layer}.weight`)!, bias: updates.get(`${layer}.bias`)! };
  const one = ({ weight, bias }: { readonly weight: Tensor; readonly bias: Tensor }) => peelDense(weight, bias);
  const program = await compileNested({ input: vmap(one)(inputsAt(places)) }, options);
  try {
    const { input: data } = await program.run(numbersAt(places));
    const found = { shape: [seen.lanes, data.length / seen.lanes], data };
    return { ...seen, rounds: [{ ...round!, published: new Map([...published, [peeled, found]]) }] };
  } finally {
    await program.dispose();
  }
}

/** The lanes of a phase, with the work of the phases before it. */
const after = (lanes: readonly LaneProgress[], before: readonly LaneProgress[]): readonly LaneProgress[] =>
  lanes.map((lane, i) => ({
    ...lane,
    steps: lane.steps + (before[i]?.steps ?? 0),
    evaluations: lane.evaluations + (before[i]?.evaluations ?? 0),
  }));

/**
 * Peels the input of a dense layer off the gradient of its weights, exactly where there is no noise
 * (Phong et al. 2018), then searches the image whose features these are, by L-BFGS, and then the image
 * whose whole update fits, by Inverting Gradients from there. The middle problem needs first
 * derivatives only and has few bad optima, so the last search begins near its end.
 */
export const peeling = part({
  kind: "peeling",
  doc: "Peels the features before a dense layer off its gradient, finds their image, and refines it on the whole update.",
  params: {
    layer: z.string().nullable().default(null).describe("The dense layer whose input is peeled. none takes the first one with a bias."),
    steps: z.int().positive().max(1_000_000).default(25).describe("The number of outer steps that search the image of the features."),
    tv: z
      .number()
      .nonnegative()
      .default(3e-3)
      .describe("The factor of the squared total variation in these steps. Larger values give smoother images."),
    refine: z.int().nonnegative().max(1_000_000).default(150).describe("The number of steps on the whole update. 0 takes none."),
    rate: z.number().positive().default(0.02).describe("The learning rate of the steps on the whole update, in model space."),
    refineTv: z
      .number()
      .nonnegative()
      .default(4e-4)
      .describe("The factor of the squared total variation in the steps on the whole update."),
  },
  build: ({ layer, steps, tv, refine, rate, refineTv }): AttackDeclaration => ({
    fixesPrior: true,
    build: () => {
      const variation = (weight: number) =>
        totalVariation.build({ weight, norm: "squared", directions: 2, wrap: false, reduction: "mean", space: "model" });
      const shared = { start: "normal", restarts: 1 } as const;
      const ofFeatures = (name: string) =>
        assuming(
          { likelihood: peeledInput(name), prior: variation(tv) },
          { ...shared, optimizer: lbfgs(), steps, rate: constantRate(1), box: false, result: "best" },
          { prior: `total variation (squared, factor ${tv})` },
        );
      const whole = assuming(
        { likelihood: cosine, prior: variation(refineTv) },
        { ...shared, optimizer: adam({ signed: true }), steps: Math.max(1, refine), rate: milestoneRate(rate), box: true, result: "last" },
        { prior: `total variation (squared, factor ${refineTv})` },
      );
      const first = layer ?? "the first dense layer with a bias";
      const of = steps + refine;
      return {
        assumes: { ...whole.assumes, law: `the input of ${first}, then cosine similarity` },
        work: { steps: of, restarts: 1, points: 1, entries: false },
        anyScale: true,
        check: (seen) => {
          const name = layerOf(seen, layer);
          check(seen, name, ofFeatures(name), whole);
        },
        async *reconstruct(seen, keys, run = {}) {
          const name = layerOf(seen, layer);
          const features = ofFeatures(name);
          check(seen, name, features, whole);
          const { start: _, ...options } = run;
          let end: Progress | undefined;
          for await (const progress of features.reconstruct(await holding(seen, name, options), keys, run)) {
            end = progress;
            yield { ...progress, of };
          }
          if (refine === 0) return;
          const before = end!.lanes();
          const start = startingFrom(end!.inputs());
          for await (const progress of whole.reconstruct(seen, keys, { ...options, start }))
            yield { ...progress, step: steps + progress.step, of, lanes: () => after(progress.lanes(), before) };
        },
        objective: (seen, at, keys, run) => whole.objective!(seen, at, keys, run),
      };
    },
  }),
});

/** @throws LeakageError `spec` for what does not fit either search. */
function check(seen: Outline, layer: string, features: Attack, whole: Attack): void {
  const [round] = seen.rounds;
  const width = round!.client.parameters.find(({ name }) => name === `${layer}.weight`)!.shape[1]!;
  const found = new Map([...(round!.published ?? []), [peeled, { shape: [seen.lanes, width] }]]);
  features.check?.({ ...seen, rounds: [{ ...round!, published: found }] });
  whole.check?.(seen);
}
