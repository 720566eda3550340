import type { Aim } from "../adversary/index.ts";
import { factNotes, faintWords, type Guess, type NearestPublic, toldBy, within } from "../audit/index.ts";
import { type RasterImage, toRasterImage } from "../formats/index.ts";
import { type DeltaSpace, type ImageShape, matchImages, meanInterval, psnr, score, summarize } from "../metrics/index.ts";
import type { Diagnosis, LabelPolicy, NamedAttack, Reconstruction, Snapshot } from "../scenario/index.ts";
import type { ImageMetrics, ImageResult, Result } from "./attack-result.ts";

/** What is known about the images behind one update. */
export interface Truth {
  /** The positions in the data set, or in the update. */
  readonly indices: readonly number[];
  /** The images [c, h, w] in pixel space; absent if nobody knows them. */
  readonly images?: readonly Float32Array[];
  /** What the network saw in their place, if the defense changed them. */
  readonly transformed?: readonly Float32Array[];
  readonly labels?: readonly number[];
  readonly classNames?: readonly string[];
}

/** How reconstructions become numbers. */
export interface Scoring {
  readonly shape: ImageShape;
  readonly measured: DeltaSpace;
  /** An image counts as recovered at a distance of at most this. */
  readonly delta: number;
  /** The guesses of somebody who saw no update. */
  readonly baselines: readonly Guess[];
  /** Finds the public image nearest to an original. It is absent if none are public. */
  readonly nearestPublic?: NearestPublic;
}

const unknown: ImageMetrics = { psnr: null, psnrUnclamped: null, ssim: null, mse: null, distance: null };

/** The steps that are shown as images: about a fiftieth, a tenth and a third of all steps. */
const shownParts = [0.02, 0.1, 0.3];

/** The attack that made reconstructions. */
export interface Attacker {
  readonly name: string;
  /** What it is after, where the defense changes images. */
  readonly aim?: Aim | undefined;
  /** The folder of its images; empty for the attack that was asked for. */
  readonly folder: "" | "adaptive/";
  /** What the defense says that it did to the update. */
  readonly facts?: Readonly<Record<string, number>>;
}

/** The results of one update's images, and the image files to store with them. */
export function results(
  truth: Truth,
  made: Reconstruction,
  diagnosis: Diagnosis,
  update: number,
  seconds: number,
  scoring: Scoring,
  by: Attacker,
): { images: ImageResult[]; rasters: Map<string, RasterImage> } {
  const { shape, measured, delta, baselines, nearestPublic } = scoring;
  const nearestTo = (original: Float32Array): ImageResult["nearestPublic"] => {
    if (!nearestPublic) return null;
    const { index, image } = nearestPublic.to(original);
    return { index, count: nearestPublic.count, ...score(original, image, shape, measured) };
  };
  const { aim = "transformed" } = by;
  const targets = aim === "transformed" ? (truth.transformed ?? truth.images) : truth.images;
  // A batch has no order. At every step, each target is compared with the reconstruction that the
  // final matching assigns to it.
  const match = targets ? matchImages(targets, made.images) : made.images.map((_, i) => i);
  const rasters = new Map<string, RasterImage>();
  const images = truth.indices.map((index, i): ImageResult => {
    const original = truth.images?.[i];
    const transformed = truth.transformed?.[i];
    const target = targets?.[i];
    const own = (snapshot: Snapshot) => snapshot.images[match[i]!]!;
    const reconstruction = made.images[match[i]!]!;
    const files = {
      original: `original-${index}.png`,
      transformed: `transformed-${index}.png`,
      reconstruction: `${by.folder}reconstruction-${index}.png`,
    };
    if (original) rasters.set(files.original, toRasterImage(original, shape));
    if (transformed) rasters.set(files.transformed, toRasterImage(transformed, shape));
    rasters.set(files.reconstruction, toRasterImage(reconstruction, shape));
    const snapshots = shown(made.history).map((snapshot) => {
      const file = `${by.folder}snapshots/${index}-step-${snapshot.step}.png`;
      rasters.set(file, toRasterImage(own(snapshot), shape));
      return { step: snapshot.step, file };
    });
    const scores = target ? score(target, reconstruction, shape, measured) : unknown;
    const against = (truth: Float32Array, guess: Float32Array) => score(truth, guess, shape, measured);
    const both =
      original && transformed
        ? {
            aim,
            original: against(original, reconstruction),
            transformed: against(transformed, made.transformed?.[match[i]!] ?? reconstruction),
          }
        : undefined;
    const { stopped, explained, explainable, limit } = diagnosis;
    return {
      index,
      update,
      attack: by.name,
      label: truth.labels?.[i] ?? null,
      assumedLabel: made.labels[match[i]!] ?? null,
      labelReading: made.reading ?? null,
      className: truth.classNames?.[i] ?? null,
      ...scores,
      objective: made.lane.objective,
      steps: made.lane.steps,
      evaluations: made.lane.evaluations,
      seconds,
      stopped,
      explained,
      explainable,
      limit: within(scores.distance, delta) ? null : limit,
      ...toldBy(made.lane),
      ...(made.lane.remark === undefined ? {} : { remark: made.lane.remark }),
      ...(by.facts && Object.keys(by.facts).length > 0 ? { facts: { ...by.facts } } : {}),
      ...(both ? { targets: both } : {}),
      baseline: target ? Object.fromEntries(baselines.map((guess) => [guess.name, against(target, guess.of(truth.labels?.[i] ?? 0))])) : {},
      nearestPublic: target ? nearestTo(target) : null,
      trajectory: made.history.map((snapshot) => ({
        step: snapshot.step,
        objective: snapshot.objective,
        psnr: target ? psnr(target, own(snapshot)) : null,
      })),
      files: {
        ...(original ? { original: files.original } : {}),
        ...(transformed ? { transformed: files.transformed } : {}),
        reconstruction: files.reconstruction,
        snapshots,
      },
    };
  });
  return { images, rasters };
}

