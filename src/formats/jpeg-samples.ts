import type { Component } from "./jpeg-scans.ts";

/** The place of each coefficient of a block, row by row, by its place in zigzag order. */
const zigzag = zigzagOrder();

function zigzagOrder(): Uint8Array {
  const order = new Uint8Array(64);
  let place = 0;
  for (let sum = 0; sum < 15; sum++)
    for (let i = 0; i <= sum; i++) {
      const [row, column] = sum % 2 === 0 ? [sum - i, i] : [i, sum - i];
      if (row < 8 && column < 8) order[place++] = 8 * row + column;
    }
  return order;
}

/** Wraps a number to 16 bits, as vector instructions do. */
const wrapped = (value: number): number => (value << 16) >> 16;
/** Bounds a number by those of 16 bits, as vector instructions do. */
const saturated = (value: number): number => Math.max(-32768, Math.min(32767, value));

/**
 * One pass of the inverse cosine transform (Loeffler, Ligtenberg, Moschytz 1989) over 8 numbers, in
 * the integer arithmetic of libjpeg's `jidctint.c`: constants have 13 bits behind the point.
 *
 * @param shift the number of bits to drop from the result, after rounding.
 */
function transform(block: Int32Array, at: number, step: number, shift: number): void {
  const [s0, s1, s2, s3] = [block[at]!, block[at + step]!, block[at + 2 * step]!, block[at + 3 * step]!];
  const [s4, s5, s6, s7] = [block[at + 4 * step]!, block[at + 5 * step]!, block[at + 6 * step]!, block[at + 7 * step]!];
  const even = (s2 + s6) * 4433;
  const [e2, e3] = [even - s6 * 15137, even + s2 * 6270];
  const [e0, e1] = [wrapped(s0 + s4) * 8192, wrapped(s0 - s4) * 8192];
  const [z3, z4] = [wrapped(s7 + s3), wrapped(s5 + s1)];
  const [p3, p4] = [z3 * (9633 - 16069) + z4 * 9633, z3 * 9633 + z4 * (9633 - 3196)];
  const o0 = s7 * (2446 - 7373) - s1 * 7373 + p3;
  const o1 = s5 * (16819 - 20995) - s3 * 20995 + p4;
  const o2 = s3 * (25172 - 20995) - s5 * 20995 + p3;
  const o3 = s1 * (12299 - 7373) - s7 * 7373 + p4;
  const half = 1 << (shift - 1);
  const [a, b, c, d] = [e0 + e3 + half, e1 + e2 + half, e1 - e2 + half, e0 - e3 + half];
  block[at] = saturated((a + o3) >> shift);
  block[at + 7 * step] = saturated((a - o3) >> shift);
  block[at + step] = saturated((b + o2) >> shift);
  block[at + 6 * step] = saturated((b - o2) >> shift);
  block[at + 2 * step] = saturated((c + o1) >> shift);
  block[at + 5 * step] = saturated((c - o1) >> shift);
  block[at + 3 * step] = saturated((d + o0) >> shift);
  block[at + 4 * step] = saturated((d - o0) >> shift);
}

/** The samples of a component, row by row, with its padding to whole blocks. */
export interface Plane {
  readonly data: Uint8Array;
  /** The number of samples from one row to the next. */
  readonly stride: number;
  /** The samples without padding. */
  readonly width: number;
  readonly height: number;
}

/**
 * The samples of a component. Values outside 0 to 255, which coarse coefficients may give, are
 * clamped. In such blocks, 16-bit sums wrap and saturate as in the vector code of libjpeg-turbo.
 */
export function samplesOf({ coefficients, quantization, columns, rows, width, height }: Component): Plane {
  const stride = 8 * columns;
  const data = new Uint8Array(8 * rows * stride);
  const block = new Int32Array(64);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const from = 64 * (row * columns + column);
      let rest = 0;
      for (let k = 0; k < 64; k++) {
        const place = zigzag[k]!;
        block[place] = wrapped(coefficients[from + k]! * quantization[k]!);
        if (place > 7) rest |= coefficients[from + k]!;
      }
      // Without coefficients below the first row, columns are constant.
      if (rest === 0) for (let i = 63; i >= 0; i--) block[i] = wrapped(block[i & 7]! << 2);
      else for (let x = 0; x < 8; x++) transform(block, x, 8, 11);
      for (let y = 0; y < 8; y++) transform(block, 8 * y, 1, 18);
      for (let y = 0; y < 8; y++) {
        const to = (8 * row + y) * stride + 8 * column;
        for (let x = 0; x < 8; x++) data[to + x] = Math.max(0, Math.min(255, block[8 * y + x]! + 128));
      }
    }
  return { data, stride, width, height };
}

/**
 * A plane `across` and `down` times as large. Twice as large, samples are weighted 3 to 1 with
 * their neighbors, in libjpeg's rounding ("fancy upsampling"); planes of one or two columns and
 * other sizes are repeated.
 */
export function enlarged(plane: Plane, across: number, down: number): Plane {
  const { width, height } = plane;
  if (across === 1 && down === 1) return plane;
  const size = { width: width * across, height: height * down, stride: width * across };
  const data = new Uint8Array(size.width * size.height);
  if (across === 2 && down === 1 && width > 2) doubledRows(plane, data);
  else if (across === 2 && down === 2 && width > 2) doubled(plane, data);
  else if (across === 1 && down === 2) doubledColumns(plane, data);
  else
    for (let y = 0; y < size.height; y++)
      for (let x = 0; x < size.width; x++)
        data[y * size.stride + x] = plane.data[Math.floor(y / down) * plane.stride + Math.floor(x / across)]!;
  return { data, ...size };
}

/** The neighboring row of an output row: above for even ones, below for odd ones; edges repeat. */
const neighbor = (y: number, height: number): number => Math.min(height - 1, Math.max(0, (y >> 1) + (y % 2 === 0 ? -1 : 1)));

function doubledRows({ data, stride, width, height }: Plane, out: Uint8Array): void {
  for (let y = 0; y < height; y++) {
    const [from, to] = [y * stride, 2 * y * width];
    for (let x = 0; x < width; x++) {
      const own = data[from + x]!;
      out[to + 2 * x] = x === 0 ? own : (3 * own + data[from + x - 1]! + 1) >> 2;
      out[to + 2 * x + 1] = x === width - 1 ? own : (3 * own + data[from + x + 1]! + 2) >> 2;
    }
  }
}

function doubledColumns({ data, stride, width, height }: Plane, out: Uint8Array): void {
  for (let y = 0; y < 2 * height; y++) {
    const [from, other] = [(y >> 1) * stride, neighbor(y, height) * stride];
    for (let x = 0; x < width; x++) out[y * width + x] = (3 * data[from + x]! + data[other + x]! + (y % 2 === 0 ? 1 : 2)) >> 2;
  }
}

function doubled({ data, stride, width, height }: Plane, out: Uint8Array): void {
  const sums = new Int32Array(width);
  for (let y = 0; y < 2 * height; y++) {
    const [from, other, to] = [(y >> 1) * stride, neighbor(y, height) * stride, 2 * y * width];
    for (let x = 0; x < width; x++) sums[x] = 3 * data[from + x]! + data[other + x]!;
    for (let x = 0; x < width; x++) {
      const own = sums[x]!;
      out[to + 2 * x] = x === 0 ? (4 * own + 8) >> 4 : (3 * own + sums[x - 1]! + 8) >> 4;
      out[to + 2 * x + 1] = x === width - 1 ? (4 * own + 7) >> 4 : (3 * own + sums[x + 1]! + 7) >> 4;
    }
  }
}
