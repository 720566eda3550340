/**
 * The discrete Fourier transform of 2^k complex numbers, in place, without a factor. Backward, signs
 * of the exponents are the other ones.
 */
export function fourier(real: Float64Array, imaginary: Float64Array, backward = false): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [real[i], real[j]] = [real[j]!, real[i]!];
    [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
  }
  const turn = ((backward ? 2 : -2) * Math.PI) / size;
  const cosines = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos(turn * i));
  const sines = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin(turn * i));
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let from = 0; from < size; from += 2 * half)
      for (let i = 0; i < half; i++) {
        const [cosine, sine] = [cosines[i * stride]!, sines[i * stride]!];
        const [a, b] = [from + i, from + i + half];
        const turnedReal = real[b]! * cosine - imaginary[b]! * sine;
        const turnedImaginary = real[b]! * sine + imaginary[b]! * cosine;
        real[b] = real[a]! - turnedReal;
        imaginary[b] = imaginary[a]! - turnedImaginary;
        real[a]! += turnedReal;
        imaginary[a]! += turnedImaginary;
      }
  }
}
