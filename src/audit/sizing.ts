import { input, sizeOf, type Tensor, topological } from "../graph/index.ts";
import type { Scenario } from "../scenario/index.ts";

/**
 * What one attack on one defense computes with for one draw. Sizes are counts of float32 numbers.
 */
export interface Workload {
  /** The entries of all parameters of the network, which are those of an update. */
  readonly update: number;
  /**
   * All results on the way from a batch to its gradient; see {@link resultsBehind}. They grow with
   * the images of a batch.
   */
  readonly results: number;
  /** k, the points of the ball that the law is averaged over; 1 for a point attack. */
  readonly points: number;
  readonly restarts: number;
  /**
   * Whether the law reads the entries of a gradient (Laplace noise, masks), not only products of
   * its factors.
   */
  readonly entries: boolean;
  /** Steps of the search. */
  readonly steps: number;
}

/** How an audit is cut into pieces. */
export interface Sizes {
  /** Draws that one program attacks together. */
  readonly lanes: number;
  /** Draws that are finished, and written, together: a multiple of the lanes, or all. */
  readonly chunk: number;
}

/** What an audit may take. */
export interface Bounds {
  /** Bytes that all lanes may hold together. */
  readonly memory?: number;
  /**
   * Seconds after which a chunk should be finished, because an interruption loses at most a chunk.
   */
  readonly seconds?: number;
}

/**
 * Two gigabytes: 40 lanes of 50 MB. Half a gigabyte of weights, programs and pictures comes on top.
 */
const mostMemory = 2e9;
/** Ten seconds of work may be lost. */
const mostSeconds = 10;

/**
 * A step works through about so many numbers at the lowest cost a lane. With fewer, the overhead of
 * a call (about 50 µs, and 2 µs for each of its nodes) is shared by too few lanes. With more,
 * results no longer stay in the processor's cache from one node to the next.
 */
const working = 3e6;

/** Lanes that share one reading of the weights, where reading them is most of a step. */
const sharing = 8;

/**
 * Results of an objective and of its derivative, for each result of the gradient that they are made
 * of.
 */
const derived = 3;

/**
 * Numbers that a step works through in a second, and the seconds that a call takes whatever it
 * computes: low estimates, for two cores.
 */
const speed = { numbers: 3e8, call: 4e-4 } as const;

/** The most lanes of one program, and the most draws of one chunk. */
const most = { lanes: 4096, chunk: 16_384 } as const;

/**
 * Numbers that a lane holds during a step: the observed update, and for each point of each restart
 * the results and, where they are read, the entries.
 */
function heldBy({ update, results, points, restarts, entries }: Workload): number {
  return update + points * restarts * derived * (results + (entries ? update : 0));
}

/** Lanes at which a step costs least for each of them. */
function fastest(load: Workload): number {
  const held = heldBy(load);
  const best = Math.floor(working / held);
  const readsWeights = load.update > derived * load.results * load.points * load.restarts;
  return Math.max(best, readsWeights ? sharing : 1);
}

/**
 * Chooses how many draws an audit attacks together and how many it finishes together. Small
 * networks get many lanes, because a call costs the same for one lane as for a hundred; large ones
 * get few, because more would save nothing and need more memory. The lanes are those that fit every
 * attack, and divide the draws into nearly equal parts. The choice follows from its arguments
 * alone, so that an audit that is continued makes the same one.
 *
 * @param loads what each pair of a defense and an attack computes with; at least one.
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

/** At most `wanted` lanes, such that the last of the parts is as full as possible. */
function even(wanted: number, samples: number): number {
  const parts = Math.ceil(samples / Math.max(1, wanted));
  return Math.ceil(samples / parts);
}

/**
 * The count of all numbers that tensors are computed through, the tensors themselves not included.
 * Inputs and constants do not count.
 */
export function resultsBehind(tensors: readonly Tensor[]): number {
  const ends = new Set(tensors);
  return topological(tensors)
    .filter((tensor) => tensor.inputs.length > 0 && !ends.has(tensor))
    .reduce((sum, { size }) => sum + size, 0);
}

/** What is taken for an attack that does not say how much it computes. */
const unknownWork = { steps: 1000, restarts: 1, points: 1, entries: true } as const;

/**
 * The sizes of an audit: those that are stated, and for the others what {@link sizesOf} chooses for
 * its attacks. A stated chunk is rounded up to whole programs. The same draws are then attacked
 * together, each in the same lane, whatever the chunk: their numbers are the same to the bit.
 */
export function sizesFor(
  scenarios: readonly Scenario[],
  samples: number,
  stated: { readonly lanes?: number | undefined; readonly chunk?: number | undefined },
): Sizes {
  const { client, batchSize } = scenarios[0]!;
  const { shape, classes } = client.model;
  const { tensors } = client.update({ x: input("x", [batchSize, ...shape]), y: input("y", [batchSize, classes]) });
  const results = resultsBehind([...tensors.values()]);
  const update = client.parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
  const loads = scenarios.flatMap(({ attacks }) => attacks.map(({ work = unknownWork }) => ({ update, results, ...work })));
  const chosen = sizesOf(loads, samples);
  // Stated chunks that are short have programs as wide as they are.
  const lanes = stated.lanes ?? Math.min(chosen.lanes, stated.chunk ?? samples);
  const programs = stated.chunk === undefined ? Math.floor(chosen.chunk / lanes) : Math.ceil(stated.chunk / lanes);
  return { lanes, chunk: lanes * Math.max(1, programs) };
}