/** The snapshots of a history that are shown. */
function shown(history: readonly Snapshot[]): readonly Snapshot[] {
  const last = history.at(-1)?.step ?? 0;
  const chosen = shownParts.map((part) => history.find(({ step }) => step >= part * last)).filter((snapshot) => snapshot !== undefined);
  return [...new Set(chosen)].filter(({ step }) => step < last);
}

type Summaries = Result["summary"]["attack"];

const metricNames = ["psnr", "psnrUnclamped", "ssim", "mse", "distance"] as const;

const summaries = (all: readonly ImageMetrics[]): Summaries =>
  Object.fromEntries(
    metricNames.map((name) => [
      name,
      summarize(
        all.map((each) => each[name]).filter((value) => value !== null),
        name === "mse" || name === "distance" ? "less" : "more",
      ),
    ]),
  ) as Summaries;

/** The share of labels that an attack found, update by update; null if labels were given or nobody knows them. */
function labelAccuracy(images: readonly ImageResult[], policy: LabelPolicy): number | null {
  if (policy === "known" || images.some(({ label }) => label === null)) return null;
  const found = images.filter(({ update, label }, at) => {
    const own = images.filter((other) => other.update === update);
    const earlier = images.slice(0, at).filter((other) => other.update === update && other.label === label).length;
    return own.filter(({ assumedLabel }) => assumedLabel === label).length > earlier;
  });
  return found.length / images.length;
}

/** A warning if labels were read from small gradients. */
export function faintNotes(images: readonly ImageResult[]): readonly string[] {
  const updates = new Map(images.map(({ update, labelReading }) => [update, labelReading?.faint ?? false]));
  const faint = [...updates.values()].filter(Boolean).length;
  return faint === 0 ? [] : [`Warning: ${faintWords(faint, updates.size)}`];
}

/** What the defense did to the updates and what the attacks chose, in sentences. */
export function tellingNotes(images: readonly ImageResult[]): readonly string[] {
  const facts = [...new Map(images.map(({ update, facts }) => [update, facts ?? {}])).values()];
  const remarks = images.flatMap(({ attack, update, remark }) =>
    remark === undefined ? [] : [`${attack} on update ${update}: ${remark}`],
  );
  return [...factNotes("the defense", facts), ...new Set(remarks)];
}

/** The adaptive attack beside the other one, from the images of both. */
export function adaptiveSummary(
  { name, assumes: { law, prior } }: NamedAttack,
  images: readonly ImageResult[],
  beside: readonly ImageResult[],
): NonNullable<Result["adaptive"]> {
  const gains = images.flatMap((image, i) => {
    const [psnr, other] = [image, beside[i]!].map((one) => (one.targets?.original ?? one).psnr) as [number | null, number | null];
    return psnr === null || other === null ? [] : [psnr - other];
  });
  const gainOf = () => {
    if (gains.length > 1) return meanInterval([gains], 0.95);
    return { estimate: gains[0]!, lower: null, upper: null };
  };
  return {
    attack: name,
    law,
    prior,
    summary: summaries(images),
    ...targetsOf(images),
    gain: gains.length === 0 ? null : { ...gainOf(), images: gains.length },
  };
}

/** Summaries against the originals and against what the network saw; nothing where these are the same. */
function targetsOf(images: readonly ImageResult[]): Pick<Result["summary"], "targets"> {
  const all = images.flatMap(({ targets }) => targets ?? []);
  if (all.length === 0) return {};
  const of = (which: Aim) => summaries(all.map((targets) => targets[which]));
  return { targets: { aim: all[0]!.aim, original: of("original"), transformed: of("transformed") } };
}

/** The mean, median and worst value over the images whose original is known. */
export function summary(images: readonly ImageResult[], policy: LabelPolicy): Result["summary"] {
  const names = [...new Set(images.flatMap(({ baseline }) => Object.keys(baseline)))];
  const nearest = images.flatMap(({ nearestPublic }) => (nearestPublic ? [nearestPublic] : []));
  return {
    labelAccuracy: labelAccuracy(images, policy),
    attack: summaries(images),
    ...targetsOf(images),
    baseline: Object.fromEntries(
      names.map((name) => [name, summaries(images.flatMap(({ baseline }) => (baseline[name] ? [baseline[name]] : [])))]),
    ),
    nearestPublic: nearest.length === 0 ? null : summaries(nearest),
  };
}
