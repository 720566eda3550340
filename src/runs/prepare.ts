import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { drawBatch, type Holders, mostPublic } from "../audit/index.ts";
import { type Dataset, datasets, otherSplit, remembering } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { defaultDelta, imageShape } from "../metrics/index.ts";
import type { Task } from "../models/index.ts";
import { format, type PartSpec } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { keyFromSeed } from "../random/index.ts";
import type { LabelPolicy, Score } from "../scenario/index.ts";
import { takesPrior } from "./adaptive.ts";
import { type AttackSpec, type attackSpec, requireUpdates } from "./attack-spec.ts";
import { type AuditSpec, type auditSpec, cellSpecs } from "./audit-spec.ts";
import { holdersOf } from "./holders.ts";
import type { InvertSpec, invertSpec } from "./invert-spec.ts";
import type { Sources } from "./sources.ts";
import { type TuneSpec, type tuneSpec, tuningRoot } from "./tuning.ts";

/** The examples of a spec. */
interface Opened {
  readonly data: Dataset<readonly number[]>;
  /** The other split, which is public, if there is one. */
  readonly publicData?: Dataset<readonly number[]>;
  /** The clients that hold the private examples, where each has its own. */
  readonly holders?: Holders;
}

type Asked<Schema extends z.ZodType> = z.output<Schema>;
type AskedData = Asked<typeof auditSpec>["data"];

/**
 * A spec with everything that its data and attacks decide, and the data that it was completed with.
 */
export interface Prepared<Spec> extends Opened {
  readonly spec: Spec;
}

/** A spec whose lanes and chunk are not chosen yet. */
export type Unsized<Spec extends { readonly lanes: number; readonly chunk: number }> = Omit<Spec, "lanes" | "chunk"> & {
  readonly lanes?: number | undefined;
  readonly chunk?: number | undefined;
};

/** The task of a data set, which a network is built for. */
export const taskOf = ({ shape, classes, mean, std }: Dataset<readonly number[]>): Task => ({
  shape,
  classes: classes.length,
  normalization: { mean, std },
});

async function opened({ set, split }: AskedData, sources: Sources): Promise<Opened> {
  const data = await sources.dataset(set, split);
  if (data.whole) return { data };
  return { data, publicData: remembering(await sources.dataset(set, otherSplit(split)), mostPublic) };
}

/**
 * Completes a spec of `gradleak attack`.
 *
 * @throws LeakageError for data that does not resolve or does not fit.
 */
export async function prepareAttack(asked: Asked<typeof attackSpec>, sources: Sources): Promise<Prepared<AttackSpec>> {
  const found = await opened(asked.data, sources);
  requireImages(found.data);
  requireClasses(found.data, asked.data.set, sources);
  for (const index of asked.data.images) found.data.example(index);
  requireUpdates(asked);
  const spec = {
    ...asked,
    data: { ...identified(asked.data, found, asked.data.images, sources), images: asked.data.images },
    labels: asked.labels ?? labelsOf([asked.attack]) ?? "known",
    score: scoreFor(asked.score, found.data.shape),
  };
  return { ...found, spec };
}

/**
 * Completes a spec of `gradleak audit`.
 *
 * @throws LeakageError for data that does not resolve or does not fit.
 */
export async function prepareAudit(asked: Asked<typeof auditSpec>, sources: Sources): Promise<Prepared<Unsized<AuditSpec>>> {
  const found = await opened(asked.data, sources);
  if (asked.tuning && !found.publicData)
    throw new LeakageError(
      "spec",
      `--vary tunes on images that are not scored, and --data ${nameOf(asked.data.set, sources)} has no two splits; put its images into subfolders train and test.`,
    );
  if (asked.tuning && asked.tuned)
    throw new LeakageError("spec", "--vary does not fit --tuned: that attack is tuned already; give --attack.");
  const holders = await holdersOf(asked, found.data, sources);
  const drawn = drawnPlaces(keyFromSeed(asked.seed), asked.samples, asked.client.batch, found.data.size, holders);
  return { ...found, ...(holders ? { holders } : {}), spec: completed(asked, found, drawn, sources) };
}

/**
 * Completes a spec of `gradleak tune`.
 *
 * @throws LeakageError for data that does not resolve, does not fit, or has no two splits.
 */
export async function prepareTune(asked: Asked<typeof tuneSpec>, sources: Sources): Promise<Prepared<Unsized<TuneSpec>>> {
  const found = await opened(asked.data, sources);
  if (!found.publicData)
    throw new LeakageError(
      "spec",
      `gradleak tune needs images that are not scored, and --data ${nameOf(asked.data.set, sources)} has no two splits; put its images into subfolders train and test.`,
    );
  const drawn = drawnPlaces(tuningRoot(asked.seed), asked.samples, asked.client.batch, found.data.size);
  return { ...found, spec: completed(asked, found, drawn, sources) };
}

/**
 * Completes a spec of `gradleak invert`.
 *
 * @throws LeakageError `spec` for a spec without weights, and for labels or channels that do not fit.
 */
