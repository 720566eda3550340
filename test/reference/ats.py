"""Writes ats.json: what the 50 transformations of ATS (Gao et al. 2021) make of images with 8 bits an entry, by Pillow.

    python ats.py

Each case has a hash of the transformed bytes, [channels, height, width]: the first 12 digits of their SHA-256. Transformations whose sign is drawn have two cases. The
images are formulas in integers and Threefry's words; `images` has them by name, with the hash of the original. The crop is that of torchvision's RandomCrop with zeros.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageEnhance, ImageOps

from threefry import fold_in, key_from_seed, threefry2x32

LIBRARY = """invert7 contrast6 rotate2 translateX9 sharpness1 sharpness3 shearY2 translateY2 autocontrast5 equalize2 shearY5 posterize5 color3 brightness5
sharpness9 brightness9 equalize5 equalize1 contrast7 sharpness5 color5 translateX5 equalize7 autocontrast8 translateY3 sharpness6 brightness6 color8
solarize0 invert0 equalize0 autocontrast0 equalize8 equalize4 color5 equalize5 autocontrast4 solarize4 brightness3 color0 solarize1 autocontrast0
translateY3 translateY3 autocontrast1 solarize1 equalize5 invert0 translateY3 autocontrast1""".split()
SIGNED = ("shearY", "translateX", "translateY", "color", "contrast", "sharpness", "brightness")
RANGES = {
    "shearY": np.linspace(0, 0.3, 10),
    "translateX": np.linspace(0, 150 / 331, 10),
    "translateY": np.linspace(0, 150 / 331, 10),
    "rotate": np.linspace(0, 30, 10),
    "posterize": np.round(np.linspace(8, 4, 10), 0).astype(int),
    "solarize": np.linspace(256, 0, 10),
    **{name: np.linspace(0.0, 0.5, 10) for name in ("color", "contrast", "sharpness", "brightness")},
}


def transformed(name: str, sign: int, image: Image.Image) -> Image.Image:
    operation, index = name[:-1], int(name[-1])
    m = RANGES[operation][index].item() if operation in RANGES else None
    shifts = {
        "shearY": lambda: ((1, 0, 0, m * sign, 1, 0), Image.Resampling.BICUBIC),
        "translateX": lambda: ((1, 0, m * image.size[0] * sign, 0, 1, 0), Image.Resampling.NEAREST),
        "translateY": lambda: ((1, 0, 0, 0, 1, m * image.size[1] * sign), Image.Resampling.NEAREST),
    }
    if operation in shifts:
        matrix, resample = shifts[operation]()
        return image.transform(image.size, Image.Transform.AFFINE, matrix, resample)
    if operation == "rotate":
        turned = image.convert("RGBA").rotate(m)
        return Image.composite(turned, Image.new("RGBA", turned.size, (128,) * 4), turned).convert(image.mode)
    if operation in ("color", "contrast", "sharpness", "brightness"):
        return getattr(ImageEnhance, operation.capitalize())(image).enhance(1 + m * sign)
    return getattr(ImageOps, operation)(image, *([m] if m is not None else []))


def words(seed: int, count: int) -> np.ndarray:
    x, y = threefry2x32(fold_in(key_from_seed(seed), 0), np.zeros(count, np.uint32), np.arange(count, dtype=np.uint32))
    return (x ^ y).astype(np.int64)


def images() -> dict[str, np.ndarray]:
    """Arrays [channels, height, width]."""

    def grid(channels: int, height: int, width: int):
        return np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")

    c, y, x = grid(3, 32, 32)
    slopes = (3 * x * y + 5 * x + 40 * c + y * y) // 13 % 256
    noise = words(1, 3 * 24 * 40).reshape(3, 24, 40) % 256
    _, y, x = grid(1, 28, 28)
    disk = np.maximum(0, 255 - 3 * ((x - 12) ** 2 + (y - 15) ** 2))
    dark = 40 + words(2, 3 * 17 * 9).reshape(3, 17, 9) % 30
    flat = np.full((3, 8, 8), 77)
    c, y, x = grid(3, 32, 32)
    patches = 20 * ((x // 5 + y // 7 + c) % 12) + words(3, 3 * 32 * 32).reshape(3, 32, 32) % 9
    small = words(4, 6).reshape(1, 2, 3) % 256
    return {"slopes": slopes, "noise": noise, "disk": disk, "dark": dark, "flat": flat, "patches": patches, "small": small}


def pillow(array: np.ndarray) -> Image.Image:
    return Image.fromarray(array[0].astype(np.uint8)) if len(array) == 1 else Image.fromarray(array.transpose(1, 2, 0).astype(np.uint8))


def planes(image: Image.Image) -> np.ndarray:
    array = np.asarray(image)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array.astype(np.uint8)).tobytes()).hexdigest()[:12]


if __name__ == "__main__":
    cases = {}
    for name, array in images().items():
        image = pillow(array)
        made = {}
        for index, entry in enumerate(LIBRARY):
            signs = (-1, 1) if entry[:-1] in SIGNED else (1,)
            made[index] = [digest(planes(transformed(entry, sign, image))) for sign in signs]
        cases[name] = {"shape": list(array.shape), "original": digest(array), "transformed": [made[index] for index in range(50)]}
    text = json.dumps({"pillow": PIL.__version__, "images": cases}, indent=1)
    Path(__file__).with_name("ats.json").write_text(text + "\n")
