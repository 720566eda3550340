import { foldIn, type KeyBits, shuffled } from "../random/index.ts";

/**
 * The positions of the next examples of a client. It passes over its examples again and again, each
 * time in another order, and a batch that begins near the end of a pass ends in the next one. So
 * every batch is full, and in whole passes every example counts as often as any other.
 *
 * @param examples the positions of the client's examples in the data set.
 * @param taken how many examples the client took before.
 * @param count how many it takes now.
 * @param key the client's key. Pass p has the key folded with p.
 */
export function nextExamples(examples: readonly number[], taken: number, count: number, key: KeyBits): readonly number[] {
  const drawn: number[] = [];
  for (let at = taken; drawn.length < count; ) {
    const order = shuffled(examples.length, foldIn(key, Math.floor(at / examples.length)));
    const from = at % examples.length;
    const own = order.slice(from, from + count - drawn.length);
    drawn.push(...own.map((place) => examples[place]!));
    at += own.length;
  }
  return drawn;
}

/** The clients that take part in a round, drawn without replacement, in ascending order. */
export const chosenClients = (clients: number, taking: number, key: KeyBits): readonly number[] =>
  shuffled(clients, key)
    .slice(0, taking)
    .sort((a, b) => a - b);
