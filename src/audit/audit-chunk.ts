import type { Observations } from "../adversary/index.ts";
import type { Dataset, Example } from "../data/index.ts";
import { encodePng, toBase64, toRasterImage } from "../formats/index.ts";
import { distance, imageShape } from "../metrics/index.ts";
import { areImages } from "../models/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import {
  type Diagnosis,
  diagnose,
  type Explainer,
  labelingOf,
  measuredIn,
  padded,
  privateBatches,
  type Received,
  type Reconstruction,
  reconstruct,
  type Scenario,
  simulate,
  type Tick,
} from "../scenario/index.ts";
import { type Cell, cellsOf } from "./cells.ts";
import type { AuditChunk, AuditedExample, Outcome } from "./chunk.ts";
import { within } from "./comparison.ts";
import { type Controls, controlDraws } from "./controls.ts";
import { type DrawRange, drawBatch, drawKey, type Holders } from "./draw-keys.ts";
import { type Facts, factsAt } from "./facts.ts";
import type { Guess } from "./guesses.ts";
import { toldBy } from "./mixing.ts";
import type { NearestPublic } from "./nearest-public.ts";
import { besideIn, scoreDraw, type Targets, targetsOf } from "./score-draw.ts";

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
  /** The clients that hold the examples; without them, all examples are those of one client. */
  readonly holders?: Holders;
  readonly guesses: readonly Guess[];
  /** Finds the public example nearest to an original. It is absent if none are public. */
  readonly nearestPublic?: NearestPublic;
  /** The positive controls; none if they were not asked for. */
  readonly controls: Controls;
  /** Whether answers are diagnosed. A tuning needs only their distances. */
  readonly diagnosed: boolean;
  /** The key of all randomness. */
  readonly root: KeyBits;
  readonly samples: number;
  /** The number of draws that are finished and kept together. */
  readonly chunk: number;
  /** The number of draws that one program attacks together. */
  readonly lanes: number;
  readonly machine: Machine;
}

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
export async function* auditChunk(
  run: DrawRun,
  { from, to }: DrawRange,
  explainers: readonly Explainer[],
): AsyncGenerator<AuditTick, AuditChunk> {
  const { scenarios, dataset, holders, guesses, nearestPublic, root, lanes, machine, controls, diagnosed } = run;
  const { client, batchSize } = scenarios[0]!;
  const cells = cellsOf(run);
  const judge = judgeOf(run);
  const seconds = { simulating: 0, attacking: cells.map(() => 0), controls: 0, scoring: 0 };
  const drawn = Array.from({ length: to - from }, (_, i) => drawBatch(root, from + i, batchSize, dataset.size, holders));
  const batches = drawn.map(({ places }) => places.map((place) => dataset.example(place)));
  const outcomes: Outcome[][] = batches.map(() => []);
  const explainable: (number | null)[][] = batches.map(() => []);
  const facts: Facts[][] = batches.map(() => []);
  const controlled: (number | null)[][][] = batches.map(() => []);
  const shown = cells.map((): Shown => ({ nearest: null, first: null }));
  for (let at = 0; at < batches.length; at += lanes) {
    const part = batches.slice(at, at + lanes);
    const numbers = padded(
      part.map((_, lane) => from + at + lane),
      lanes,
    );
    const keys = (name: "noise" | "attack") => numbers.map((draw) => drawKey(root, name, draw));
    const held = privateBatches(padded(part, lanes), client);
    /** Attacks the part in one cell, and yields progress. */
    async function* attacked(cell: Cell, received: Received): AsyncGenerator<AuditTick, Attacked> {
      const seen = { rounds: [received], lanes, batchSize, labels: held.y };
      const running = reconstruct({
        attack: cell.attack,
        ...labelingOf(cell.scenario),
        seen,
        keys: keys("attack"),
        options: machine,
        history: false,
      });
      const began = machine.clock();
      let made = await running.next();
      for (; !made.done; made = await running.next()) yield { ...made.value, cell, draws: { from, to, of: run.samples } };
      return { seen, made: made.value, seconds: machine.clock() - began };
    }
    let place = 0;
    for (const [s, scenario] of scenarios.entries()) {
      let began = machine.clock();
      const received = await simulate(scenario, held, keys("noise"), machine);
      seconds.simulating += machine.clock() - began;
      for (const lane of part.keys()) facts[at + lane]!.push(factsAt(received.facts, lane));
      for (const attack of scenario.attacks) {
        const { seen, made, seconds: spent } = yield* attacked({ scenario, attack }, received);
        seconds.attacking[place]! += spent;
        began = machine.clock();
        const truth = received.batches;
        const diagnoses = diagnosed
          ? await diagnose({ attack, seen, keys: keys("attack"), made, truth, explainer: explainers[s]!, options: machine })
          : undefined;
        for (const [lane, batch] of part.entries()) {
          const targets = targetsOf(scenario, attack.aim, batch, truth, lane);
          const judged = judge(made[lane]!, { batch, targets, draw: from + at + lane }, shown[place]!, diagnoses?.[lane]);
          outcomes[at + lane]![place] = judged.outcome;
          explainable[at + lane]![s] = diagnoses?.[lane]?.explainable ?? null;
          shown[place] = judged.shown;
        }
        seconds.scoring += machine.clock() - began;
        place++;
      }
    }
    if (from + at >= controlDraws) continue;
    const began = machine.clock();
    const bare = new Map<Scenario["defense"], Received>();
    for (const [c, scenario] of controls.runs.entries()) {
      const received = bare.get(scenario.defense) ?? (await simulate(scenario, held, keys("noise"), machine));
      bare.set(scenario.defense, received);
      const { made } = yield* attacked({ scenario, attack: scenario.attacks[0]! }, received);
      for (const [lane, batch] of part.entries())
        if (from + at + lane < controlDraws) controlled[at + lane]![c] = judge.distances(made[lane]!, batch);
    }
    seconds.controls += machine.clock() - began;
  }
  const began = machine.clock();
  const draws = batches.map((batch, i) => ({
    images: batch.map(({ index }) => index),
    labels: batch.map(({ label }) => label),
    ...(drawn[i]!.clients ? { clients: [...drawn[i]!.clients] } : {}),
    guesses: Object.fromEntries(guesses.map((guess) => [guess.name, batch.map(({ image, label }) => judge.apart(image, guess.of(label)))])),
    nearestPublic: nearestPublic ? batch.map(({ image }) => nearestPublic.to(image).distance) : null,
    explainable: explainable[i]!,
    facts: facts[i]!,
    controls: controlled[i]!,
    outcomes: outcomes[i]!,
  }));
  seconds.scoring += machine.clock() - began;
  return {
    format: "gradleak-draws-3",
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

/** A part that was attacked in one cell. */
interface Attacked {
  readonly seen: Observations;
  readonly made: readonly Reconstruction[];
  readonly seconds: number;
}

/** The reconstructions that a cell shows so far. */
interface Shown {
  readonly nearest: AuditedExample | null;
  readonly first: AuditedExample | null;
}

/** Scores the reconstructions of a draw and decides which of them a cell shows from then on. */
function judgeOf({ scenarios, dataset }: DrawRun) {
  const given = scenarios[0]!.labels === "known";
  const shape = imageShape(dataset.shape);
  const measured = measuredIn(scenarios[0]!);
  const { delta } = scenarios[0]!.score;
  const withImages = areImages(scenarios[0]!.client.model);
  const apart = (truth: Float32Array, guess: Float32Array) => distance(truth, guess, shape, measured);
  const png = (pixels: Float32Array) => toBase64(encodePng(toRasterImage(pixels, shape)));
  const judge = (
    made: Reconstruction,
    { batch, targets, draw }: { readonly batch: readonly Example[]; readonly targets: Targets; readonly draw: number },
    before: Shown,
    diagnosis?: Diagnosis,
  ) => {
    const scored = scoreDraw(targets.after, made, apart);
    let shown = before;
    scored.forEach(({ distance, guess }, place) => {
      if (distance === null) return;
      const nearer = !(shown.nearest && shown.nearest.distance <= distance);
      const isFirst = draw === 0 && place === 0;
      if (!nearer && !isFirst) return;
      const { index, label } = batch[place]!;
      const images = withImages ? { images: [png(targets.after[place]!), png(guess)] as [string, string] } : {};
      const own = { draw, place, index, label, distance, ...images };
      shown = { nearest: nearer ? own : shown.nearest, first: isFirst ? own : shown.first };
    });
    const { objective, steps, evaluations } = made.lane;
    const distances = scored.map(({ distance }) => distance);
    const { stopped, explained, limit } = diagnosis ?? { stopped: made.lane.stopped, explained: null, limit: null };
    const labels = given ? null : { right: labelsFound(batch, made.labels), faint: made.reading?.faint ?? false };
    const all = distances.every((distance) => within(distance, delta));
    const besides = besideIn(targets, made, scored, apart);
    const outcome = { distances, ...besides, objective, steps, evaluations, stopped, explained, limit: all ? null : limit, labels };
    return { outcome: { ...outcome, ...toldBy(made.lane) }, shown };
  };
  const distances = (made: Reconstruction, batch: readonly Example[]) =>
    scoreDraw(
      batch.map(({ image }) => image),
      made,
      apart,
    ).map(({ distance }) => distance);
  return Object.assign(judge, { apart, distances });
}

/** The number of labels of a batch that were found. A batch has no order. */
function labelsFound(batch: readonly Example[], found: readonly number[]): number {
  const left = [...found];
  return batch.filter(({ label }) => {
    const at = left.indexOf(label);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  }).length;
}