export function prepareInvert(asked: Asked<typeof invertSpec>): InvertSpec {
  const { knownLabels, client, input } = asked;
  if (client.weights.kind === "initial")
    throw new LeakageError(
      "spec",
      "gradleak invert needs the weights that the client had when it computed the update, and random weights explain no update: state --weights with a safetensors or npz file (gradleak attack --save-update writes weights.safetensors).",
    );
  if (knownLabels && knownLabels.length !== client.batch)
    throw new LeakageError("spec", `--labels names ${knownLabels.length} classes for a batch of ${client.batch}; give one per image.`);
  const wrong = knownLabels?.find((label) => label >= input.classes);
  if (wrong !== undefined)
    throw new LeakageError("spec", `--labels: class ${wrong} is not among 0 … ${input.classes - 1} (--classes ${input.classes}).`);
  for (const name of ["mean", "std"] as const)
    if (input[name].length !== input.shape[0] && !(input.shape.length === 1 && input[name].length === 1))
      throw new LeakageError("spec", `--${name} takes ${input.shape[0]} numbers, one per channel; got ${input[name].length}.`);
  const labels = asked.knownLabels
    ? ("known" as const)
    : (asked.labels ?? labelsOf([asked.attack]) ?? (asked.client.batch === 1 ? "recovered" : "joint"));
  return { ...asked, labels, score: scoreFor(asked.score, asked.input.shape) };
}

function completed<Spec extends Asked<typeof auditSpec> | Asked<typeof tuneSpec>>(
  asked: Spec,
  found: Opened,
  drawn: Iterable<number>,
  sources: Sources,
) {
  requireClasses(found.data, asked.data.set, sources);
  const open =
    asked.command === "audit" ? takesPrior(asked, cellSpecs(asked)) : asked.attacks.some((spec) => !attacks.build(spec).fixesPrior);
  const prior = asked.prior ?? (open ? ownPrior(asked.data.set) : undefined);
  return {
    ...asked,
    data: identified(asked.data, found, drawn, sources),
    ...(prior ? { prior } : {}),
    labels: asked.labels ?? ("known" as const),
    score: scoreFor(asked.score, found.data.shape),
  };
}

/** The density of the data set, if it is known. */
function ownPrior(set: PartSpec) {
  const { follows } = datasets.build(set);
  return follows === undefined ? undefined : priors.parse(follows);
}

/** How labels reach these attacks if the user does not say. */
const labelsOf = (specs: readonly PartSpec[]): LabelPolicy | undefined =>
  specs.map((spec) => attacks.build(spec).labels).find((labels) => labels !== undefined);

/** The score of a spec. @throws LeakageError `spec` for vectors whose δ is not stated. */
function scoreFor({ delta, deltaSpace }: Asked<typeof auditSpec>["score"], shape: readonly number[]): Score {
  if (delta !== undefined) return { delta, deltaSpace };
  if (shape.length !== 3) throw new LeakageError("spec", "Vectors have no default distance that means recovered; state --delta.");
  return { delta: defaultDelta(imageShape(shape)), deltaSpace };
}

/** The name of a data set in errors: its kind, or the folder that the user gave. */
export const nameOf = (set: PartSpec, { places }: Sources): string =>
  datasets.build(set).reads === "folder" ? (places.data ?? "") : format(set);

function requireImages({ shape, kind }: Dataset<readonly number[]>): void {
  if (shape.length !== 3)
    throw new LeakageError("spec", `--data ${kind} is a set of vectors, and this command takes images; gradleak audit takes both.`);
}

/** @throws LeakageError `spec` for data with fewer than two classes. */
export function requireClasses({ classes }: Dataset<readonly number[]>, set: PartSpec, sources: Sources): void {
  if (classes.length >= 2) return;
  const [only = ""] = classes;
  const has = datasets.build(set).reads === "folder" && only !== "image" ? `has one class, ${only}` : "names no classes";
  throw new LeakageError(
    "spec",
    `--data ${nameOf(set, sources)} ${has}, and a client's loss needs at least two; put its images into subfolders, one per class, or state the number of the network's classes with --classes.`,
  );
}

/** Every example that is drawn, once. */
function* drawnPlaces(
  root: ReturnType<typeof keyFromSeed>,
  samples: number,
  batch: number,
  size: number,
  holders?: Holders,
): Generator<number> {
  const seen = new Set<number>();
  for (let i = 0; i < samples; i++)
    for (const place of drawBatch(root, i, batch, size, holders).places) {
      if (!seen.has(place)) yield place;
      seen.add(place);
    }
}

/**
 * The data of a spec with the hashes of a folder's images.
 *
 * @throws LeakageError `spec` if the spec names other images than those that were found.
 */
export function identified(asked: AskedData, { data, publicData }: Opened, used: Iterable<number>, sources: Sources): AskedData {
  const { set, split } = asked;
  if (datasets.build(set).reads !== "folder") {
    if (asked.sha256 ?? asked.publicSha256)
      throw new LeakageError("spec", `The spec has a hash of images, and --data ${format(set)} is not a folder: leave data.sha256 out.`);
    return { set, split };
  }
  const found = {
    sha256: hashOf(data, used),
    ...(publicData ? { publicSha256: hashOf(publicData, firstOf(publicData)) } : {}),
  };
  for (const field of ["sha256", "publicSha256"] as const)
    if (asked[field] !== undefined && asked[field] !== found[field])
      throw new LeakageError(
        "spec",
        `--data ${sources.places.data} does not have the ${field === "sha256" ? "images" : "public images"} of this spec: ${found[field] ? `their SHA-256 is ${found[field]}` : "it has none"}, and the spec names ${asked[field]}.`,
      );
  return { set, split, ...found };
}

/**
 * The public images that identify a folder's other split: the first ones, or all if there are few.
 */
const firstOf = ({ size }: Dataset<readonly number[]>): Iterable<number> => Array.from({ length: Math.min(mostPublic, size) }, (_, i) => i);

/** The hash of some images of a folder and their labels. */
function hashOf(dataset: Dataset<readonly number[]>, used: Iterable<number>): string {
  const hash = sha256.create();
  for (const index of used) {
    const { image, label } = dataset.example(index);
    hash.update(new Uint8Array(image.buffer, image.byteOffset, image.byteLength)).update(utf8ToBytes(String(label)));
  }
  return bytesToHex(hash.digest());
}
