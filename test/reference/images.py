"""Writes images.json: small files as Pillow writes them, with the pixels that it reads from them.

    python images.py

`oriented` have an Exif orientation, and pixels as ImageOps.exif_transpose has them. `jpeg` have the sampling factors, restart markers and scans that cameras and programs
write; some overshoot: they were compressed so coarsely that the transform leaves 0 to 255 by far. Files and pixels are base64 strings, pixels row by row, interleaved.
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from formats import scene


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def entry(name: str, file: bytes, image: Image.Image) -> dict:
    pixels = np.asarray(image)
    channels = 1 if pixels.ndim == 2 else 3
    return {"name": name, "file": text(file), "width": image.width, "height": image.height, "channels": channels, "pixels": text(pixels.tobytes())}


def oriented() -> list[dict]:
    found = []
    for kind, image in [("PNG", Image.fromarray(scene(5, 8))), ("JPEG", Image.fromarray(scene(9, 14)).convert("L"))]:
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x010F] = "a camera"
            exif[0x0112] = orientation
            file = encoded(image, kind, exif=exif)
            found.append(entry(f"{kind}, orientation {orientation}", file, ImageOps.exif_transpose(Image.open(io.BytesIO(file)))))
    return found


def spots(height: int, width: int) -> Image.Image:
    """Black and white at random: what overshoots most."""
    bits = np.random.default_rng(5).integers(0, 2, (height, width, 3))
    return Image.fromarray((255 * bits).astype(np.uint8))


def coarser(file: bytes, factor: float) -> bytes:
    """The file with all entries of its quantization tables times a factor: the image overshoots by as much."""
    changed, at = bytearray(file), 2
    while changed[at + 1] != 0xDA:
        length = changed[at + 2] << 8 | changed[at + 3]
        if changed[at + 1] == 0xDB:
            for table in range(at + 4, at + 2 + length, 65):
                for k in range(table + 1, table + 65):
                    changed[k] = min(255, int(changed[k] * factor))
        at += 2 + length
    return bytes(changed)


def jpegs() -> list[dict]:
    def made(name: str, image: Image.Image, **options) -> dict:
        file = encoded(image, "JPEG", **options)
        return entry(name, file, Image.open(io.BytesIO(file)))

    found = []
    for subsampling in (0, 1, 2):
        for progressive in (False, True):
            for height, width in [(1, 1), (2, 3), (5, 4), (16, 16), (17, 31), (33, 18)]:
                name = f"{height} x {width}, subsampling {subsampling}{', progressive' if progressive else ''}"
                found.append(made(name, Image.fromarray(scene(height, width)), quality=80, subsampling=subsampling, progressive=progressive))
    coarse = [[255] * 64] * 2
    for subsampling in (0, 2):
        found.append(made(f"spots, subsampling {subsampling}", spots(24, 40), qtables=coarse, subsampling=subsampling))
    found.append(made("spots in gray", spots(24, 40).convert("L"), qtables=coarse[:1]))
    found.append(made("spots at quality 1, progressive", spots(20, 20), quality=1, progressive=True))
    for factor in (3, 8, 255):
        for image, options in [(spots(16, 24), {"subsampling": 2}), (spots(16, 24).convert("L"), {"progressive": True})]:
            file = coarser(encoded(image, "JPEG", quality=60, **options), factor)
            found.append(entry(f"overshoot by {factor}, {image.mode}", file, Image.open(io.BytesIO(file))))
    found.append(made("restart markers in rows", Image.fromarray(scene(40, 40)), quality=70, restart_marker_rows=1))
    found.append(made("optimized, quality 100", Image.fromarray(scene(20, 20)), quality=100, optimize=True))
    found.append(made("RGB kept as RGB", Image.fromarray(scene(20, 20)), quality=90, keep_rgb=True))
    return found


path = Path(__file__).with_name("images.json")
path.write_text(json.dumps({"oriented": oriented(), "jpeg": jpegs()}, indent=1) + "\n")
print(path, path.stat().st_size)
