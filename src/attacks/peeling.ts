import { z } from "zod";
import {
  type AssumptionAndSearch,
  assuming,
  chosenRows,
  compare,
  comparesWeight,
  cosine,
  explainedWithout,
  type LaneProgress,
  labelsThatFit,
  type Observations,
  type Outline,
  type Progress,
  peeled,
  peeledAndWhole,
  peeledInputs,
  peelLayer,
  startingFrom,
  usedColumns,
} from "../adversary/index.ts";
import { LeakageError } from "../errors.ts";
import { sizeOf } from "../graph/index.ts";
import { denseLayers, type Model } from "../models/index.ts";
import { adam, type Rate } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { totalVariation } from "../priors/index.ts";
import { fillNormal, type KeyBits, stream } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import type { AttackDeclaration } from "./declaration.ts";
import { atPlaces, type Placed, type Reading, remarkOf, withTargets } from "./peeled-targets.ts";

/** The dense layers that have a bias. */
const biased = (model: Model): readonly string[] => {
  const names = new Set(model.parameters.map(({ name }) => name));
  return denseLayers(model).filter((layer) => names.has(`${layer}.bias`));
};

/** @throws LeakageError `spec` if there is no such layer. */
function layerOf({ rounds }: Outline, stated: string | null): string {
  const layers = biased(rounds[0]!.client.model);
  if (layers.length === 0)
    throw new LeakageError("spec", "attack peeling does not fit this network: it needs a dense layer with a bias, and there is none.");
  if (stated !== null && !layers.includes(stated))
    throw new LeakageError("spec", `attack peeling: ${stated} is no dense layer with a bias; there are ${layers.join(", ")}.`);
  return stated ?? layers[0]!;
}

/**
 * The share of the features that an image may leave unexplained. Where zero columns are features that
 * are 0, images come nearer. Where they were pruned, none does.
 */
const mostUnexplained = 1e-3;

/** The learning rate falls to this part of its beginning, geometrically. */
const lastRate = 0.01;
/** The factor of the features rises from this to 1: the images begin smooth. */
const firstFactor = 0.03;

const between =
  (from: number, to: number): Rate =>
  (step, steps) =>
    from * (to / from) ** (step / Math.max(1, steps - 1));

/** The answers of a search in all lanes. */
interface Answers {
  readonly x: Float32Array;
  readonly labels: Float32Array;
  readonly lanes: readonly LaneProgress[];
}
const answersOf = (end: Progress): Answers => ({ x: end.inputs(), labels: end.labels(), lanes: end.lanes() });

/** For each lane, the answers of the second search or of the first, with the work of both. */
function either(first: Answers, second: Answers, takesSecond: readonly boolean[]): Answers {
  const chosen = takesSecond.map(Number);
  return {
    x: chosenRows([first.x, second.x], chosen),
    labels: chosenRows([first.labels, second.labels], chosen),
    lanes: first.lanes.map((one, lane) => {
      const other = second.lanes[lane]!;
      return {
        ...(takesSecond[lane] ? other : one),
        steps: one.steps + other.steps,
        evaluations: one.evaluations + other.evaluations,
      };
    }),
  };
}

/** The starting points of the last search: what was found, and draws for images without features. */
function startOf(x: Float32Array, lanes: readonly Placed[], batchSize: number, keys: readonly KeyBits[]): Float32Array {
  const start = startingFrom(x).slice();
  const size = start.length / lanes.length;
  lanes.forEach(({ places }, lane) => {
    const drawn = new Float32Array(size);
    fillNormal(stream(keys[lane]!, "start"), drawn);
    for (let b = 0; b < batchSize; b++) {
      if (places.includes(b)) continue;
      const [from, to] = [(b * size) / batchSize, ((b + 1) * size) / batchSize];
      start.set(drawn.subarray(from, to), lane * size + from);
    }
  });
  return start;
}

