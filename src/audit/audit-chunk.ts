import { z } from "zod";
import { client } from "../client/index.ts";
import type { Dataset, Example } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { encodePng, toBase64 } from "../formats/index.ts";
import { distance, matchImages } from "../metrics/index.ts";
import type { Examples, Weights } from "../models/index.ts";
import { type Reconstruction, reconstruct, type Tick } from "./attack.ts";
import type { AuditSpec, Cell, DrawRange } from "./audit-spec.ts";
import { drawKey, drawPlaces, imageShape, measuredIn } from "./draws.ts";
import type { Guess } from "./guesses.ts";
import type { NearestPublic } from "./nearest-public.ts";
import { auditAttack, type Machine, modelFor, privateBatches } from "./run.ts";
import { toPicture } from "./score.ts";
import { simulate } from "./simulate.ts";

const outcome = z.strictObject({
  distances: z.array(z.number().nonnegative().nullable()),
  /** The attacker's own at the end; null where it is not a number. */
  objective: z.number().nullable(),
  steps: z.int().nonnegative(),
  stopped: z.string().nullable(),
});
const example = z.strictObject({
  draw: z.int().nonnegative(),
  place: z.int().nonnegative(),
  index: z.int().nonnegative(),
  label: z.int().nonnegative(),
  distance: z.number().nonnegative(),
  /** PNG files in base64, original before reconstruction; none of vectors. */
  pictures: z.tuple([z.base64(), z.base64()]).optional(),
});

/** The form of a file in `draws/`: some draws of an audit, finished. Lists of cells are in the order of `cellsOf`. */
const chunkSchema = z.strictObject({
  format: z.literal("gradleak-draws-1"),
  from: z.int().nonnegative(),
  to: z.int().positive(),
  /** Threads of the runtime; null where it chose. */
  threads: z.int().positive().nullable(),
  /** Public examples among which the nearest to each original was looked for; 0 where none are public. */
  publicExamples: z.int().nonnegative(),
  /** Of the attacks, a number a cell. */
  seconds: z.array(z.number().nonnegative()),
  draws: z.array(
    z.strictObject({
      /** Places in the data set, and labels, of its batch. */
      images: z.array(z.int().nonnegative()),
      labels: z.array(z.int().nonnegative()),
      /** Distances of the guesses of one who saw no update, an image of the batch each. */
      guesses: z.record(z.string(), z.array(z.number().nonnegative())),
      /** Distances of the nearest public examples, an image of the batch each; null where none are public. */
      nearestPublic: z.array(z.number().nonnegative()).nullable(),
      /** An outcome a cell; a distance is null where the reconstruction is not a number. */
      outcomes: z.array(outcome),
    }),
  ),
  /** Of each cell the reconstruction that came nearest to its original, if any is a number. */
  nearest: z.array(example.nullable()),
  /** Of each cell the reconstruction of the first draw of all, if it is among these and a number. */
  first: z.array(example.nullable()),
});
/** Some draws of an audit, finished. */
export type AuditChunk = z.output<typeof chunkSchema>;
/** A reconstruction beside its original. */
export type AuditedExample = z.output<typeof example>;

/**
 * Reads a finished chunk: nothing where it is damaged or has other draws or another number of cells; it is then made again.
 */
export function readAuditChunk(text: string, { from, to }: DrawRange, cells: number): AuditChunk | undefined {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = chunkSchema.safeParse(given);
  if (!success || data.from !== from || data.to !== to || data.draws.length !== to - from) return undefined;
  const lists = [data.seconds, data.nearest, data.first, ...data.draws.map(({ outcomes }) => outcomes)];
  return lists.every(({ length }) => length === cells) ? data : undefined;
}

/** Everything that the draws of an audit follow from. */
export interface AuditRun {
  readonly spec: AuditSpec;
  /** Its pairs of defense and attack as they are carried out, in the order of `cellsOf`. */
  readonly cells: readonly Cell[];
  readonly dataset: Dataset<readonly number[]>;
  readonly weights: Weights;
  readonly guesses: readonly Guess[];
  /** Where some examples are public: the nearest of them to an original. */
  readonly nearestPublic?: NearestPublic;
  /** Images that are not attacked, for priors that are estimated from data. */
  readonly examples?: Examples;
  /** Whether these draws are tuned on: their noise and starts are others than those of the draws that are scored. */
  readonly tuning?: true;
  readonly machine: Machine;
}

/** An attack of an audit under way. */
export interface AuditTick extends Tick {
  readonly cell: Cell;
  /** The draws of its chunk, of as many. */
  readonly draws: DrawRange & { readonly of: number };
}

const tuningStreams = { noise: "tuningNoise", start: "tuningStart" } as const;

/**
 * Draws examples, simulates their updates behind each defense, and lets every attack have the same ones. What a draw is follows from the seed and its number alone.
 */
