import { recoverLabels } from "../adversary/index.ts";
import { type Machine, meanImage, mostPublic, type Reconstruction, type Tick } from "../audit/index.ts";
import { type Client, client } from "../client/index.ts";
import { shapes } from "../data/index.ts";
import type { Picture } from "../formats/index.ts";
import { estimateStatistics, initialWeights, models } from "../models/index.ts";
import { format, part } from "../parts/index.ts";
import { foldIn, type KeyBits, keyFromSeed } from "../random/index.ts";
import { type BatchNormPriorParams, batchNormPriorParams } from "./batch-norm-prior-params.ts";
import type { BatchNormPriorResult } from "./batch-norm-prior-result.ts";
import { type Arm, arms, scoreBatch, summarizeBatches } from "./batch-norm-prior-score.ts";
import { tune, tuningAttacks } from "./batch-norm-prior-tune.ts";
import { attackUpdate, cosineNearby, drawUpdate, within } from "./drawn-update.ts";
import type { Experiment, ExperimentRun, Finding } from "./experiment.ts";
import { headOf } from "./result.ts";
import { openStatisticsDistance } from "./statistics-distance.ts";

/** Batches whose pictures are kept. */
const shown = 4;
/** Streams of the seed; batch i uses the key of a stream folded with i. */
const streams = { weights: 0, images: 1, noise: 2, start: 3, bootstrap: 4, tuning: 5, nearby: 6 } as const;
type KeyOf = (stream: keyof typeof streams) => KeyBits;

/**
 * Whether the batch-norm prior of GradInversion (Yin et al. 2021, R_BN of DeepInversion) helps: the same attack with it and without it, each tuned before by the same
 * budget on updates of training images, on the same updates of a ConvNet from the same starts. The client normalizes by its running statistics (evaluation mode),
 * and those are of training images.
 */
export const batchNormPrior = part({
  kind: "batch-norm-prior",
  doc: "GradInversion with and without its batch-norm prior, both tuned, on the same updates of a ConvNet with real running statistics.",
  params: batchNormPriorParams,
  build: (params): Experiment => ({ run: (run) => batchNormPriorOf(params, run) }),
});

async function* batchNormPriorOf(params: BatchNormPriorParams, { spec, versions, machine }: ExperimentRun): AsyncGenerator<Tick, Finding> {
  const { batch, batches, steps, gradient, labels } = params;
  const keyOf: KeyOf = (stream) => foldIn(keyFromSeed(spec.seed), streams[stream]);
  const test = shapes("test");
  const mean = meanImage(shapes("train"), Math.min(mostPublic, params.examples));
  const one = await statisticalClient(params, keyOf, machine);
  const before = tuningAttacks(params);
  const of = (before + 2 * batches) * steps;
  const { chosen, tuning } = yield* within(tune({ client: one, params, seed: spec.seed, key: keyOf("tuning"), machine }), {
    before: 0,
    of,
  });
  const distance = await openStatisticsDistance(one, batch, machine);
  const found: BatchNormPriorResult["batches"] = [];
  const pictures = new Map<string, Picture>();
  for (let i = 0; i < batches; i++) {
    const own = (stream: keyof typeof streams) => foldIn(keyOf(stream), i);
    const update = await drawUpdate(one, test, batch, { images: own("images"), noise: own("noise") }, machine);
    const made: Partial<Record<Arm, Reconstruction>> = {};
    for (const [a, arm] of arms.entries())
      made[arm] = yield* within(attackUpdate(chosen[arm], update, labels, own("start"), machine), {
        before: (before + 2 * i + a) * steps,
        of,
      });
    const { originals, seen } = update;
    const scored = scoreBatch(
      {
        originals,
        made: made as Record<Arm, Reconstruction>,
        labels: recoverLabels(seen, "distinct"),
        nothing: gradient * norms([...seen.updates.values()]),
        nearby: await cosineNearby(update, { deviations: 0.1, key: own("nearby") }, machine),
        statistics: {
          truth: await distance.of(originals.map(({ image }) => image)),
          without: await distance.of(made.without!.pictures),
          with: await distance.of(made.with!.pictures),
        },
        mean,
        ...(i < shown ? { name: String(i) } : {}),
      },
      test,
    );
    found.push(scored.score);
    for (const [name, picture] of scored.pictures) pictures.set(name, picture);
  }
  await distance.dispose();
  const result: BatchNormPriorResult = {
    ...headOf("batch-norm-prior", { spec, versions }),
    attacks: { without: format(chosen.without), with: format(chosen.with) },
    tuning,
    ...summarizeBatches(found, keyOf("bootstrap")),
    batches: found,
    notes: notesOf(params),
  };
  return { result, pictures };
}

/** Σ over parameters of the norm of what was sent. */
const norms = (updates: readonly Float32Array[]): number =>
  updates.reduce((sum, update) => sum + Math.sqrt(update.reduce((squares, entry) => squares + entry ** 2, 0)), 0);

/** A ConvNet with drawn weights, whose running statistics are those of training images. */
async function statisticalClient({ width, pool, examples }: BatchNormPriorParams, keyOf: KeyOf, machine: Machine): Promise<Client> {
  const train = shapes("train");
  const normalization = { mean: train.mean, std: train.std };
  const model = models.build({ kind: "convnet", width, pool }, { shape: train.shape, classes: train.classes.length, normalization });
  const pictures = { count: examples, image: (i: number) => train.example(i).image };
  return client({ model, weights: await estimateStatistics(model, initialWeights(model, keyOf("weights")), pictures, machine) });
}

function notesOf({ examples, seeds, labels, pool }: BatchNormPriorParams): string[] {
  return [
    `The network has ${pool} pools. Its weights are as they were drawn; its running statistics are those of the first ${examples} training images. The updates are of test images, without a defense.`,
    "Both attacks get the same updates, labels, starting points and noise. Each has the learning rate and the total variation, and the one with the prior the prior’s weight, that its tuning chose.",
    ...(labels === "known" ? ["The labels are given; the accuracy is that of reading them off."] : []),
    ...(seeds === 1 ? ["There is one start an update, so that no seeds have to agree."] : []),
  ];
}
