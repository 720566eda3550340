import { LeakageError } from "../errors.ts";

/** A whole number of at least `least`, and at most `most` where there is such a limit. */
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

/** Places written as `0-7,9`: each once, in the order given. */
export function places(text: string, flag: string): number[] {
  return text.split(",").flatMap((piece) => {
    const [, from, to] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(piece) ?? [];
    if (from === undefined) throw new LeakageError("spec", `${flag} takes places such as 0-7 or 0,3,5; got "${text}".`);
    const [first, last] = [Number(from), Number(to ?? from)];
    if (last < first || last - first >= 1_000_000)
      throw new LeakageError("spec", `${flag}: the range ${piece.trim()} must rise and hold at most a million places.`);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** An image of 2048 by 2048 in color has fewer numbers. */
const maxExtents = 2 ** 24;

/** Whole numbers written as `3x32x32`. */
export function extents(text: string, flag: string, count: number): number[] {
  const parts = text.split("x").map(Number);
  if (parts.length !== count || parts.some((extent) => !Number.isSafeInteger(extent) || extent < 1 || extent > 65536))
    throw new LeakageError("spec", `${flag} takes ${count} whole numbers joined by x; got "${text}".`);
  if (parts.reduce((product, extent) => product * extent, 1) > maxExtents)
    throw new LeakageError("spec", `${flag}: an image may have at most ${maxExtents} numbers; got "${text}".`);
  return parts;
}

/** Numbers from `least` to `most` written as `0.49,0.48,0.45`, one a channel. */
export function perChannel(
  text: string | undefined,
  flag: string,
  {
    channels,
    otherwise,
    least,
    most,
  }: { readonly channels: number; readonly otherwise: number; readonly least: number; readonly most: number },
): number[] {
  if (text === undefined) return new Array<number>(channels).fill(otherwise);
  const numbers = text.split(",").map((piece) => (piece.trim() === "" ? Number.NaN : Number(piece)));
  if (numbers.length !== channels || !numbers.every((number) => number >= least && number <= most))
    throw new LeakageError(
      "spec",
      `${flag} takes ${channels} numbers from ${least} to ${most} joined by commas, one a channel; got "${text}".`,
    );
  return numbers;
}

/** Flags of every command that attacks, as commander gives them. */
export interface ClientFlags {
  readonly model: string;
  readonly weights?: string;
  readonly mode: "train" | "eval";
  readonly batch: string;
  readonly prior?: string;
  readonly delta?: string;
  readonly deltaSpace: "pixel" | "model";
  readonly seed: string;
  readonly out?: string;
  readonly threads?: string;
  readonly device: string;
  readonly json?: boolean;
}

/** Flags that `attack` and `invert` share. */
export interface AttackFlags extends ClientFlags {
  readonly attack?: string;
  readonly tuned?: string;
}
