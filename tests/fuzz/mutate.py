"""Ways to spoil bytes, plain data, arrays, sealed archives and HDF5 files; `dice` is a seeded random.Random."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

INTEGERS = (
    0,
    -1,
    1,
    2,
    7,
    127,
    128,
    255,
    256,
    4095,
    4096,
    65535,
    65536,
    2**31 - 1,
    2**31,
    -(2**31),
    2**63 - 1,
    -(2**63),
)
ODD = (
    *(None, True, "", "x", "../../etc/passwd", "\x1b[31m", "\x00", "\ud800", "x" * 10_000),
    *([], {}, [[1]], [[[]]], {"tensor": [1]}, {"tensor": "x"}),
    *(0.5, -0.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), 10**30, -(10**30), 10**4400),
)


def odd(dice: Any) -> Any:
    """A value that a field hardly ever has."""
    return dice.choice((*ODD, *INTEGERS))


# --- bytes


def flip(content: bytearray, dice: Any) -> None:
    for _ in range(dice.randint(1, 4)):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def truncate(content: bytearray, dice: Any) -> None:
    del content[dice.randrange(len(content)) :]


def zero(content: bytearray, dice: Any) -> None:
    start = dice.randrange(len(content))
    stop = min(start + 16, len(content))
    content[start:stop] = bytes(stop - start)


def insert(content: bytearray, dice: Any) -> None:
    start = dice.randrange(len(content))
    content[start:start] = struct.pack("<Q", dice.getrandbits(64))


def spoil_bytes(path: Path, dice: Any) -> None:
    """Change a few bytes of a file."""
    content = bytearray(path.read_bytes())
    if content:
        dice.choice((flip, truncate, zero, insert))(content, dice)
    path.write_bytes(content)


# --- plain data


def places(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of plain data, as the keys to it."""
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def spoil_plain(plain: Any, dice: Any, value: Callable[[Any], Any] = odd) -> None:
    """Change, remove, double or add one item of nested lists and dicts, in place."""
    *path, last = dice.choice(list(places(plain)) or [("x",)])
    for key in path:
        plain = plain[key]
    what = dice.choice(("set", "set", "set", "remove", "add", "double", "swap"))
    if what == "remove" and last in (plain if isinstance(plain, dict) else range(len(plain))):
        del plain[last]
    elif what == "add" and isinstance(plain, dict):
        plain["an unknown field"] = value(dice)
    elif what == "double" and isinstance(plain, list):
        plain.append(plain[last])
    elif what == "swap" and isinstance(plain, dict):
        other = dice.choice(list(plain))
        plain[last], plain[other] = plain[other], plain[last]
    else:
        plain[last] = value(dice)


def json_text(plain: Any) -> str:
    """JSON as careless writers make it: NaN, long integers and lone surrogates stand as they are."""
    digits = 10**4400
    return _long(plain, digits) if _has(plain, digits) else json.dumps(plain)


def _has(plain: Any, number: int) -> bool:
    if isinstance(plain, dict):
        return any(_has(item, number) for item in plain.values())
    if isinstance(plain, (list, tuple)):
        return any(_has(item, number) for item in plain)
    return isinstance(plain, int) and plain == number


def _long(plain: Any, number: int) -> str:
    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shown(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [shown(item) for item in value]
        return "@long@" if isinstance(value, int) and value == number else value

    return json.dumps(shown(plain)).replace('"@long@"', "1" + "0" * 4400)


# --- arrays

DTYPES = (
    "int8",
    "uint8",
    "int16",
    "int32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "bool",
    "complex64",
    "U3",
    "S3",
)


def spoil_array(array: np.ndarray, dice: Any) -> np.ndarray:
    """A changed copy: values, type, axes or length."""
    array = np.array(array)
    what = dice.choice(("value", "value", "value", "type", "axes", "length", "double", "empty"))
    if what == "value" and array.size and array.dtype.kind in "iuf":
        flat = array.reshape(-1)
        for _ in range(dice.choice((1, 1, 3, flat.size))):
            flat[dice.randrange(flat.size)] = _number(array.dtype, dice)
        return array
    if what == "type":
        with np.errstate(all="ignore"):
            return array.astype(dice.choice(DTYPES)) if array.dtype.kind in "iufb" else array.astype("U3")
    if what == "axes":
        return dice.choice(
            (array.reshape(-1), array[None], array[..., None], np.array(array.reshape(-1)[:1].tolist() or 0))
        )
    if what == "length" and array.ndim:
        return array[: dice.randrange(len(array) + 1)]
    if what == "double" and array.ndim:
        return np.concatenate([array, array[-1:]])
    return array[:0] if array.ndim else np.zeros((0,), dtype=array.dtype)


def _number(dtype: np.dtype, dice: Any) -> Any:
    if dtype.kind == "f":
        value = dice.choice((0.0, -1.0, 1e30, float("nan"), float("inf"), -float("inf"), 0.5, 1e-40))
        with np.errstate(all="ignore"):
            return dtype.type(value)
    info = np.iinfo(dtype)
    return dice.choice(
        [value for value in (*INTEGERS, info.min, info.max, dice.randint(-9, 99)) if info.min <= value <= info.max]
    )


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=array.dtype.hasobject)
    return buffer.getvalue()


