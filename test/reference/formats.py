"""Writes formats.json: small files as NumPy, safetensors and Pillow write them, with the values that these libraries read from them.

    python formats.py

A file is a base64 string. Arrays have `shape`, `dtype` (as Gradleak names it) and `values` in C order; images have `width`, `height`, `channels` and `pixels`
(base64, row by row, interleaved).
"""

import base64
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save as save_numpy
from safetensors.torch import save as save_torch

DTYPES = {"float64": "F64", "float32": "F32", "float16": "F32", "int64": "I64", "int32": "I32", "uint8": "U8", "bool": "BOOL"}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def array(values: np.ndarray) -> dict:
    kind = DTYPES[values.dtype.name]
    flat = values.astype(np.uint8) if kind == "BOOL" else values
    return {"shape": list(values.shape), "dtype": kind, "values": [float(v) if kind[0] == "F" else int(v) for v in flat.ravel(order="C")]}


def written(write, *args, **kwargs) -> str:
    buffer = io.BytesIO()
    write(buffer, *args, **kwargs)
    return text(buffer.getvalue())


def ramp(dtype: str, shape=(2, 3)) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) * 1.25 - 2).astype(dtype) if dtype != "bool" else np.arange(6).reshape(shape) % 3 == 0


def npy() -> list[dict]:
    arrays = {name: ramp(name) for name in DTYPES if name != "uint8"} | {
        "uint8": np.arange(250, 256, dtype=np.uint8).reshape(3, 2),
        "float64 in Fortran order": np.asfortranarray(ramp("float64", (2, 3, 4))),
        "int32 in Fortran order": np.asfortranarray(ramp("int32", (4, 3))),
        "float32, big-endian": ramp("float32").astype(">f4"),
        "int64, big-endian": (ramp("int64") * 2**40).astype(">i8"),
        "float16, big-endian": ramp("float16").astype(">f2"),
        "float64, a number": np.array(0.1),
        "float32, one axis": ramp("float32", (5,)),
        "float32, empty": np.zeros((0, 3), np.float32),
        "float16, extremes": np.array([6e-8, 6.1e-5, 65504, -0.333], np.float16),
    }
    return [{"name": name, "file": written(np.save, values), **array(values.astype(values.dtype.newbyteorder("=")))} for name, values in arrays.items()]


def named() -> list[dict]:
    arrays = {"conv.weight": ramp("float32", (2, 1, 3, 3)), "conv.bias": ramp("float64", (2,)), "steps": ramp("int64"), "ten": np.arange(3, dtype=np.int32), "mask": ramp("bool")}
    expected = {name: array(values) for name, values in arrays.items()}
    halves = {"f16": torch.tensor([1.0, -2.5, 6e-8]), "bf16": torch.tensor([1.0, -2.5, 3e38])}
    narrow = {"f16": halves["f16"].half(), "bf16": halves["bf16"].bfloat16()}
    return [
        {"name": "np.savez", "format": "npz", "file": written(np.savez, **arrays), "arrays": expected},
        {"name": "np.savez_compressed", "format": "npz", "file": written(np.savez_compressed, **arrays), "arrays": expected},
        {"name": "safetensors", "format": "safetensors", "file": text(save_numpy(arrays, metadata={"format": "pt"})), "arrays": expected},
        {
            "name": "safetensors of torch, 16 bits",
            "format": "safetensors",
            "file": text(save_torch(narrow)),
            "arrays": {name: array(values.float().numpy()) for name, values in narrow.items()},
        },
    ]


def scene(height: int, width: int) -> np.ndarray:
    """A shaded slope with an edge and a fine pattern: not random, and not smooth."""
    row, column = np.mgrid[0:height, 0:width]
    plane = np.stack([7 * row + 3 * column, 200 - 5 * row + column, 90 + 60 * ((row + 2 * column) // 5 % 2)], -1)
    return (plane + 9 * ((row * column) % 5)[..., None]).clip(0, 255).astype(np.uint8)


def image(name: str, file: bytes) -> dict:
    opened = Image.open(io.BytesIO(file))
    if opened.mode.startswith("I"):  # 16 bits: the upper 8
        pixels = (np.asarray(opened).astype(np.int64) >> 8).astype(np.uint8)
    else:
        pixels = np.asarray(opened.convert("L" if opened.mode in ("1", "L", "LA") else "RGB"))
    channels = 1 if pixels.ndim == 2 else 3
    return {"name": name, "file": text(file), "width": pixels.shape[1], "height": pixels.shape[0], "channels": channels, "pixels": text(pixels.tobytes())}


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def interlaced(pixels: np.ndarray) -> bytes:
    """A PNG file in seven passes, which Pillow reads but does not write."""
    height, width = pixels.shape[:2]
    lines = b"".join(b"\0" + line.tobytes() for x, y, dx, dy in ADAM7 for line in pixels[y::dy, x::dx] if line.size)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def pngs() -> list[dict]:
    color = Image.fromarray(scene(13, 21))
    gray = color.convert("L")
    deep = Image.fromarray((np.asarray(gray).astype(np.uint16) << 8) + 200)
    opaque = color.copy()
    opaque.putalpha(255)
    light = gray.copy()
    light.putalpha(255)
    return [
        image("RGB", encoded(color, "PNG")),
        image("gray", encoded(gray, "PNG", optimize=True)),
        image("1 bit", encoded(gray.convert("1"), "PNG")),
        image("palette", encoded(color.quantize(200), "PNG")),
        image("palette of 4 bits", encoded(color.quantize(16), "PNG", bits=4)),
        image("palette of 2 bits", encoded(color.quantize(4), "PNG", bits=2)),
        image("opaque RGBA", encoded(opaque, "PNG")),
        image("opaque gray with alpha", encoded(light, "PNG")),
        image("gray of 16 bits", encoded(deep, "PNG")),
        image("interlaced RGB", interlaced(scene(13, 21))),
        image("interlaced, smaller than a pass", interlaced(scene(2, 3))),
    ]


def jpegs() -> list[dict]:
    color = Image.fromarray(scene(27, 37))
    return [
        image("4:2:0", encoded(color, "JPEG", quality=75)),
        image("4:4:4", encoded(color, "JPEG", quality=92, subsampling=0)),
        image("4:2:2 progressive", encoded(color, "JPEG", quality=60, subsampling=1, progressive=True)),
        image("gray", encoded(color.convert("L"), "JPEG", quality=85)),
        image("restart markers", encoded(color, "JPEG", quality=75, restart_marker_blocks=2)),
    ]


if __name__ == "__main__":
    fixture = {
        "npy": npy(),
        "named": named(),
        "png": pngs(),
        "transparentPng": text(encoded(Image.new("RGBA", (2, 2), (9, 8, 7, 100)), "PNG")),
        "jpeg": jpegs(),
        "cmykJpeg": text(encoded(Image.fromarray(scene(8, 8)).convert("CMYK"), "JPEG")),
        "pickledNpy": written(np.save, np.array([{"a": 1}], dtype=object), allow_pickle=True),
        "structuredNpy": written(np.save, np.zeros(2, [("a", "<f4")])),
    }
    path = Path(__file__).with_name("formats.json")
    path.write_text(json.dumps(fixture, indent=1) + "\n")
    print(path, path.stat().st_size)
