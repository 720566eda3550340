import { recoverLabels } from "../adversary/index.ts";
import { attacks } from "../attacks/index.ts";
import { type Machine, meanImage, oneHot, type Reconstruction, reconstruct, simulate, type Tick, toModelSpace } from "../audit/index.ts";
import { type Client, client } from "../client/index.ts";
import { shapes } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import type { Picture } from "../formats/index.ts";
import { estimateStatistics, initialWeights, models } from "../models/index.ts";
import { foldIn, type KeyBits, keyFromSeed } from "../random/index.ts";
import { format, type PartSpec, part, specHash } from "../spec/index.ts";
import { type BatchNormPriorParams, batchNormPriorParams } from "./batch-norm-prior-params.ts";
import type { BatchNormPriorResult } from "./batch-norm-prior-result.ts";
import { type Arm, arms, scoreBatch, summarizeBatches } from "./batch-norm-prior-score.ts";
import { distinctDraws } from "./distinct-draws.ts";
import type { Experiment, ExperimentRun, Finding } from "./experiment.ts";

/** Batches whose pictures are kept. */
const shown = 4;
/** Streams of the seed; batch i uses the key of a stream folded with i. */
const streams = { weights: 0, images: 1, noise: 2, start: 3, bootstrap: 4 } as const;
type KeyOf = (stream: keyof typeof streams) => KeyBits;

/** GradInversion as both have it, with the batch-norm prior or without. */
function attackOf(params: BatchNormPriorParams, arm: Arm): PartSpec {
  const { weight, gradient, tv, l2, steps, rate, warmUp, seeds, group, groupFrom, groupEvery, langevin } = params;
  const shared = { gradient, tv, l2, steps, rate, warmUp, seeds, group, groupFrom, groupEvery, langevin };
  return { kind: "gradinversion", ...shared, batchNorm: arm === "with" ? weight : 0 };
}

/**
 * Whether the batch-norm prior of GradInversion (Yin et al. 2021, R_BN of DeepInversion) helps: the same attack with it and without it, on the same updates of a ConvNet
 * from the same starts. The client normalizes by its running statistics (evaluation mode), and those are of training images.
 */
export const batchNormPrior = part({
  kind: "batch-norm-prior",
  doc: "GradInversion with and without its batch-norm prior, on the same updates of a ConvNet with real running statistics.",
  params: batchNormPriorParams,
  build: (params): Experiment => ({ run: (run) => batchNormPriorOf(params, run) }),
});

async function* batchNormPriorOf(params: BatchNormPriorParams, { spec, versions, machine }: ExperimentRun): AsyncGenerator<Tick, Finding> {
  const { batch, batches, steps } = params;
  const keyOf: KeyOf = (stream) => foldIn(keyFromSeed(spec.seed), streams[stream]);
  const test = shapes("test");
  const mean = meanImage(shapes("train"), Math.min(500, params.examples));
  const one = await trainedClient(params, keyOf, machine);
  const found: BatchNormPriorResult["batches"] = [];
  const pictures = new Map<string, Picture>();
  for (let i = 0; i < batches; i++) {
    const originals = distinctDraws(test, batch, foldIn(keyOf("images"), i));
    const x = Float32Array.from(originals.flatMap(({ image }) => [...toModelSpace(image, one.model.normalization)]));
    const y = oneHot(
      originals.map(({ label }) => label),
      one,
    );
    const received = await simulate(
      one,
      defenses.build("none"),
      { lanes: 1, batchSize: batch, x, y },
      [foldIn(keyOf("noise"), i)],
      machine,
    );
    const seen = { client: one, lanes: 1, batchSize: batch, ...received };
    const made: Partial<Record<Arm, Reconstruction>> = {};
    for (const arm of arms) {
      const before = (2 * i + arms.indexOf(arm)) * steps;
      const running = reconstruct({
        attack: attacks.build(attackOf(params, arm)).build({ jointLabels: false }),
        policy: params.labels,
        seen: params.labels === "known" ? { ...seen, labels: y } : seen,
        keys: [foldIn(keyOf("start"), i)],
        options: machine,
        history: false,
      });
      let next = await running.next();
      for (; !next.done; next = await running.next())
        yield { step: before + next.value.step, of: 2 * batches * steps, objective: next.value.objective };
      made[arm] = next.value[0]!;
    }
    const labels = recoverLabels(seen, "distinct");
    const nothing = params.gradient * norms([...received.updates.values()]);
    const scored = scoreBatch(
      { originals, made: made as Record<Arm, Reconstruction>, labels, nothing, mean, ...(i < shown ? { name: String(i) } : {}) },
      test,
    );
    found.push(scored.score);
    for (const [name, picture] of scored.pictures) pictures.set(name, picture);
  }
  const result: BatchNormPriorResult = {
    format: "gradleak-batch-norm-prior-1",
    command: "reproduce",
    experiment: "batch-norm-prior",
    spec: spec as unknown as BatchNormPriorResult["spec"],
    specHash: specHash(spec),
    seed: spec.seed,
    versions: { ...versions },
    attacks: { without: format(attackOf(params, "without")), with: format(attackOf(params, "with")) },
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
async function trainedClient({ width, examples }: BatchNormPriorParams, keyOf: KeyOf, machine: Machine): Promise<Client> {
  const train = shapes("train");
  const normalization = { mean: train.mean, std: train.std };
  const model = models.build({ kind: "convnet", width }, { shape: train.shape, classes: train.classes.length, normalization });
  const pictures = { count: examples, image: (i: number) => train.example(i).image };
  return client({ model, weights: await estimateStatistics(model, initialWeights(model, keyOf("weights")), pictures, machine) });
}

function notesOf({ examples, seeds, labels }: BatchNormPriorParams): string[] {
  return [
    `The network's weights are as they were drawn; its running statistics are those of the first ${examples} training images. The updates are of test images, without a defense.`,
    "Both attacks get the same updates, labels, starting points and noise, and have the same weights but for the batch-norm prior's. Nothing was tuned on these updates.",
    ...(labels === "known" ? ["The labels are given; the accuracy is that of reading them off."] : []),
    ...(seeds === 1 ? ["There is one start an update, so that no seeds have to agree."] : []),
  ];
}
