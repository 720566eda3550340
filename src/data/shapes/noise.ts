/**
 * A number in [−1, 1) for each point of the integer lattice (the finalizer of MurmurHash3, Appleby
 * 2011).
 */
function lattice(x: number, y: number, seed: number): number {
  let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) * 2 ** -31;
}

/** Smooth noise in [−1, 1) with features of size 1, interpolated between lattice values. */
export function noise(x: number, y: number, seed: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const u = x - left;
  const v = y - top;
  const across = u * u * (3 - 2 * u);
  const down = v * v * (3 - 2 * v);
  const a = lattice(left, top, seed);
  const b = lattice(left + 1, top, seed);
  const c = lattice(left, top + 1, seed);
  const d = lattice(left + 1, top + 1, seed);
  return a + (b - a) * across + (c - a + (a - b - c + d) * across) * down;
}

/**
 * Noise with features of sizes 1, 1/2, 1/4, …, each half as strong as the one before. The spectrum
 * is about 1/f, as in photographs.
 */
export function fractal(x: number, y: number, seed: number, octaves: number): number {
  let sum = 0;
  let scale = 1;
  for (let octave = 0; octave < octaves; octave++) {
    sum += noise(x * scale, y * scale, seed + octave) / scale;
    scale *= 2;
  }
  return sum;
}
