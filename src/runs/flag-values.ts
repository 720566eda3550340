import { LeakageError } from "../errors.ts";

/** A whole number of at least `least` and at most `most`. */
export function wholeNumber(text: string, flag: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least || value > most) {
    const allowed = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new LeakageError("spec", `${flag} takes a whole number ${allowed}; got "${text}".`);
  }
  return value;
}

/** A finite number above 0. */
export function positiveNumber(text: string, flag: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0)
    throw new LeakageError("spec", `${flag} takes a number above 0; got "${text}".`);
  return value;
}

/** A finite number of at least 0. */
export function nonnegativeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new LeakageError("spec", `${flag} takes a number of at least 0; got "${text}".`);
  return value;
}

/** Positions written as `0-7,9`, in the given order. */
export function places(text: string, flag: string): number[] {
  return text.split(",").flatMap((piece) => {
    const [, from, to] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(piece) ?? [];
    if (from === undefined) throw new LeakageError("spec", `${flag} takes positions such as 0-7 or 0,3,5; got "${text}".`);
    const [first, last] = [Number(from), Number(to ?? from)];
    if (last < first || last - first >= 1_000_000)
      throw new LeakageError("spec", `${flag}: the range ${piece.trim()} must go up and have at most a million positions.`);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** More numbers than a color image of 2048 by 2048 has. */
const maxExtents = 2 ** 24;

/** Whole numbers written as `3x32x32`. */
export function extents(text: string, flag: string, count?: number): number[] {
  const parts = text.split("x").map(Number);
  if (
    parts.length !== (count ?? Math.min(4, parts.length)) ||
    parts.some((extent) => !Number.isSafeInteger(extent) || extent < 1 || extent > 65536)
  )
    throw new LeakageError("spec", `${flag} takes ${count ?? "1 to 4"} whole numbers joined by x; got "${text}".`);
  if (parts.reduce((product, extent) => product * extent, 1) > maxExtents)
    throw new LeakageError("spec", `${flag}: an input may have at most ${maxExtents} numbers; got "${text}".`);
  return parts;
}

/** Numbers written as `0.49,0.48,0.45`. */
export function realNumbers(text: string, flag: string): number[] {
  const numbers = text.split(",").map((piece) => (piece.trim() === "" ? Number.NaN : Number(piece)));
  if (!numbers.every(Number.isFinite))
    throw new LeakageError("spec", `${flag} takes numbers joined by commas, one per channel; got "${text}".`);
  return numbers;
}

/** Positions in the shortest form that {@link places} reads. */
export function placesText(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(",");
}
