import type { Observations } from "../adversary/index.ts";
import { type AssumedAttack, attacks } from "../attacks/index.ts";
import { type Client, client } from "../client/index.ts";
import type { Dataset, Example } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import type { Picture } from "../formats/index.ts";
import { type Examples, type Model, models, type Weights } from "../models/index.ts";
import { format, type PartSpec } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { keyFromSeed } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import { oneHot, reconstruct, streamKey, type Tick } from "./attack.ts";
import type { AuditSpec, Cell } from "./audit-spec.ts";
import { measuredIn } from "./draws.ts";
import type { NearestPublic } from "./nearest-public.ts";
import { concatenate, piece, toModelSpace } from "./pictures.ts";
import { type ImageResult, type Result, specFieldsOf } from "./result.ts";
import { results, type Scoring, summary } from "./score.ts";
import { type PrivateBatches, type Received, simulate } from "./simulate.ts";
import type { AttackSpec, InvertSpec } from "./spec.ts";

/** What the machine contributes to a run; nothing of it is in the spec. */
export interface Machine extends CompileOptions {
  /** Seconds of a clock that only goes forward. */
  clock(): number;
}

/** An attack on chosen pictures of a data set. */
export interface AttackRun {
  readonly spec: AttackSpec;
  readonly dataset: Dataset;
  /** With the running statistics that the spec asks for, if it does; see `withStatistics`. */
  readonly weights: Weights;
  /** Guesses of one who saw no update, by name, in pixel space. */
  readonly baselines: Readonly<Record<string, Float32Array>>;
  /** Where some pictures are public: the nearest of them to an original. */
  readonly nearestPublic?: NearestPublic;
  /** Images that are not attacked, for priors that are estimated from data. */
  readonly examples?: Examples;
  readonly machine: Machine;
}

/** A finished part of a run: the pictures of updates that were attacked together. */
export interface Chunk {
  readonly images: readonly ImageResult[];
  /** By file name. */
  readonly pictures: ReadonlyMap<string, Picture>;
  /** What the server saw, by the index of the update's first picture: gradients by parameter, and by its own name what the defense published beside them. */
  readonly updates: ReadonlyMap<number, ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;
}

/** The model of a spec for a data set. Throws LeakageError where they do not fit. */
export const modelFor = (
  spec: { client: { model: PartSpec } },
  dataset: Pick<Dataset<readonly number[]>, "shape" | "mean" | "std"> & { readonly classes: number },
): Model =>
  models.build(spec.client.model, {
    shape: dataset.shape,
    classes: dataset.classes,
    normalization: { mean: dataset.mean, std: dataset.std },
  });

/** The images of a spec in the parts that are attacked together: `lanes` updates of `batch` images. */
export function chunksOf({ data: { images }, client: { batch }, lanes }: AttackSpec): readonly (readonly (readonly number[])[])[] {
  if (images.length % batch !== 0)
    throw new LeakageError("spec", `${images.length} images do not make whole updates of ${batch}; give a multiple of ${batch}.`);
  if (new Set(images).size < images.length) throw new LeakageError("spec", "An image is given twice; give each index once.");
  const updates = Array.from({ length: images.length / batch }, (_, i) => images.slice(i * batch, (i + 1) * batch));
  return Array.from({ length: Math.ceil(updates.length / lanes) }, (_, i) => updates.slice(i * lanes, (i + 1) * lanes));
}

/**
 * The attack of a spec in its setting: the law of the declared defense, the stated prior, the δ of the score.
 *
 * @param examples public pictures, for what is estimated from data.
 * @throws LeakageError `spec` that names what does not fit.
 */
