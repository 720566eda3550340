import { z } from "zod";
import { recoverLabels } from "../../adversary/index.ts";
import { drawKey, meanGuess, mostPublic } from "../../audit/index.ts";
import { type Client, crossEntropy, fedSgd } from "../../client/index.ts";
import { shapesSet } from "../../data/index.ts";
import { openClassifying } from "../../federated/index.ts";
import type { NamedNumbers } from "../../graph/index.ts";
import { clopperPearson } from "../../metrics/index.ts";
import { estimateStatistics, initialWeights, models } from "../../models/index.ts";
import { adam } from "../../optimizers/index.ts";
import { format, type PartSpec } from "../../parts/index.ts";
import { type KeyBits, keyFromSeed, stream } from "../../random/index.ts";
import { taskOf } from "../../runs/index.ts";
import { examplesOf, type Reconstruction, type Tick } from "../../scenario/index.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import { kept } from "../kept.ts";
import { bytesOf, pngFilesSchema } from "../png-files.ts";
import { type Progressed, within } from "../progress.ts";
import { train } from "../train.ts";
import { type BatchNormPriorParams, batchNormPriorParams } from "./batch-norm-prior-params.ts";
import { type BatchNormPriorResult, batchNormPriorSchema, batchSchema } from "./batch-norm-prior-result.ts";
import { type Arm, arms, scoreBatch, summarizeBatches } from "./batch-norm-prior-score.ts";
import { tune, tuningAttacks } from "./batch-norm-prior-tune.ts";
import { attackUpdate, cosineNearby, drawUpdate } from "./drawn-update.ts";
import { openStatisticsDistance, type StatisticsDistance } from "./statistics-distance.ts";

/** Batches whose images are kept. */
const shown = 4;

/** The training images that the network may be trained on, and those of a step. */
const trainedOn = 8192;
const trainedTogether = 32;

/** The test images that the network's accuracy is measured on: the first ones. */
const testedOn = 512;

/**
 * Whether the batch-norm prior of GradInversion (Yin et al. 2021, R_BN of DeepInversion) helps: the
 * same attack with it and without it, each tuned before by the same budget on updates of training
 * images, on the same updates of a ConvNet from the same starts. The client normalizes by its
 * running statistics (evaluation mode), and those are of training images.
 */
export const batchNormPrior = experiment({
  kind: "batch-norm-prior",
  doc: "GradInversion with and without its batch-norm prior, both tuned, on the same updates of a ConvNet with real running statistics.",
  params: batchNormPriorParams,
  result: batchNormPriorSchema,
  quick: { width: "8", batches: "2", candidates: "2", steps: "20", examples: "256" },
  build: (params) => ({ run: (run) => batchNormPriorOf(params, run) }),
});

/** What all batches have in common. */
interface Compared {
  readonly client: Client;
  readonly chosen: Readonly<Record<Arm, PartSpec>>;
  readonly distance: StatisticsDistance;
  /** The mean training image. */
  readonly mean: Float32Array;
}

/** What became of one update, and the files that it names. */
const finished = z.strictObject({ score: batchSchema, files: pngFilesSchema });
type Finished = z.output<typeof finished>;

async function* batchNormPriorOf(params: BatchNormPriorParams, run: ExperimentRun): AsyncGenerator<Tick, Finding<BatchNormPriorResult>> {
  const { batch, batches, steps } = params;
  const root = keyFromSeed(run.spec.seed);
  const { client, accuracy } = await statisticalClient(params, root, run);
  const before = tuningAttacks(params);
  const of = (before + 2 * batches) * steps;
  const { chosen, tuning } = yield* tune(client, params, run, { before: 0, of });
  const distance = await openStatisticsDistance(client, batch, run.machine);
  const mean = meanGuess(shapesSet("train"), Math.min(mostPublic, params.examples)).of(0);
  const made: Finished[] = [];
  try {
    for (let i = 0; i < batches; i++) {
      const progressed = { before: (before + 2 * i) * steps, of };
      made.push(yield* kept(run, `batch-${i}`, finished, () => compare(i, { client, chosen, distance, mean }, params, run, progressed)));
    }
  } finally {
    await distance.dispose();
  }
  const scores = made.map(({ score }) => score);
  const result: BatchNormPriorResult = {
    ...headOf("batch-norm-prior", run),
    accuracy,
    attacks: { without: format(chosen.without), with: format(chosen.with) },
    tuning,
    ...summarizeBatches(scores, stream(root, "resample")),
    batches: scores,
    notes: notesOf(params),
  };
  return { result, images: new Map(made.flatMap(({ files }) => bytesOf(files))) };
}