/**
 * Peels the inputs of a dense layer off the gradient of its weights, exactly where there is no noise
 * (Phong et al. 2018), and of a batch as far as units are active for one image only. Then it searches
 * the images whose features these are, which takes first derivatives only and nothing of the layers
 * behind. Where the features do not determine the images, because they are few or missing, it goes on
 * with the whole update, by the cosine of Inverting Gradients and the features together. Behind a
 * network that draws at random it does so only for images without features: nobody knows the draws,
 * and an image that matches the update at their center is further from the truth than its features.
 *
 * Columns of the gradient that are 0 are features that are 0, or were pruned by a defense. The attack
 * reads them as features first. If no image has such features, it searches those with any features
 * there as well, and keeps the reading that explains more of the rest of the update.
 */
export const peeling = part({
  kind: "peeling",
  doc: "Peels the features before a dense layer off its gradient, finds their images, and refines them on the whole update.",
  params: {
    layer: z.string().nullable().default(null).describe("The dense layer whose input is peeled. none takes the first one with a bias."),
    steps: z.int().positive().max(1_000_000).default(400).describe("The number of steps that search the images of the features."),
    rate: z
      .number()
      .positive()
      .default(0.5)
      .describe("The learning rate at the first of these steps, in model space. It falls to a hundredth."),
    tv: z
      .number()
      .nonnegative()
      .default(1e-4)
      .describe("The factor of the squared total variation at the last of these steps. It begins 33 times as large."),
    refine: z
      .int()
      .nonnegative()
      .max(1_000_000)
      .default(300)
      .describe("The number of steps on the whole update, where features are fewer than pixels or missing. 0 takes none."),
    refineRate: z
      .number()
      .positive()
      .default(0.1)
      .describe("The learning rate at the first step on the whole update. It falls to a hundredth."),
    refineTv: z
      .number()
      .nonnegative()
      .default(4e-4)
      .describe("The factor of the squared total variation in the steps on the whole update."),
  },
  build: ({ layer, steps, rate, tv, refine, refineRate, refineTv }): AttackDeclaration => ({
    fixesPrior: true,
    build: () => {
      const variation = (weight: number) =>
        totalVariation.build({ weight, norm: "squared", directions: 2, wrap: false, reduction: "mean", space: "model" });
      const shared = { start: "normal", restarts: 1, optimizer: adam({ signed: true }), box: true, result: "last" } as const;
      const ofFeatures = (name: string) =>
        assuming(
          { likelihood: peeledInputs(name), prior: variation(tv) },
          { ...shared, steps, rate: between(rate, rate * lastRate), anneal: between(firstFactor, 1) },
          { prior: `total variation (squared, factor ${tv})` },
        );
      const ofWhole = (likelihood: typeof cosine) =>
        assuming(
          { likelihood, prior: variation(refineTv) },
          { ...shared, steps: Math.max(1, refine), rate: between(refineRate, refineRate * lastRate) },
          { prior: `total variation (squared, factor ${refineTv})` },
        );
      const whole = ofWhole(cosine);
      const first = layer ?? "the first dense layer with a bias";
      return {
        assumes: { ...whole.assumes, law: `the input of ${first}, then cosine similarity` },
        work: { steps: steps + refine, restarts: 1, points: 1, entries: false },
        anyScale: true,
        check: (seen) => {
          const name = layerOf(seen, layer);
          check(seen, name, [ofFeatures(name), ofWhole(peeledAndWhole(name))]);
        },
        async *reconstruct(seen, keys, run = {}) {
          const name = layerOf(seen, layer);
          const [features, refining] = [ofFeatures(name), ofWhole(peeledAndWhole(name))];
          check(seen, name, [features, refining]);
          const { start: _, ...options } = run;
          const found = (await peelLayer(seen, name, options)).map((lane): Placed => ({ ...lane, places: lane.inputs.map((_, i) => i) }));
          let readings: readonly Reading[] = found.map(() => "zero");
          let [done, of] = [0, steps + refine];
          let last: Progress | undefined;
          async function* searching(attack: AssumptionAndSearch, at: Observations, start: { start?: Float32Array }) {
            for await (const progress of attack.reconstruct(at, keys, { ...options, ...start })) {
              last = progress;
              // More may follow, so no report but the very last may count as that.
              yield { ...progress, step: Math.min(done + progress.step, of - 1), of };
            }
            done += attack.search.steps;
          }
          yield* searching(features, withTargets(seen, name, found, readings), run.start ? { start: run.start } : {});
          let answers = answersOf(last!);

          const doubtful = found.map(({ inputs }, lane) => inputs.length > 0 && !(answers.lanes[lane]!.matching! <= mostUnexplained));
          const weight = seen.rounds[0]!.updates.get(`${name}.weight`)!;
          if (doubtful.some((one, lane) => one && usedColumns(weight, lane).includes(0))) {
            of += steps;
            const pruned = found.map((): Reading => "pruned");
            yield* searching(features, withTargets(seen, name, found, pruned), {});
            const other = answersOf(last!);
            const shares = [await explained(seen, name, found, answers, options), await explained(seen, name, found, other, options)];
            const takes = doubtful.map((one, lane) => one && shares[1]![lane]! > shares[0]![lane]!);
            readings = takes.map((one) => (one ? "pruned" : "zero"));
            answers = either(answers, other, takes);
          }

          const placed = await placedLanes(seen, name, found, answers.x, options);
          answers = { ...answers, x: atPlaces(answers.x, placed, seen.batchSize) };
          const { shape, random } = seen.rounds[0]!.client.model;
          const short = placed.map(({ inputs }, lane) => {
            if (inputs.length < seen.batchSize) return true;
            const known = readings[lane] === "zero" ? weight.shape[2]! : usedColumns(weight, lane).filter((one) => one).length;
            return !random && known < sizeOf(shape);
          });
          const refines = refine > 0 && short.some(Boolean);
          if (refines) {
            yield* searching(refining, withTargets(seen, name, placed, readings), {
              start: startOf(answers.x, placed, seen.batchSize, keys),
            });
            answers = either(answers, answersOf(last!), short);
          }
          const lanes = answers.lanes.map((lane, i) => ({
            ...lane,
            remark: remarkOf(seen, name, placed[i]!, { lane: i, reading: readings[i]!, refined: refines && short[i]! }),
          }));
          yield { step: of, of, lanes: () => lanes, inputs: () => answers.x, labels: () => answers.labels };
        },
        objective: (seen, at, keys, run) => whole.objective!(seen, at, keys, run),
      };
    },
  }),
});

