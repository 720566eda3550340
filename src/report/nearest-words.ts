import { counted } from "./numbers.ts";

/** What the nearest public examples are called, so that nobody takes them for a guess. */
export const nearestWords = (count: number, item: string): string =>
  `nearest of ${counted(count, `public ${item}`)}, chosen by the original`;
