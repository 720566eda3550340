/** The state of a random key: two 32-bit words. */
export type KeyBits = readonly [number, number];

/**
 * The parity constant of the key schedule (Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3").
 */
const parity = 0x1bd11bda;

/**
 * Threefry-2×32 with 20 rounds. Writes the block of counter (0, counter) under the key (key0,
 * key1), as signed words. The rounds are unrolled, and each sum is cut to 32 bits, so that the
 * compiler keeps them in registers.
 */
function encrypt(key0: number, key1: number, counter: number, block: Int32Array): void {
  const k0 = key0 | 0;
  const k1 = key1 | 0;
  const k2 = k0 ^ k1 ^ parity;
  let x = k0;
  let y = ((counter | 0) + k1) | 0;
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
  block[0] = x + k2;
  block[1] = y + k0 + 5;
}

/**
 * The key of a seed: its high and low 32 bits, like `jax.random.key` with 64-bit seeds. A negative
 * seed wraps around 2⁶⁴.
 */
export function keyFromSeed(seed: number | bigint): KeyBits {
  const bits = BigInt.asUintN(64, BigInt(seed));
  return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
}

const block = new Int32Array(2);

/** The key of the part numbered `data`, a 32-bit integer, like `jax.random.fold_in`. */
export function foldIn(key: KeyBits, data: number): KeyBits {
  encrypt(key[0], key[1], data, block);
  return [block[0]! >>> 0, block[1]! >>> 0];
}

/**
 * Derives `count` keys from one, like `jax.random.split` with `jax_threefry_partitionable`. Key i
 * depends on i but not on the count.
 */
export function split(key: KeyBits, count: number): KeyBits[] {
  return Array.from({ length: count }, (_, i) => foldIn(key, i));
}

/** Random 32-bit words, like `jax.random.bits` with `jax_threefry_partitionable`. */
export function randomBits(key: KeyBits, count: number): Uint32Array {
  const out = new Uint32Array(count);
  forEachChunk(key, count, (words, from, length) => {
    for (let i = 0; i < length; i++) out[from + i] = words[i]!;
  });
  return out;
}

const chunk = new Int32Array(512);

/**
 * Calls `use` with the words that {@link randomBits} would return, as signed integers, in chunks
 * that fit the processor's cache. The array is reused between calls.
 */
export function forEachChunk(key: KeyBits, count: number, use: (words: Int32Array, from: number, length: number) => void): void {
  const [k0, k1] = key;
  for (let from = 0; from < count; from += chunk.length) {
    const length = Math.min(chunk.length, count - from);
    for (let i = 0; i < length; i++) {
      encrypt(k0, k1, from + i, block);
      chunk[i] = block[0]! ^ block[1]!;
    }
    use(chunk, from, length);
  }
}
