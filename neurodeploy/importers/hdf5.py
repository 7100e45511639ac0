# pyright: basic
"""Reader of untrusted HDF5 files: the contents as a tree of plain values.

    tree = read_tree(path)              # Folder; raises ND001 (no such file), ND003 (not HDF5, damaged)
    texts = read_texts(path, names)     # attributes of the root group that are one string each
    tree.items["layer"]                 # Folder | numbers | text | Unread

Numbers are numpy arrays of integers or floats in native byte order (booleans become int8), a string is `str`, several
strings are an object array of `str`. Items that are not read become `Unread(why)`, where `why` continues a sentence that
begins "field 'x' ...": links to other files, soft links, second links to a group, external and virtual storage, empty
dataspaces, records and references, and items larger than the limit. It becomes a finding only if the item is needed
(neurodeploy.importers.fields).

Bounds: every size is checked before data is read. All items of a file together take at most `limit_bytes`, counting 8 bytes
for each number; the default is `memory_limit_bytes()`. No item is stored in more bytes than its file has, or unpacks
to more than PACKED times its stored size. The tree has at most ENTRIES entries and DEPTH levels. Nothing here recurses.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurodeploy.io.archive import LIMIT_VARIABLE, memory_limit_bytes, read_bytes, refuse
from neurodeploy.io.recognize import recognize

__all__ = ["Folder", "Item", "Unread", "plain_text", "read_texts", "read_tree"]

ENTRIES = 50_000
DEPTH = 64
PACKED = 1100
"""Largest accepted compression ratio; deflate reaches 1,032."""
UNPACKED_FREELY = 2**20
"""Items up to this size in bytes are read regardless of their compression ratio."""
HEAP_HEADER = 16
TEXT_BYTES = 64 * 2**20
"""Most bytes of all strings of one item together."""
_LOW: Any = h5py
"""The low-level modules of h5py, which have no type information."""
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError, NotImplementedError)
"""Exceptions that h5py raises for damaged files."""


@dataclass(frozen=True)
class Unread:
    """An item that is not read, and the reason as the end of a sentence: "is ..." or "contains ..."."""

    why: str


@dataclass(frozen=True)
class Folder:
    """A group: its entries, ordered by name."""

    path: str
    """Path in the file; "/" is the root group."""
    items: dict[str, Item] = field(default_factory=dict)


Item = Folder | NDArray[Any] | str | Unread


def plain_text(value: object) -> str:
    """Return bytes or text of a file as text that can be encoded in UTF-8."""
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace")


class _Reading:
    """State while one file is read: groups and values read so far, and the memory they take."""

    def __init__(self, path: Path, root: Any, limit_bytes: int, *, records: bool = False) -> None:
        self.path, self.root, self.limit, self.records = path, root, limit_bytes, records
        self.file_bytes = path.stat().st_size
        self.used_bytes, self.entries = 0, 0
        self.groups, self.read = set[Any](), dict[Any, Item]()

    def tree(self) -> Folder:
        """Return the whole tree, walking the groups without recursion."""
        top = Folder("/")
        self.groups.add(_address(self.root))
        waiting: list[tuple[Any, Folder, int]] = [(self.root, top, 1)]
        while waiting:
            group, folder, depth = waiting.pop()
            for raw in self.names(group):
                name = plain_text(raw)
                item = self.item(group, raw)
                if isinstance(item, _LOW.h5g.GroupID) and depth < DEPTH:
                    inner = Folder(f"{folder.path.rstrip('/')}/{name}")
                    waiting.append((item, inner, depth + 1))
                    item = inner
                elif isinstance(item, _LOW.h5g.GroupID):
                    item = Unread(f"is a group below {DEPTH} levels of groups")
                folder.items[name] = item
        return top

    def names(self, group: Any) -> list[bytes]:
        """Return the names of a group's entries, in order."""
        self.entries += group.get_num_objs()
        if self.entries > ENTRIES:
            raise refuse("ND003", self.path, f"has more than {ENTRIES:,} groups and values")
        return sorted(group)

    def item(self, group: Any, raw: bytes) -> Any:
        """Return the value of an entry, or the handle of a group that has not been visited."""
        try:
            kind = group.links.get_info(raw).type
            if kind != _LOW.h5l.TYPE_HARD:
                names = {_LOW.h5l.TYPE_SOFT: "a soft link", _LOW.h5l.TYPE_EXTERNAL: "a link to another file"}
                return Unread(f"is {names.get(kind, 'a link of an unknown kind')}, which is not followed")
            found: Any = _LOW.h5o.open(group, raw)
            address = _address(found)
            if isinstance(found, _LOW.h5g.GroupID):
                if address in self.groups:
                    return Unread("is a second link to a group, which is not followed")
                self.groups.add(address)
                return found
            if not isinstance(found, _LOW.h5d.DatasetID):
                return Unread("is a type, not a value")
            if address not in self.read:
                self.read[address] = self.value(found)
            return self.read[address]
        except _DAMAGE as error:
            return Unread(f"is damaged: {_first_line(error)}")

    def value(self, dataset: Any) -> Item:
        """Return the contents of a dataset after checking its size."""
        plan = dataset.get_create_plist()
        layout = plan.get_layout()
        if plan.get_external_count():
            return Unread("is stored in another file, which is not read")
        if layout == _LOW.h5d.VIRTUAL:
            return Unread("is a virtual dataset of other files, which are not read")
        if dataset.get_space().get_simple_extent_type() == _LOW.h5s.NULL:
            return Unread("is empty")
        kind, shape = dataset.dtype, dataset.shape
        lacking = _lacking_filters(plan)
        if lacking:
            return Unread(f"is compressed by {lacking}, which h5py does not include: pip install hdf5plugin")
        text = h5py.check_string_dtype(kind)
        if self.records and _is_record(kind):
            return self.record(dataset, kind, shape)
        if self.records and _is_list(kind) and len(shape) == 1:
            return self.lists(h5py.Dataset(dataset), shape[0])
        if text is None and kind.kind not in "iufb":
            return Unread(f"contains values of type {_kind_name(kind)}, not numbers or text")
        chunk = prod(plan.get_chunk()) if layout == _LOW.h5d.CHUNKED else 0
        why = self.over(dataset.get_storage_size(), (prod(shape), chunk), kind.itemsize, 8 if text is None else 1)
        if why:
            return Unread(why)
        if text is not None:
            return self.text(h5py.Dataset(dataset), shape)
        array = np.empty(shape, dtype=kind)
        if array.size:
            dataset.read(_LOW.h5s.ALL, _LOW.h5s.ALL, array)
        if kind.kind == "b":
            return array.astype(np.int8)
        wide = kind.kind == "f" and kind.itemsize > 8
        with np.errstate(over="ignore"):  # values beyond float64 become inf, which the readers of fields reject
            array = array.astype(np.float64 if wide else kind.newbyteorder("="), copy=False)
        array.flags.writeable = False  # so that a network can use the array without a copy
        return array

    def over(self, stored: int, counts: tuple[int, int], itemsize: int, held_as: int) -> str:
        """Return why an item is too large to be read, or "". `counts`: values of the item, and of one chunk."""
        size, chunk = (count * itemsize for count in counts)
        needed = counts[0] * max(itemsize, held_as)
        if self.used_bytes + needed > self.limit or chunk > self.limit:
            return f"needs {max(needed, chunk):,} bytes of memory; the limit of a file is {self.limit:,} bytes ({LIMIT_VARIABLE})"
        if stored > self.file_bytes:
            return f"claims to store {stored:,} bytes in a file of {self.file_bytes:,}"
        if max(size, chunk) > max(PACKED * stored, UNPACKED_FREELY):
            return f"needs {max(size, chunk):,} bytes of memory but stores only {stored:,}"
        self.used_bytes += needed
        return ""

    def record(self, dataset: Any, kind: Any, shape: tuple[int, ...]) -> Item:
        """Return a structured array of numbers."""
        plan = dataset.get_create_plist()
        chunk = prod(plan.get_chunk()) if plan.get_layout() == _LOW.h5d.CHUNKED else 0
        why = self.over(dataset.get_storage_size(), (prod(shape), chunk), kind.itemsize, 8)
        if why:
            return Unread(why)
        array = np.empty(shape, dtype=kind)
        if array.size:
            dataset.read(_LOW.h5s.ALL, _LOW.h5s.ALL, array)
        return array

    def lists(self, dataset: Any, count: int) -> Item:
        """Return an object array of arrays of numbers. Lists may share storage, so the bytes of each are counted."""
        if count > ENTRIES:
            return Unread(f"contains more than {ENTRIES:,} lists")
        found = np.empty(count, dtype=object)
        for number in range(count):
            found[number] = dataset[number]
            self.used_bytes += 8 * found[number].size
            if self.used_bytes > self.limit:
                return Unread(f"needs more memory than the limit of a file, {self.limit:,} bytes ({LIMIT_VARIABLE})")
        return found

    def text(self, dataset: Any, shape: tuple[int, ...]) -> Item:
        """Return one string or an array of strings. Variable-length strings may share storage, so their bytes are counted."""
        if not shape:
            return plain_text(dataset[()])
        found, letters = np.empty(shape, dtype=object), 0
        step = max(TEXT_BYTES // max(self.file_bytes * prod(shape[1:]), 1), 1)
        for first in range(0, shape[0] if prod(shape) else 0, step):
            block = dataset[first : first + step]
            letters += sum(len(item) for item in block.ravel())
            if letters > TEXT_BYTES:
                return Unread(f"contains more than {TEXT_BYTES:,} bytes of text")
            found[first : first + step] = np.frompyfunc(plain_text, 1, 1)(block)
        return found


def _is_record(kind: Any) -> bool:
    return bool(kind.names) and all(kind[name].kind in "iufb" for name in kind.names)


def _is_list(kind: Any) -> bool:
    base = h5py.check_vlen_dtype(kind)
    return base is not None and not isinstance(base, type) and np.dtype(base).kind in "iuf"


def _lacking_filters(plan: Any) -> str:
    """Names of the filters of a dataset that this installation of HDF5 cannot undo."""
    filters = [plan.get_filter(number) for number in range(plan.get_nfilters())]
    return ", ".join(
        plain_text(item[3])[:40] or f"filter {item[0]}" for item in filters if not _LOW.h5z.filter_avail(item[0])
    )


def _address(found: Any) -> Any:
    info = _LOW.h5o.get_info(found)
    return info.fileno, info.addr


def _kind_name(kind: Any) -> str:
    known = {"c": "complex number", "V": "record", "O": "object or reference", "M": "date", "m": "duration"}
    return known.get(kind.kind) or str(kind.name)


def _first_line(error: Exception) -> str:
    return plain_text(str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__)


def _has_endless_heap(path: Path) -> bool:
    """Whether a heap of strings has an object of size 0 or beyond the heap, on which the C library would loop forever."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(b"GCOL")
        while at >= 0:
            if len(content) - at >= HEAP_HEADER and not _heap_ends(content, at):
                return True
            at = content.find(b"GCOL", at + 1)
    return False


def _heap_ends(content: mmap.mmap, at: int) -> bool:
    """Whether the objects of one heap fill it. An object is a header (index, size) and its bytes in multiples of 8; index 0
    is free space."""
    version, size = content[at + 4], int.from_bytes(content[at + 8 : at + 16], "little")
    if version != 1 or at + size > len(content):
        return True  # the library rejects it
    place, end = at + HEAP_HEADER, at + size
    while place + HEAP_HEADER <= end:
        index = int.from_bytes(content[place : place + 2], "little")
        length = int.from_bytes(content[place + 8 : place + 16], "little")
        need = HEAP_HEADER + (length + 7) // 8 * 8 if index else length
        if not 0 < need <= end - place:
            return False
        place += need
    return True


def read_tree(
    path: Path, limit_bytes: int | None = None, *, records: bool = False, shown: Path | None = None
) -> Folder:
    """Return the tree of an HDF5 file; `limit_bytes` bounds the memory of its values.

    `records`: also read records of numbers, as structured arrays, and lists of numbers, as object arrays of arrays.
    `shown`: path to name in findings instead of `path`.

    Raises DiagnosticError: ND001 (missing or not a file), ND003 (not HDF5, or damaged).
    """

    def whole(file: Any) -> Folder:
        reading = _Reading(path, file["/"].id, limit_bytes or memory_limit_bytes(), records=records)
        reading.path = shown or path
        return reading.tree()

    return _opened(path, shown or path, whole)


def read_texts(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Return attributes of the root group that hold one string each, by name; other attributes are left out.

    Raises DiagnosticError: ND001 (missing or not a file), ND003 (not HDF5, or damaged).
    """

    def texts(file: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in names:
            if name not in file.attrs:
                continue
            kept = file.attrs.get_id(name)
            if kept.shape == () and h5py.check_string_dtype(kept.dtype) is not None:
                found[name] = plain_text(file.attrs[name])
        return found

    return _opened(path, path, texts)


def _opened(path: Path, shown: Path, read: Callable[[Any], Any]) -> Any:
    """What `read` returns for the open file; faults of the file become findings."""
    if not path.is_file():
        if path.exists():
            raise refuse("ND001", shown, "cannot be read: it is a folder or a device, not a file")
        read_bytes(path)
    try:
        if path.stat().st_size and _has_endless_heap(path):
            raise refuse("ND003", shown, "is not a complete HDF5 file: its strings are damaged")
        with h5py.File(path, "r") as file:
            return read(file)
    except PermissionError as error:
        raise refuse("ND001", shown, f"cannot be read: {error.strerror or error}") from None
    except _DAMAGE as error:
        found = recognize(path)
        if found is None or found.key == "hdf5_damaged":
            message, fixes = f"is not a complete HDF5 file: {_first_line(error)}", ["copy or download it again"]
        else:
            message, fixes = f"is {found.words}, not HDF5", [found.way_in]
        raise refuse("ND003", shown, message, fixes=fixes) from None
