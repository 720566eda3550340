import type { Dataset, Example } from "../data/index.ts";
import { encodePng, toBase64, toRasterImage } from "../formats/index.ts";
import { distance, imageShape, matchImages } from "../metrics/index.ts";
import { areImages } from "../models/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import {
  measuredIn,
  type NamedAttack,
  padded,
  privateBatches,
  type Reconstruction,
  reconstruct,
  type Scenario,
  simulate,
  type Tick,
} from "../scenario/index.ts";
import type { AuditChunk, AuditedExample, Outcome } from "./chunk.ts";
import { type DrawRange, drawKey, drawPlaces } from "./draw-keys.ts";
import type { Guess } from "./guesses.ts";
import { exploredBy } from "./mixing.ts";
import type { NearestPublic } from "./nearest-public.ts";

/** What the machine contributes to a run. Nothing in it is part of a spec. */
export interface Machine extends CompileOptions {
  /** The seconds of a clock that only goes forward. */
  clock(): number;
}

/** Everything that determines the draws of an audit. */
export interface DrawRun {
  /** One scenario per defense. All share the client, the batch size, the labels and the score. */
  readonly scenarios: readonly Scenario[];
  readonly dataset: Dataset<readonly number[]>;
  readonly guesses: readonly Guess[];
  /** Finds the public example nearest to an original. It is absent if none are public. */
  readonly nearestPublic?: NearestPublic;
  /** The key of all randomness. */
  readonly root: KeyBits;
  readonly samples: number;
  /** The number of draws that are finished and kept together. */
  readonly chunk: number;
  /** The number of draws that one program attacks together. */
  readonly lanes: number;
  readonly machine: Machine;
}

/** One defense with one attack on it. */
export interface Cell {
  readonly scenario: Scenario;
  readonly attack: NamedAttack;
}

/**
 * All pairs of a defense and an attack: the attacks on the first defense, then those on the next.
 */
export const cellsOf = ({ scenarios }: Pick<DrawRun, "scenarios">): readonly Cell[] =>
  scenarios.flatMap((scenario) => scenario.attacks.map((attack) => ({ scenario, attack })));

/** The progress of one attack of an audit. */
export interface AuditTick extends Tick {
  readonly cell: Cell;
  /** The draws of the current chunk, and the number of all draws. */
  readonly draws: DrawRange & { readonly of: number };
}

/**
 * Draws examples, simulates their updates behind each defense, and gives all attacks the same
 * updates. A draw depends only on the root's key and its number. A program always has `lanes`
 * lanes, and short parts are padded, so that numbers do not depend on how draws are divided.
 */
