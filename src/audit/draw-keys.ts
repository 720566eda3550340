import { foldIn, type KeyBits, randomBits, type Stream, shuffled, split, stream } from "../random/index.ts";

/** The key of a stream of draw i. A draw depends only on the root's key and its number. */
export const drawKey = (root: KeyBits, name: Extract<Stream, "images" | "noise" | "attack">, draw: number): KeyBits =>
  foldIn(stream(root, name), draw);

/** Clients that each hold examples of their own. */
export interface Holders {
  /** The positions of each client's examples in the data set. */
  readonly partition: readonly (readonly number[])[];
  /** The number of clients behind one update: their batches, of equal size, are joined. */
  readonly together: number;
}

/** The batch of a draw. */
export interface DrawnBatch {
  /** Positions in the data set. */
  readonly places: readonly number[];
  /** The clients whose batches are joined, if each holds examples of its own. */
  readonly clients?: readonly number[];
}

const below = (word: number, size: number): number => Math.floor((word * size) / 2 ** 32);

/**
 * The batch of draw i, of `count` examples: uniform among `size`, with replacement. Where clients
 * hold examples of their own, clients are drawn without replacement, and each draws its share of the
 * batch from its own.
 */
export function drawBatch(root: KeyBits, draw: number, count: number, size: number, holders?: Holders): DrawnBatch {
  const key = drawKey(root, "images", draw);
  if (!holders) return { places: Array.from(randomBits(key, count), (word) => below(word, size)) };
  const { partition, together } = holders;
  const [forClients, forPlaces] = split(key, 2) as [KeyBits, KeyBits];
  const clients = shuffled(partition.length, forClients)
    .slice(0, together)
    .sort((a, b) => a - b);
  const places = Array.from(randomBits(forPlaces, count), (word, i) => {
    const own = partition[clients[Math.floor((i * together) / count)]!]!;
    return own[below(word, own.length)]!;
  });
  return { places, clients };
}

/** The draws from `from` to just before `to`. */
export interface DrawRange {
  readonly from: number;
  readonly to: number;
}

/** The ranges of draws that are finished together. */
export const chunksOf = ({ samples, chunk }: { readonly samples: number; readonly chunk: number }): readonly DrawRange[] =>
  Array.from({ length: Math.ceil(samples / chunk) }, (_, i) => ({ from: i * chunk, to: Math.min(samples, (i + 1) * chunk) }));
