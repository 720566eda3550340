/** Widens IEEE 754 binary16 to float32, exactly; subnormals, infinities and NaN included. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? Number.NaN
            : Number.POSITIVE_INFINITY
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    values[i] = half & 0x8000 ? -magnitude : magnitude;
  }
  return values;
}

/** Widens bfloat16, the upper half of a float32, to float32. */
export const widenBfloat16 = (halves: Uint16Array): Float32Array => new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
