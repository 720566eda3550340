"""Threefry-2x32 in numpy, equal to jax.random with jax_threefry_partitionable=True: the draws that both sides of a fixture share.

Run as a script, it compares itself with the installed JAX.
"""

import numpy as np

KeyBits = tuple[int, int]

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
CHUNK = 1 << 16
# Single-precision erfinv of Giles, "Approximating the erfinv function" (2010), table 5: what XLA evaluates.
CENTER = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941)
TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682)


def threefry2x32(key: KeyBits, x0: np.ndarray, x1: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 20-round block cipher of Salmon et al. (2011) on two arrays of uint32 counters."""
    k0, k1 = np.uint32(key[0]), np.uint32(key[1])
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(0x1BD11BDA))
    with np.errstate(over="ignore"):
        x0, x1 = x0 + keys[0], x1 + keys[1]
        for group in range(5):
            for rotation in ROTATIONS[group % 2]:
                x0 = x0 + x1
                x1 = ((x1 << np.uint32(rotation)) | (x1 >> np.uint32(32 - rotation))) ^ x0
            x0 = x0 + keys[(group + 1) % 3]
            x1 = x1 + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x0, x1


def key_from_seed(seed: int) -> KeyBits:
    """jax.random.key(seed) for 0 <= seed < 2^32."""
    return 0, seed & 0xFFFFFFFF


def fold_in(key: KeyBits, data: int) -> KeyBits:
    """jax.random.fold_in(key, data)."""
    high, low = threefry2x32(key, np.zeros(1, np.uint32), np.full(1, data, np.uint32))
    return int(high[0]), int(low[0])


def stream(key: KeyBits, number: int) -> KeyBits:
    """The key of a stream of src/random/streams.ts, by its number there."""
    return fold_in(key, 2**31 + 256 * number)


def bits(key: KeyBits, count: int) -> np.ndarray:
    """jax.random.bits(key, (count,)): entry i encrypts the 64-bit counter i and combines both words by exclusive or."""
    out = np.empty(count, np.uint32)
    for start in range(0, count, CHUNK):
        low = np.arange(start, min(start + CHUNK, count), dtype=np.uint32)
        high_word, low_word = threefry2x32(key, np.zeros_like(low), low)
        out[start : start + low.size] = high_word ^ low_word
    return out


def uniform(key: KeyBits, shape: tuple[int, ...]) -> np.ndarray:
    """jax.random.uniform(key, shape), float32 in [0, 1): the upper 23 bits as a fraction."""
    fraction = (bits(key, int(np.prod(shape))) >> np.uint32(9)) | np.uint32(0x3F800000)
    return (fraction.view(np.float32) - np.float32(1)).reshape(shape)


def normal(key: KeyBits, shape: tuple[int, ...]) -> np.ndarray:
    """jax.random.normal(key, shape), float32, to 1e-6: √2 · erfinv of a uniform in (−1, 1).

    x·x is rounded to float32, as in XLA: at |x| near 1 that moves the result by up to 2e-5, more than all else together.
    """
    lowest = np.nextafter(np.float32(-1), np.float32(0))
    x = np.maximum(lowest, uniform(key, shape) * np.float32(2) + lowest)
    w = -np.log1p(-(x * x).astype(np.float64))
    factor = np.where(w < 5, np.polyval(CENTER, w - 2.5), np.polyval(TAIL, np.sqrt(w) - 3))
    return (np.sqrt(2) * factor * x).astype(np.float32)


def signs(key: KeyBits, count: int) -> np.ndarray:
    """+1 where the top bit of jax.random.bits is set (where uniform >= 1/2), −1 elsewhere."""
    return np.where(bits(key, count) >> np.uint32(31), np.int8(1), np.int8(-1))


def spread(key: KeyBits, shape: tuple[int, ...], center: float, bound: float) -> np.ndarray:
    """center + bound · (2u − 1) in float64, rounded to float32: how every weight and input of the fixtures is made."""
    return (center + bound * (2 * uniform(key, shape).astype(np.float64) - 1)).astype(np.float32)


def main() -> None:
    import jax

    jax.config.update("jax_threefry_partitionable", True)
    for seed in (0, 7, 123456789):
        ours, theirs = fold_in(key_from_seed(seed), 42), jax.random.fold_in(jax.random.key(seed), 42)
        assert ours == tuple(int(word) for word in jax.random.key_data(theirs))
        shape = (3, 5, 4999)
        assert (bits(ours, 74985) == np.asarray(jax.random.bits(theirs, shape)).ravel()).all()
        assert (uniform(ours, shape) == np.asarray(jax.random.uniform(theirs, shape))).all()
        error = np.abs(normal(ours, shape) - np.asarray(jax.random.normal(theirs, shape))).max()
        assert error < 1e-6, error
        print(f"seed {seed}: bits and uniform equal, normal within {error:.1e}")


if __name__ == "__main__":
    main()
