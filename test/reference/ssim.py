"""Writes ssim.json: pairs of 8-bit images with scikit-image's SSIM and PSNR.

    python ssim.py

A pair is two base64 strings of 32·32·3 bytes, row by row, RGB interleaved; the numbers are of the bytes divided by 255, in float64.
"""

import base64
import json
from pathlib import Path

import numpy as np
import skimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import threefry

SEED = 11
SHAPE = (32, 32, 3)


def noise(index: int) -> np.ndarray:
    """In [−1, 1)."""
    return threefry.spread(threefry.fold_in(threefry.key_from_seed(SEED), index), SHAPE, 0, 1).astype(np.float64)


def smooth() -> np.ndarray:
    """A shaded disk with a soft edge on a diagonal gradient, a color ramp a channel."""
    row, column = np.mgrid[0:32, 0:32] / 31
    disk = 1 / (1 + np.exp(40 * (np.hypot(row - 0.45, column - 0.55) - 0.3)))
    ground = 0.25 + 0.5 * (row + column) / 2
    return np.stack([disk * shade + (1 - disk) * ground for shade in (0.95 - 0.5 * row, 0.2 + 0.3 * column, 0.15 + 0 * row)], axis=-1)


def stripes() -> np.ndarray:
    """Waves of another frequency in each channel."""
    row, column = np.mgrid[0:32, 0:32]
    return np.stack([0.5 + 0.45 * np.sin(0.3 * k * row + 0.5 * column / k) for k in (1, 2, 4)], axis=-1)


def blurred(image: np.ndarray) -> np.ndarray:
    """The mean of five pixels, wrapping around."""
    return sum(np.roll(image, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))) / 5


def pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    disk, waves, random = smooth(), stripes(), 0.5 + 0.5 * noise(0)
    return {
        "disk, faint noise": (disk, disk + 0.03 * noise(1)),
        "disk, noise": (disk, disk + 0.2 * noise(2)),
        "disk, strong noise": (disk, disk + 0.8 * noise(3)),
        "disk, blurred": (disk, blurred(blurred(disk))),
        "disk, brighter": (disk, disk + 0.15),
        "disk, shifted": (disk, np.roll(disk, 2, axis=1)),
        "disk, less contrast": (disk, 0.5 + 0.4 * (disk - 0.5)),
        "disk, channels swapped": (disk, disk[:, :, ::-1]),
        "disk, noise in the border only": (disk, np.where(np.pad(np.zeros((22, 22, 1)), ((5, 5), (5, 5), (0, 0)), constant_values=1) > 0, random, disk)),
        "disk, waves": (disk, waves),
        "waves, noise": (waves, waves + 0.3 * noise(4)),
        "waves, negative": (waves, 1 - waves),
        "noise, other noise": (random, 0.5 + 0.5 * noise(5)),
        "flat, flat": (np.full(SHAPE, 0.3), np.full(SHAPE, 0.7)),
        "black, white": (np.zeros(SHAPE), np.ones(SHAPE)),
        "flat, one level apart": (np.full(SHAPE, 100 / 255), np.full(SHAPE, 101 / 255)),
    }


def main() -> None:
    records = []
    for name, pair in pairs().items():
        truth, other = (np.clip(np.round(255 * image), 0, 255).astype(np.uint8) for image in pair)
        x, y = truth / 255, other / 255
        similarity = structural_similarity(
            x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=-1
        )
        ratio = peak_signal_noise_ratio(x, y, data_range=1)
        print(f"{name}: SSIM {similarity:.4f}, PSNR {ratio:.2f} dB")
        encoded = [base64.b64encode(image.tobytes()).decode() for image in (truth, other)]
        records.append({"name": name, "truth": encoded[0], "other": encoded[1], "ssim": round(similarity, 12), "psnr": round(ratio, 12)})
    record = {"skimage": skimage.__version__, "shape": SHAPE, "pairs": records}
    (Path(__file__).parent / "ssim.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
