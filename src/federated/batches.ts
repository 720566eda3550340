import { foldIn, type KeyBits, shuffled } from "../random/index.ts";

/** The order of a client's examples in a pass, which is counted from 0: positions in the data set. */
export type OrderOf = (pass: number) => readonly number[];

/**
 * The orders of a client's examples. Pass p has the client's key folded with p. The last order is
 * kept, because a pass lasts many rounds.
 *
 * @param examples the positions of the client's examples in the data set.
 */
export function ordersOf(examples: readonly number[], key: KeyBits): OrderOf {
  let kept: { readonly pass: number; readonly order: readonly number[] } | undefined;
  return (pass) => {
    if (kept?.pass !== pass) kept = { pass, order: shuffled(examples.length, foldIn(key, pass)).map((place) => examples[place]!) };
    return kept.order;
  };
}

/**
 * The positions of the next examples of a client. It passes over its examples again and again, each
 * time in another order, and a batch that begins near the end of a pass ends in the next one. So
 * every batch is full, and in whole passes every example counts as often as any other.
 *
 * @param size the number of the client's examples.
 * @param taken how many examples the client took before.
 * @param count how many it takes now.
 */
export function nextExamples(size: number, taken: number, count: number, orderOf: OrderOf): readonly number[] {
  const drawn: number[] = [];
  for (let at = taken; drawn.length < count; at = taken + drawn.length)
    drawn.push(...orderOf(Math.floor(at / size)).slice(at % size, (at % size) + count - drawn.length));
  return drawn;
}

/** The clients that take part in a round, drawn without replacement, in ascending order. */
export const chosenClients = (clients: number, taking: number, key: KeyBits): readonly number[] =>
  shuffled(clients, key)
    .slice(0, taking)
    .sort((a, b) => a - b);