/** The peeled inputs with their places in the batch, which are those of the labels that fit them. */
async function placedLanes(
  seen: Observations,
  layer: string,
  found: readonly Placed[],
  x: Float32Array,
  options: CompileOptions,
): Promise<readonly Placed[]> {
  if (!seen.labels || found.every(({ inputs }) => inputs.length === 0)) return found;
  const places = await labelsThatFit(seen, layer, found, x, options);
  return found.map((lane, i) => ({ ...lane, places: places[i]! }));
}

/** The share of the update without the layer's weight that the images of the features explain, lane by lane. */
async function explained(
  seen: Observations,
  layer: string,
  found: readonly Placed[],
  { x, labels }: Answers,
  options: CompileOptions,
): Promise<readonly number[]> {
  const placed = await placedLanes(seen, layer, found, x, options);
  const compared = await compare(seen, { x: atPlaces(x, placed, seen.batchSize), y: labels }, options);
  return compared.map((lane) => explainedWithout(lane, [`${layer}.weight`]));
}

/** @throws LeakageError `spec` for what does not fit one of the searches. */
function check(seen: Outline, layer: string, searches: readonly AssumptionAndSearch[]): void {
  const [round] = seen.rounds;
  const width = round!.client.parameters.find(({ name }) => name === `${layer}.weight`)!.shape[1]!;
  const [each, one] = [{ shape: [seen.lanes, seen.batchSize, width] }, { shape: [seen.lanes] }];
  const published = new Map([
    ...(round!.published ?? []),
    [peeled.inputs, each],
    [peeled.known, each],
    [peeled.factor, one],
    [comparesWeight, one],
  ]);
  for (const search of searches) search.check?.({ ...seen, rounds: [{ ...round!, published }] });
}