export async function* auditChunk(run: DrawRun, { from, to }: DrawRange): AsyncGenerator<AuditTick, AuditChunk> {
  const { scenarios, dataset, guesses, nearestPublic, root, lanes, machine } = run;
  const { client, batchSize } = scenarios[0]!;
  const cells = cellsOf(run);
  const judge = judgeOf(run);
  const seconds = { simulating: 0, attacking: cells.map(() => 0), scoring: 0 };
  const timed = <Made>(phase: "simulating" | "scoring", began: number, made: Made): Made => {
    seconds[phase] += machine.clock() - began;
    return made;
  };
  const batches = Array.from({ length: to - from }, (_, i) =>
    drawPlaces(root, from + i, batchSize, dataset.size).map((place) => dataset.example(place)),
  );
  const outcomes: Outcome[][] = batches.map(() => []);
  const shown = cells.map((): Shown => ({ nearest: null, first: null }));
  for (let at = 0; at < batches.length; at += lanes) {
    const part = batches.slice(at, at + lanes);
    const numbers = padded(
      part.map((_, lane) => from + at + lane),
      lanes,
    );
    const keys = (name: "noise" | "attack") => numbers.map((draw) => drawKey(root, name, draw));
    const held = privateBatches(padded(part, lanes), client);
    let place = 0;
    for (const scenario of scenarios) {
      let began = machine.clock();
      const received = timed("simulating", began, await simulate(scenario, held, keys("noise"), machine));
      for (const attack of scenario.attacks) {
        const cell = cells[place]!;
        began = machine.clock();
        const running = reconstruct({
          attack,
          labels: scenario.labels,
          seen: { rounds: [received], lanes, batchSize, labels: held.y },
          keys: keys("attack"),
          options: machine,
          history: false,
        });
        let made = await running.next();
        for (; !made.done; made = await running.next()) yield { ...made.value, cell, draws: { from, to, of: run.samples } };
        seconds.attacking[place]! += machine.clock() - began;
        began = machine.clock();
        for (const [lane, batch] of part.entries()) {
          const judged = judge(made.value[lane]!, batch, from + at + lane, shown[place]!);
          outcomes[at + lane]![place] = judged.outcome;
          shown[place] = judged.shown;
        }
        timed("scoring", began, undefined);
        place++;
      }
    }
  }
  const began = machine.clock();
  const draws = batches.map((batch, i) => ({
    images: batch.map(({ index }) => index),
    labels: batch.map(({ label }) => label),
    guesses: Object.fromEntries(guesses.map((guess) => [guess.name, batch.map(({ image, label }) => judge.apart(image, guess.of(label)))])),
    nearestPublic: nearestPublic ? batch.map(({ image }) => nearestPublic.to(image).distance) : null,
    outcomes: outcomes[i]!,
  }));
  timed("scoring", began, undefined);
  return {
    format: "gradleak-draws-2",
    from,
    to,
    threads: machine.threads ?? null,
    publicExamples: nearestPublic?.count ?? 0,
    seconds,
    draws,
    nearest: shown.map(({ nearest }) => nearest),
    first: shown.map(({ first }) => first),
  };
}

/** The reconstructions that a cell shows so far. */
interface Shown {
  readonly nearest: AuditedExample | null;
  readonly first: AuditedExample | null;
}

/** Scores the reconstructions of a draw and decides which of them a cell shows from then on. */
function judgeOf({ scenarios, dataset }: DrawRun) {
  const shape = imageShape(dataset.shape);
  const measured = measuredIn(scenarios[0]!);
  const withImages = areImages(scenarios[0]!.client.model);
  const apart = (truth: Float32Array, guess: Float32Array) => distance(truth, guess, shape, measured);
  const png = (pixels: Float32Array) => toBase64(encodePng(toRasterImage(pixels, shape)));
  const judge = (made: Reconstruction, batch: readonly Example[], draw: number, before: Shown) => {
    const scored = scoreDraw(batch, made, apart);
    let shown = before;
    scored.forEach(({ distance, guess }, place) => {
      if (distance === null) return;
      const nearer = !(shown.nearest && shown.nearest.distance <= distance);
      const isFirst = draw === 0 && place === 0;
      if (!nearer && !isFirst) return;
      const { index, label, image } = batch[place]!;
      const images = withImages ? { images: [png(image), png(guess)] as [string, string] } : {};
      const own = { draw, place, index, label, distance, ...images };
      shown = { nearest: nearer ? own : shown.nearest, first: isFirst ? own : shown.first };
    });
    const { objective, steps, evaluations, stopped } = made.lane;
    const outcome = { distances: scored.map(({ distance }) => distance), objective, steps, evaluations, stopped };
    return { outcome: { ...outcome, ...exploredBy(made.lane) }, shown };
  };
  return Object.assign(judge, { apart });
}

/**
 * A batch has no order: originals and reconstructions are matched such that the sum of their
 * squared distances is least.
 */
function scoreDraw(
  batch: readonly Example[],
  { images }: Reconstruction,
  apart: (truth: Float32Array, guess: Float32Array) => number,
): { readonly distance: number | null; readonly guess: Float32Array }[] {
  const truths = batch.map(({ image }) => image);
  const whole = images.every((image) => image.every(Number.isFinite));
  const match =
    whole && truths.length > 1 ? matchImages(truths, images, (truth, guess) => apart(truth, guess) ** 2) : truths.map((_, i) => i);
  return truths.map((truth, i) => {
    const guess = images[match[i]!]!;
    const distance = apart(truth, guess);
    return { distance: Number.isFinite(distance) ? distance : null, guess };
  });
}
