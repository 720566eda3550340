/** The state of a random stream: two 32-bit words. */
export type KeyBits = readonly [number, number];

/** Rotations of the rounds, and the parity constant of the key schedule (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
const parity = 0x1bd11bda;

/** Threefry-2×32 with 20 rounds: the block of counter (c0, c1) under a key, written to `out` as signed words. */
export function threefry(k0: number, k1: number, c0: number, c1: number, out: Int32Array): void {
  const k2 = k0 ^ k1 ^ parity;
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  x = (x + y) | 0;
  y = x ^ ((y << 13) | (y >>> 19));
  x = (x + y) | 0;
  y = x ^ ((y << 15) | (y >>> 17));
  x = (x + y) | 0;
  y = x ^ ((y << 26) | (y >>> 6));
  x = (x + y) | 0;
  y = x ^ ((y << 6) | (y >>> 26));
  x = (x + k1) | 0;
  y = (y + k2 + 1) | 0;
  x = (x + y) | 0;
  y = x ^ ((y << 17) | (y >>> 15));
  x = (x + y) | 0;
  y = x ^ ((y << 29) | (y >>> 3));
  x = (x + y) | 0;
  y = x ^ ((y << 16) | (y >>> 16));
  x = (x + y) | 0;
  y = x ^ ((y << 24) | (y >>> 8));
  x = (x + k2) | 0;
  y = (y + k0 + 2) | 0;
  x = (x + y) | 0;
  y = x ^ ((y << 13) | (y >>> 19));
  x = (x + y) | 0;
  y = x ^ ((y << 15) | (y >>> 17));
  x = (x + y) | 0;
  y = x ^ ((y << 26) | (y >>> 6));
  x = (x + y) | 0;
  y = x ^ ((y << 6) | (y >>> 26));
  x = (x + k0) | 0;
  y = (y + k1 + 3) | 0;
  x = (x + y) | 0;
  y = x ^ ((y << 17) | (y >>> 15));
  x = (x + y) | 0;
  y = x ^ ((y << 29) | (y >>> 3));
  x = (x + y) | 0;
  y = x ^ ((y << 16) | (y >>> 16));
  x = (x + y) | 0;
  y = x ^ ((y << 24) | (y >>> 8));
  x = (x + k1) | 0;
  y = (y + k2 + 4) | 0;
  x = (x + y) | 0;
  y = x ^ ((y << 13) | (y >>> 19));
  x = (x + y) | 0;
  y = x ^ ((y << 15) | (y >>> 17));
  x = (x + y) | 0;
  y = x ^ ((y << 26) | (y >>> 6));
  x = (x + y) | 0;
  y = x ^ ((y << 6) | (y >>> 26));
  out[0] = x + k2;
  out[1] = y + k0 + 5;
}

const low = 2 ** 32;

/** The key of a seed: its high and its low 32 bits, as `jax.random.key`. */
export function keyFromSeed(seed: number | bigint): KeyBits {
  const bits = BigInt.asUintN(64, BigInt(seed));
  return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
}

/** The key of a numbered part, as `jax.random.fold_in`. */
export function foldIn([k0, k1]: KeyBits, data: number): KeyBits {
  const block = new Int32Array(2);
  threefry(k0 | 0, k1 | 0, 0, data | 0, block);
  return [block[0]! >>> 0, block[1]! >>> 0];
}

/** `count` keys from one, as `jax.random.split` with `jax_threefry_partitionable`. */
export function split([k0, k1]: KeyBits, count: number): KeyBits[] {
  const block = new Int32Array(2);
  return Array.from({ length: count }, (_, i) => {
    threefry(k0 | 0, k1 | 0, Math.floor(i / low) | 0, i | 0, block);
    return [block[0]! >>> 0, block[1]! >>> 0];
  });
}

/** Random 32-bit words, as `jax.random.bits` with `jax_threefry_partitionable`. */
export function randomBits([k0, k1]: KeyBits, count: number): Uint32Array {
  const out = new Uint32Array(count);
  const block = new Int32Array(2);
  for (let i = 0; i < count; i++) {
    threefry(k0 | 0, k1 | 0, Math.floor(i / low) | 0, i | 0, block);
    out[i] = block[0]! ^ block[1]!;
  }
  return out;
}