/** Both attacks on one update. */
async function* compare(
  i: number,
  { client, chosen, distance, mean }: Compared,
  { batch, steps, gradient, labels }: BatchNormPriorParams,
  { spec, machine }: ExperimentRun,
  { before, of }: Progressed,
): AsyncGenerator<Tick, Finished> {
  const test = shapesSet("test");
  const own = (name: "images" | "noise" | "attack") => drawKey(keyFromSeed(spec.seed), name, i);
  const update = await drawUpdate(client, test, batch, { images: own("images"), noise: own("noise") }, machine);
  const made: Partial<Record<Arm, Reconstruction>> = {};
  for (const [a, arm] of arms.entries())
    made[arm] = yield* within(attackUpdate(chosen[arm], update, labels, own("attack"), machine), { before: before + a * steps, of });
  const { originals, seen } = update;
  return scoreBatch(
    {
      originals,
      made: made as Record<Arm, Reconstruction>,
      labels: (await recoverLabels(seen, "distinct", machine)).labels,
      nothing: gradient * norms(seen.rounds[0]!.updates),
      nearby: await cosineNearby(update, { deviations: 0.1, key: stream(own("images"), "noise") }, machine),
      statistics: {
        truth: await distance.of(originals.map(({ image }) => image)),
        without: await distance.of(made.without!.images),
        with: await distance.of(made.with!.images),
      },
      mean,
      ...(i < shown ? { name: String(i) } : {}),
    },
    test,
  );
}

/** Σ over parameters of the norm of what was sent. */
const norms = (updates: NamedNumbers): number =>
  [...updates.values()].reduce((sum, { data }) => sum + Math.sqrt(data.reduce((squares, entry) => squares + entry ** 2, 0)), 0);

/** A network with its client, and how many of the first test images it classifies. */
interface Trained {
  readonly client: Client;
  readonly accuracy: BatchNormPriorResult["accuracy"];
}

/** A ConvNet, trained or as it was drawn, whose running statistics are those of training images. */
async function statisticalClient(
  { width, pool, examples, trainingSteps, trainingRate }: BatchNormPriorParams,
  root: KeyBits,
  { machine }: ExperimentRun,
): Promise<Trained> {
  const [trainSet, testSet] = [shapesSet("train"), shapesSet("test")];
  const model = models.build({ kind: "convnet", width, pool }, taskOf(trainSet));
  let weights = initialWeights(model, stream(root, "weights"));
  if (trainingSteps > 0) {
    const perEpoch = Math.floor(trainedOn / trainedTogether);
    const training = {
      epochs: Math.ceil(trainingSteps / perEpoch),
      steps: trainingSteps,
      examples: trainedOn,
      batch: trainedTogether,
      rate: trainingRate,
    };
    weights = await train(model, weights, trainSet, training, stream(root, "training"), machine);
  }
  const estimated = await estimateStatistics(model, weights, { ...examplesOf(trainSet), count: examples }, machine);
  const client = fedSgd({ model, weights: estimated });
  const classified = { model, mode: "eval", loss: crossEntropy, defense: { steps: [] }, optimizer: adam(), machine } as const;
  const classifying = await openClassifying(classified, { ...examplesOf(testSet), count: testedOn });
  try {
    const named = Object.fromEntries([...estimated].map(([name, { data }]) => [name, data]));
    return { client, accuracy: clopperPearson(await classifying.correct(named), testedOn, 0.95) };
  } finally {
    await classifying.dispose();
  }
}

function notesOf({ examples, seeds, labels, pool, trainingSteps }: BatchNormPriorParams): string[] {
  const weights =
    trainingSteps === 0 ? "as they were drawn" : `those after ${trainingSteps} steps of Adam, of ${trainedTogether} images each`;
  return [
    `The network has ${pool} pools. Its weights are ${weights}; its running statistics are those of the first ${examples} training images. The updates are of test images, without a defense.`,
    "Both attacks get the same updates, labels, starting points and noise. Each has the learning rate and the total variation, and the one with the prior the prior’s weight, that its tuning chose.",
    ...(labels === "known" ? ["The labels are given; the accuracy is that of reading them off."] : []),
    ...(seeds === 1 ? ["There is one start an update, so that no seeds have to agree."] : []),
  ];
}
