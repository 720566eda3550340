import { foldIn, type KeyBits } from "./threefry.ts";

/**
 * The one key tree. Streams are made only here. A stream says what a key is used for, and indices
 * fold below it: `foldIn(stream(key, "noise"), i)` is the key of the noise of draw i.
 *
 * A number, once assigned, is never changed or reused, because results follow from it.
 *
 * ```
 * seed ─┬─ weights ── variable i
 *       ├─ images ─── draw i
 *       ├─ noise ──── draw i ─┬─ images ── step of the defense on images ── image b of the batch
 *       │                     ├─ forward
 *       │                     └─ step of the defense on the update ── tensor i
 *       ├─ attack ─── draw i ─┬─ restart r ─┬─ start
 *       │                     │             ├─ labels
 *       │                     │             ├─ forward, what the network is thought to draw
 *       │                     │             └─ iterate ── evaluation n ─┬─ ball
 *       │                     │                                         └─ langevin
 *       │                     ├─ ball, of the diagnosis
 *       │                     ├─ chains ── chain c ─┬─ start
 *       │                     │                     └─ iterate ── trajectory t ─┬─ momentum
 *       │                     │                                                 ├─ stride
 *       │                     │                                                 └─ accept
 *       │                     └─ ancestors ── trajectory t
 *       ├─ resample ─ cell ─┬─ resample r
 *       │                   └─ resample ── other cell, of a comparison ── resample r
 *       ├─ candidates
 *       ├─ probes ─── input i, on which an attacker tries the network (always below the seed 0)
 *       ├─ tuning ─── a whole tree like this one, for the draws that attacks are tuned on
 *       ├─ network, training, vectors: of experiments
 *       ├─ partition, of the training examples over clients ── class c, or other parts
 *       ├─ chosen ─── round r, of the clients that take part
 *       ├─ batches ── client c ── pass p over its examples
 *       └─ sent ───── round r ── client c ─┬─ as below the noise of a draw
 *                                          ├─ forward ── local step s
 *                                          └─ images ── local step s ── as below it without local steps
 * ```
 */
const numbers = {
  weights: 1,
  images: 2,
  noise: 3,
  attack: 4,
  resample: 5,
  candidates: 6,
  tuning: 7,
  forward: 8,
  start: 9,
  labels: 10,
  iterate: 11,
  ball: 12,
  langevin: 13,
  network: 14,
  training: 15,
  vectors: 16,
  labeling: 17,
  train: 18,
  test: 19,
  patches: 22,
  fit: 23,
  order: 24,
  choice: 25,
  guess: 26,
  mask: 27,
  chains: 28,
  momentum: 29,
  stride: 30,
  accept: 31,
  ancestors: 32,
  probes: 40,
  partition: 50,
  chosen: 51,
  batches: 52,
  sent: 53,
} as const;

/** The name of a stream: what a key is used for. */
export type Stream = keyof typeof numbers;

/** All stream names, for tests. */
export const streams = Object.keys(numbers) as readonly Stream[];

/** Indices stay below this number, so no index of a key coincides with one of its streams. */
const domain = 2 ** 31;

/**
 * The number that a stream folds in. In this range float32 represents multiples of 256 exactly, so
 * symbolic keys can fold it too.
 */
export const streamNumber = (name: Stream): number => domain + 256 * numbers[name];

/**
 * The key of a stream below a key. Indices fold below the stream.
 *
 * @example
 * ```ts
 * import { foldIn, keyFromSeed, stream } from "gradleak";
 *
 * const noiseOfDraw3 = foldIn(stream(keyFromSeed(1), "noise"), 3);
 * ```
 */
export const stream = (key: KeyBits, name: Stream): KeyBits => foldIn(key, streamNumber(name));