export async function* auditChunk(run: AuditRun, { from, to }: DrawRange): AsyncGenerator<AuditTick, AuditChunk> {
  const { spec, cells, dataset, weights, guesses, nearestPublic, machine } = run;
  const model = modelFor(spec, { ...dataset, classes: dataset.classes.length });
  const one = client({ model, weights, mode: spec.client.mode });
  const shape = imageShape(dataset.shape);
  const measured = measuredIn(spec, model);
  const apart = (truth: Float32Array, guess: Float32Array) => distance(truth, guess, shape, measured);
  const batches = Array.from({ length: to - from }, (_, i) =>
    drawPlaces(spec.seed, from + i, spec.client.batch, dataset.size).map((place) => dataset.example(place)),
  );
  const outcomes: z.output<typeof outcome>[][] = batches.map(() => []);
  const best = new Array<AuditedExample | null>(cells.length).fill(null);
  const first = new Array<AuditedExample | null>(cells.length).fill(null);
  const seconds = new Array<number>(cells.length).fill(0);
  for (const [d, defense] of spec.defenses.entries())
    for (let at = 0; at < batches.length; at += spec.lanes) {
      const part = batches.slice(at, at + spec.lanes);
      const keys = (stream: "noise" | "start") =>
        part.map((_, lane) => drawKey(spec.seed, from + at + lane, run.tuning ? tuningStreams[stream] : stream));
      const private_ = privateBatches(part, one);
      const { updates, open } = await simulate(one, defenses.build(defense), private_, keys("noise"), machine);
      for (const a of spec.attacks.keys()) {
        const place = d * spec.attacks.length + a;
        const cell = cells[place]!;
        const began = machine.clock();
        const running = reconstruct({
          attack: auditAttack(spec, cell, model, run.examples),
          policy: spec.labels,
          seen: { client: one, lanes: part.length, batchSize: spec.client.batch, updates, open, labels: private_.y },
          keys: keys("start"),
          options: machine,
          history: false,
        });
        let made = await running.next();
        for (; !made.done; made = await running.next()) yield { ...made.value, cell, draws: { from, to, of: spec.samples } };
        seconds[place]! += machine.clock() - began;
        made.value.forEach((reconstruction, lane) => {
          const draw = from + at + lane;
          const scored = scoreDraw(part[lane]!, reconstruction, apart);
          outcomes[at + lane]![place] = {
            distances: scored.map(({ distance }) => distance),
            objective: Number.isFinite(reconstruction.lane.objective) ? reconstruction.lane.objective : null,
            steps: reconstruction.lane.steps,
            stopped: reconstruction.lane.stopped,
          };
          scored.forEach(({ distance, guess }, b) => {
            const nearer = distance !== null && !(best[place] && best[place].distance <= distance);
            const isFirst = draw === 0 && b === 0;
            if (distance === null || !(nearer || isFirst)) return;
            const { index, label, image } = part[lane]![b]!;
            const png = (pixels: Float32Array) => toBase64(encodePng(toPicture(pixels, shape)));
            const pictures = model.shape.length === 3 ? { pictures: [png(image), png(guess)] as [string, string] } : {};
            const own = { draw, place: b, index, label, distance, ...pictures };
            if (nearer) best[place] = own;
            if (isFirst) first[place] = own;
          });
        });
      }
    }
  return {
    format: "gradleak-draws-1",
    from,
    to,
    threads: machine.threads ?? null,
    publicExamples: nearestPublic?.count ?? 0,
    seconds,
    draws: batches.map((batch, i) => ({
      images: batch.map(({ index }) => index),
      labels: batch.map(({ label }) => label),
      guesses: Object.fromEntries(guesses.map((guess) => [guess.name, batch.map(({ image, label }) => apart(image, guess.of(label)))])),
      nearestPublic: nearestPublic ? batch.map(({ image }) => nearestPublic.to(image).distance) : null,
      outcomes: outcomes[i]!,
    })),
    nearest: best,
    first,
  };
}

/** A batch has no order: originals and reconstructions are matched such that their squared distances sum to the least. */
function scoreDraw(
  batch: readonly Example[],
  { pictures }: Reconstruction,
  apart: (truth: Float32Array, guess: Float32Array) => number,
): { readonly distance: number | null; readonly guess: Float32Array }[] {
  const truths = batch.map(({ image }) => image);
  const whole = pictures.every((picture) => picture.every(Number.isFinite));
  const match =
    whole && truths.length > 1 ? matchImages(truths, pictures, (truth, guess) => apart(truth, guess) ** 2) : truths.map((_, i) => i);
  return truths.map((truth, i) => {
    const guess = pictures[match[i]!]!;
    const distance = apart(truth, guess);
    return { distance: Number.isFinite(distance) ? distance : null, guess };
  });
}