export function attackOf(
  spec: Pick<AttackSpec, "attack" | "client" | "prior" | "labels" | "score"> & Partial<Pick<AttackSpec, "defense">>,
  model: Model,
  examples?: Examples,
): AssumedAttack {
  const { delta, deltaSpace } = spec.score;
  const declaration = attacks.build(spec.attack);
  const stated = spec.prior;
  if (stated && declaration.fixesPrior)
    throw new LeakageError("spec", `--prior ${format(stated)} does not fit --attack ${spec.attack.kind}, which has a prior of its own.`);
  const defense = spec.defense && defenses.build(spec.defense);
  const { batch, mode } = spec.client;
  defense?.check?.({ model, mode }, batch);
  const attack = declaration.build({
    jointLabels: spec.labels === "joint",
    ...(defense?.likelihood ? { likelihood: defense.likelihood } : {}),
    ...(defense?.narrow ? { narrow: defense.narrow } : {}),
    ...(stated ? { prior: { prior: priors.build(stated, examples ? { examples } : {}), name: format(stated) } } : {}),
    ...(examples ? { examples } : {}),
    radius: { radius: delta, space: model.shape.length === 3 ? deltaSpace : "model" },
  });
  attack.assumption.likelihood.check?.({ model, mode }, batch);
  return attack;
}

/** An attack of an audit on one of its defenses. The stated prior is that of the attacks that leave it open. */
export function auditAttack(spec: AuditSpec, cell: Cell, model: Model, examples?: Examples): AssumedAttack {
  const { prior, ...rest } = spec;
  return attackOf({ ...rest, ...cell, ...(prior && !attacks.build(cell.attack).fixesPrior ? { prior } : {}) }, model, examples);
}

/** What a client holds: a batch a lane, in model space. */
export function privateBatches(batches: readonly (readonly Example[])[], one: Client): PrivateBatches {
  const examples = batches.flat();
  return {
    lanes: batches.length,
    batchSize: batches[0]!.length,
    x: concatenate(examples.map(({ image }) => toModelSpace(image, one.model.normalization))),
    y: oneHot(
      examples.map(({ label }) => label),
      one,
    ),
  };
}

/** Attacks one chunk of a run: simulates its updates, reconstructs, scores. Draws follow from the seed and the image's index alone. */
export async function* attackChunk(
  { spec, dataset, weights, baselines, nearestPublic, machine, examples: publicExamples }: AttackRun,
  chunk: readonly (readonly number[])[],
): AsyncGenerator<Tick, Chunk> {
  const model = modelFor(spec, { ...dataset, classes: dataset.classes.length });
  const one = client({ model, weights, mode: spec.client.mode });
  const examples = chunk.map((indices) => indices.map((index) => dataset.example(index)));
  const seed = keyFromSeed(spec.seed);
  const keys = (stream: "noise" | "start") => chunk.map(([first]) => streamKey(seed, stream, first!));
  const batches = privateBatches(examples, one);
  const attack = attackOf(spec, model, publicExamples);
  const received = await simulate(one, defenses.build(spec.defense), batches, keys("noise"), machine);
  const began = machine.clock();
  const made = yield* reconstruct({
    attack,
    policy: spec.labels,
    seen: { client: one, lanes: chunk.length, batchSize: spec.client.batch, ...received, labels: batches.y },
    keys: keys("start"),
    options: machine,
  });
  const seconds = (machine.clock() - began) / examples.flat().length;
  const scoring: Scoring = {
    shape: dataset.shape,
    measured: measuredIn(spec, model),
    baselines,
    ...(nearestPublic ? { nearestPublic } : {}),
  };
  const images: ImageResult[] = [];
  const pictures = new Map<string, Picture>();
  const firstUpdate = spec.data.images.indexOf(chunk[0]![0]!) / spec.client.batch;
  made.forEach((reconstruction, lane) => {
    const own = examples[lane]!;
    const truth = {
      indices: chunk[lane]!,
      pictures: own.map(({ image }) => image),
      labels: own.map(({ label }) => label),
      classNames: own.map(({ label }) => dataset.classes[label]!),
    };
    const scored = results(truth, reconstruction, firstUpdate + lane, seconds, scoring);
    images.push(...scored.images);
    for (const [name, picture] of scored.pictures) pictures.set(name, picture);
  });
  return { images, pictures, updates: new Map(chunk.map(([first], lane) => [first!, laneOf(one, received, lane, chunk.length)])) };
}

