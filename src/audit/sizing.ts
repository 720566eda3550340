import type { Attack } from "../adversary/index.ts";
import { input, sizeOf, type Tensor, topological } from "../graph/index.ts";
import type { Scenario } from "../scenario/index.ts";

/** The work of one attack on one defense for one draw. Sizes are counts of float32 numbers. */
export interface Workload {
  /** The entries of all parameters of the network, which are those of an update. */
  readonly update: number;
  /**
   * All intermediate results between a batch and its gradient; see {@link resultsBehind}. They grow
   * with the images of a batch.
   */
  readonly results: number;
  /** k, the number of points of the ball that the law is averaged over; 1 for a point attack. */
  readonly points: number;
  readonly restarts: number;
  /**
   * Whether the law reads the entries of a gradient (Laplace noise, masks), not only products of
   * its factors.
   */
  readonly entries: boolean;
  /** The number of steps of the search. */
  readonly steps: number;
}

/** How an audit is divided. */
export interface Sizes {
  /** The number of draws that one program attacks together. */
  readonly lanes: number;
  /**
   * The number of draws that are finished and written together: a multiple of the lanes, or all.
   */
  readonly chunk: number;
}

/** The limits of an audit. */
export interface Bounds {
  /** The bytes that all lanes may hold together. */
  readonly memory?: number;
  /**
   * The seconds within which a chunk should finish, because an interruption loses at most one
   * chunk.
   */
  readonly seconds?: number;
}

/** Two gigabytes: 40 lanes of 50 MB. Weights, programs and images need another half a gigabyte. */
const mostMemory = 2e9;
/** An interruption may lose ten seconds of work. */
const mostSeconds = 10;

/**
 * At about this many numbers per step, a lane costs least. With fewer, too few lanes share the
 * overhead of a call (about 50 µs, and 2 µs for each of its nodes). With more, results no longer
 * stay in the processor's cache from one node to the next.
 */
const working = 3e6;

/** The lanes that share one reading of the weights if reading them is most of a step. */
const sharing = 8;

/**
 * The results of an objective and of its derivative, for each result of the gradient that they are
 * computed from.
 */
const derived = 3;

/**
 * The numbers that a step works through in a second, and the seconds that any call takes. Both are
 * low estimates for two cores.
 */
const speed = { numbers: 3e8, call: 4e-4 } as const;

/** The largest number of lanes of one program and of draws of one chunk. */
const most = { lanes: 4096, chunk: 16_384 } as const;

/**
 * The numbers that a lane holds during a step: the observed update and, for each point of each
 * restart, the results and, if they are read, the entries.
 */
function heldBy({ update, results, points, restarts, entries }: Workload): number {
  return update + points * restarts * derived * (results + (entries ? update : 0));
}

/** The number of lanes at which a step costs least per lane. */
function fastest(load: Workload): number {
  const held = heldBy(load);
  const best = Math.floor(working / held);
  const readsWeights = load.update > derived * load.results * load.points * load.restarts;
  return Math.max(best, readsWeights ? sharing : 1);
}

/**
 * Chooses how many draws an audit attacks together and how many it finishes together. Small
 * networks get many lanes, because a call costs the same for one lane as for a hundred. Large ones
 * get few, because more lanes would save nothing and need more memory. The lanes fit every attack
 * and divide the draws into nearly equal parts. The choice follows from the arguments alone, so
 * that an audit that continues makes the same choice.
 *
 * @param loads the work of each pair of a defense and an attack; at least one.
 * @param samples the draws of the audit.
 */
export function sizesOf(loads: readonly Workload[], samples: number, { memory = mostMemory, seconds = mostSeconds }: Bounds = {}): Sizes {
  const fitting = Math.floor(memory / (4 * Math.max(...loads.map(heldBy))));
  const wanted = Math.min(...loads.map(fastest), fitting, most.lanes);
  const lanes = Math.max(1, even(wanted, samples));
  const taken = loads.reduce((sum, load) => sum + load.steps * (speed.call + (lanes * heldBy(load)) / speed.numbers), 0);
  const parts = Math.max(1, Math.floor(Math.min(seconds / taken, most.chunk / lanes)));
  return { lanes, chunk: Math.min(lanes * parts, samples) };
}

/** At most `wanted` lanes, such that the last part is as full as possible. */
function even(wanted: number, samples: number): number {
  const parts = Math.ceil(samples / Math.max(1, wanted));
  return Math.ceil(samples / parts);
}

/**
 * Counts all numbers that tensors are computed through, without the tensors themselves. Inputs and
 * constants do not count.
 */
export function resultsBehind(tensors: readonly Tensor[]): number {
  const ends = new Set(tensors);
  return topological(tensors)
    .filter((tensor) => tensor.inputs.length > 0 && !ends.has(tensor))
    .reduce((sum, { size }) => sum + size, 0);
}

/** The work of an attack that does not say how much it computes. */
const unknownWork = { steps: 1000, restarts: 1, points: 1, entries: true } as const;

/** What of a scenario decides how long its attacks take. */
type Timed = Pick<Scenario, "client" | "batchSize"> & { readonly attacks: readonly Pick<Attack, "work">[] };

/** The work of the attacks of scenarios, one entry per attack. */
function loadsOf(scenarios: readonly Timed[]): readonly Workload[] {
  const { client, batchSize } = scenarios[0]!;
  const { shape, classes } = client.model;
  const { tensors } = client.update({ x: input("x", [batchSize, ...shape]), y: input("y", [batchSize, classes]) });
  const results = resultsBehind([...tensors.values()]);
  const update = client.parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
  return scenarios.flatMap(({ attacks }) => attacks.map(({ work = unknownWork }) => ({ update, results, ...work })));
}

/**
 * The seconds that one step of every attack of the scenarios takes for one draw, on two cores. It is
 * a low estimate.
 *
 * @param lanes the draws that one program attacks together. By default they are chosen as for an
 * audit.
 */
export function secondsPerStep(scenarios: readonly Timed[], samples: number, lanes?: number): number {
  const loads = loadsOf(scenarios);
  const together = Math.min(lanes ?? sizesOf(loads, samples).lanes, samples);
  return loads.reduce((sum, load) => sum + speed.call / together + heldBy(load) / speed.numbers, 0);
}

/**
 * The sizes of an audit. Sizes that are not stated are those that {@link sizesOf} chooses for the
 * attacks. A stated chunk is rounded up to whole programs. The same draws are then attacked
 * together, each in the same lane, whatever the chunk: their numbers are the same to the bit.
 */
export function sizesFor(
  scenarios: readonly Scenario[],
  samples: number,
  stated: { readonly lanes?: number | undefined; readonly chunk?: number | undefined },
): Sizes {
  const chosen = sizesOf(loadsOf(scenarios), samples);
  // If a stated chunk is short, programs are only as wide as the chunk.
  const lanes = stated.lanes ?? Math.min(chosen.lanes, stated.chunk ?? samples);
  const programs = stated.chunk === undefined ? Math.floor(chosen.chunk / lanes) : Math.ceil(stated.chunk / lanes);
  return { lanes, chunk: lanes * Math.max(1, programs) };
}