def spoil_npy(content: bytes, dice: Any) -> bytes:
    """An .npy with a header that lies, or that no parser reads."""
    start = content.find(b"{")
    stop = content.find(b"}") + 1
    text = dice.choice(
        (
            b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000), }",
            b"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
            b"{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
            b"{'descr': '<f8', 'fortran_order': True, 'shape': 3, }",
            b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }",
            b"{'descr': '<f8', 'shape': (3,) ",
            b"(((((((((((",
            b"'" + b"\\" * 9,
            b"1" * 5000,
        )
    )
    return content[:start] + text + content[stop:]


def spoil_npz(path: Path, dice: Any) -> None:
    """Change one array of an .npz: its values, its header, its name, or how often it is there."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(sorted(members))
    what = dice.choice(("array", "array", "array", "header", "name", "lack"))
    if what == "array":
        members[name] = npy_bytes(spoil_array(np.load(io.BytesIO(members[name])), dice))
    elif what == "header":
        members[name] = spoil_npy(members[name], dice)
    else:
        content = members.pop(name)
        if what == "name":
            members[dice.choice(("x.npy", "../x.npy", " ", "x" * 300 + ".npy", "a/b.npy", "x\x1b[0m.npy"))] = content
    with zipfile.ZipFile(path, "w", dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


# --- sealed archives


def unsealed(path: Path) -> tuple[str, Any, dict[str, np.ndarray]]:
    """(format, document, tensors) of a sealed archive."""
    with zipfile.ZipFile(path) as archive:
        seal, document = (json.loads(archive.read(f"{name}.json")) for name in ("seal", "document"))
        tensors = {key: np.load(io.BytesIO(archive.read(f"tensors/{key}.npy"))) for key in seal["tensors"]}
    return seal["format"], document, tensors


def reseal(path: Path, format_name: str, document: Any, tensors: dict[str, np.ndarray]) -> None:
    """Write an archive whose hashes are right, whatever it holds."""
    from neurodeploy.base.noun import array_sha256, canonical_json, json_digest

    table = {
        key: {
            "dtype": array.dtype.newbyteorder("<").str,
            "shape": list(array.shape),
            "bytes": int(array.nbytes),
            "sha256": array_sha256(array),
        }
        for key, array in sorted(tensors.items())
    }
    try:
        seal = {
            "format": format_name,
            "digest": json_digest({"document": document, "tensors": table}),
            "tensors": table,
        }
        texts = canonical_json(document), canonical_json(seal)
        texts = tuple(text.encode() for text in texts)
    except ValueError:  # NaN, surrogates and integers of thousands of digits have no canonical text
        seal = {"format": format_name, "digest": "", "tensors": table}
        texts = json_text(document).encode("utf-8", "surrogatepass"), canonical_json(seal).encode()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("document.json", texts[0])
        archive.writestr("seal.json", texts[1])
        for key, array in tensors.items():
            archive.writestr(f"tensors/{key}.npy", npy_bytes(array))


def spoil_sealed(path: Path, dice: Any) -> None:
    """Change one to three tensors or fields of a sealed archive and seal it again."""
    format_name, document, tensors = unsealed(path)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if tensors and dice.random() < 0.7:
            key = dice.choice(sorted(tensors))
            changed = spoil_array(tensors[key], dice)
            tensors[key] = changed if changed.dtype.kind in "iufbc" else tensors[key]
        else:
            spoil_plain(document, dice)
    reseal(path, format_name, document, tensors)


# --- HDF5


def spoil_hdf5(path: Path, dice: Any) -> None:
    """Change one dataset or group of an HDF5 file: value, type, kind of object, or a link in its place."""
    import h5py

    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name = dice.choice(sorted(names))
        item, what = (
            file[name],
            dice.choice(("value", "value", "value", "remove", "group", "empty", "text", "link", "huge")),
        )
        value = np.asarray(item[()]) if isinstance(item, h5py.Dataset) and item.shape is not None else np.zeros(3)
        del file[name]
        if what == "value":
            file[name] = _storable(
                spoil_array(value, dice) if value.dtype.kind in "iuf" else np.array(dice.choice(INTEGERS[:12]))
            )
        elif what == "group":
            file.create_group(name)["x"] = 1
        elif what == "empty":
            file[name] = h5py.Empty("f8")
        elif what == "text":
            file[name] = dice.choice(("", "x", "NIRGraph", "\x1b[31m", "x" * 10_000))
        elif what == "link":
            file[name] = dice.choice(
                (h5py.SoftLink("/"), h5py.SoftLink(f"/{name}"), h5py.ExternalLink("other.h5", "/"))
            )
        elif what == "huge":
            file.create_dataset(
                name, shape=dice.choice(((10**12,), (10**6, 10**6))), chunks=True, dtype="f8", compression="gzip"
            )


def _storable(array: np.ndarray) -> np.ndarray:
    return array.astype("S") if array.dtype.kind == "U" else array