/** An attack on an update that came from elsewhere. */
export interface InvertRun {
  readonly spec: InvertSpec;
  readonly weights: Weights;
  readonly update: ReadonlyMap<string, Float32Array>;
  /** What the client published beside it, by name. */
  readonly open?: NonNullable<Observations["open"]>;
  /** Originals in pixel space, where the user has them for comparison; the attack does not see them. */
  readonly truth?: readonly Float32Array[];
  readonly machine: Machine;
}

/** Attacks one real update. */
export async function* invertUpdate({ spec, weights, update, open, truth, machine }: InvertRun): AsyncGenerator<Tick, Chunk> {
  const { shape, classes, mean, std } = spec.input;
  const model = modelFor(spec, { shape, classes, mean, std });
  const one = client({ model, weights, mode: spec.client.mode });
  const batchSize = spec.client.batch;
  const began = machine.clock();
  const made = yield* reconstruct({
    attack: attackOf(spec, model),
    policy: spec.labels,
    seen: {
      client: one,
      lanes: 1,
      batchSize,
      updates: update,
      ...(open ? { open } : {}),
      ...(spec.knownLabels ? { labels: oneHot(spec.knownLabels, one) } : {}),
    },
    keys: [streamKey(keyFromSeed(spec.seed), "start", 0)],
    options: machine,
  });
  const indices = Array.from({ length: batchSize }, (_, i) => i);
  const scoring: Scoring = {
    shape,
    measured: measuredIn(spec, model),
    baselines: { gray: new Float32Array(shape[0] * shape[1] * shape[2]).fill(0.5) },
  };
  const known = spec.knownLabels ? { labels: spec.knownLabels } : {};
  const scored = results(
    { indices, ...(truth ? { pictures: truth } : {}), ...known },
    made[0]!,
    0,
    (machine.clock() - began) / batchSize,
    scoring,
  );
  return { ...scored, updates: new Map() };
}

function laneOf({ parameters }: Client, { updates, open }: Received, lane: number, lanes: number) {
  const all = [...parameters.map(({ name, shape }) => [name, { shape, data: updates.get(name)! }] as const), ...open];
  return new Map(all.map(([name, { shape, data }]) => [name, { shape, data: piece(data, lane, lanes) }]));
}

/** The complete result of a run from the entries of all its images. */
export function resultOf(
  command: "attack" | "invert",
  spec: AttackSpec | InvertSpec,
  model: Model,
  images: readonly ImageResult[],
  versions: Readonly<Record<string, string>>,
  notes: readonly string[],
  examples?: Examples,
): Result {
  const { assumes } = attackOf(spec, model, examples);
  return {
    format: "gradleak-result-1",
    command,
    ...specFieldsOf(spec, versions),
    assumptions: { ...assumes, ...given(spec, model), ...truthOf(spec) },
    images: [...images],
    summary: summary(images),
    notes: [...notes],
  };
}

/** What the client did, and its law. */
const truthOf = (spec: AttackSpec | InvertSpec) =>
  "defense" in spec
    ? { defense: format(spec.defense), trueLaw: defenses.build(spec.defense).likelihood?.name ?? null }
    : { defense: null, trueLaw: null };

/** What every attacker of a run is given. */
export const given = (
  { labels, client: { model: network, mode, batch }, score }: Pick<AttackSpec, "labels" | "client" | "score">,
  model: Model,
) => ({
  labels,
  mode,
  batchNorm: model.statistics.length === 0 ? ("none" as const) : mode === "eval" ? ("running" as const) : ("batch" as const),
  batchSize: batch,
  model: format(network),
  delta: score.delta,
  deltaSpace: score.deltaSpace,
});
