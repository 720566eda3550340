import { type KeyBits, randomBits } from "./threefry.ts";

/** 0 … count − 1 in the order of as many random words. */
export function shuffled(count: number, key: KeyBits): number[] {
  const words = randomBits(key, count);
  return Array.from(words.keys()).sort((a, b) => words[a]! - words[b]! || a - b);
}
