"""Base of all frozen data classes, and array types for their fields.

Unlike plain numpy arrays in pydantic models, the array types are validated, copied once, read-only, comparable and
serialisable to JSON.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, cast, get_origin

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from neurodeploy.base.described import Described
from neurodeploy.base.notebook import html_of
from neurodeploy.base.plain import as_array, as_items, as_table

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "FloatArray",
    "FloatParam",
    "Int8Column",
    "Int16Column",
    "Int32Column",
    "Int64Column",
    "IntArray",
    "IntParam",
    "Name",
    "Noun",
    "NumberArray",
    "PositiveParam",
    "RawArray",
    "UInt8Column",
    "UInt16Column",
    "WholeNumber",
    "array_sha256",
    "canonical_json",
    "json_digest",
]

T = TypeVar("T")
LARGEST = 1e38
"""Limit of the magnitude of floats: about that of float32, so that a product of two does not overflow a double."""
NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=200)]


class FixedTable(dict[Any, Any]):
    """Read-only dict."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "tables of a noun are read-only; create a changed copy of the noun with model_copy(update={...})"
        )

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return FixedTable, (dict(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return copy.deepcopy(dict(self), memo)

    def copy(self) -> dict[Any, Any]:
        """Return a plain dict."""
        return dict(self)


@cache
def _tables_of(kind: type[BaseModel]) -> tuple[str, ...]:
    """Names of the fields that are dicts."""
    return tuple(name for name, info in kind.model_fields.items() if get_origin(info.annotation) is dict)


class Noun(Described):
    """Immutable data. Unknown fields are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, ser_json_inf_nan="strings", defer_build=True
    )
    later: ClassVar[tuple[str, ...]] = ()
    """Fields that older files do not have. Files contain them only with another value than the default, so that the hash
    of an older file stays."""

    def model_post_init(self, context: object, /) -> None:
        """Make dicts read-only, so that values derived from them stay valid."""
        for name in _tables_of(type(self)):
            value = as_table(getattr(self, name))
            if value is not None:
                object.__setattr__(self, name, FixedTable(value))

    def __hash__(self) -> int:
        return hash((type(self).__name__, _hash_key(self)))

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in type(self).model_fields)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields that differ from their defaults, each abbreviated to a few words."""
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if info.is_required() or not _same(value, info.get_default(call_default_factory=True)):
                yield name, _Brief(_brief(value))

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str | None:
        """Return HTML for notebooks; None for kinds of data that have none."""
        return html_of(self)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with changed fields. All fields are validated; cached values are not copied."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        if deep:
            fields = {name: _apart(value) for name, value in fields.items()}
        made = type(self)(**{**fields, **(update or {})})
        object.__setattr__(made, "__pydantic_fields_set__", self.model_fields_set | set(update or {}))
        return made

    def derived(self, name: str, compute: Callable[[Self], T]) -> T:
        """Return `compute(self)`, evaluated once per object and kept under `name`; copies do not inherit it."""
        cached: dict[str, Any] = vars(self)
        if name not in cached:
            cached[name] = compute(self)
        return cached[name]

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a copy that shares no mutable object; read-only arrays are shared."""
        fields = {name: _apart(getattr(self, name)) for name in type(self).model_fields}
        return type(self).model_construct(_fields_set=set(self.model_fields_set), **fields)

    def __getstate__(self) -> dict[Any, Any]:
        """Return the fields, without cached values, for pickling."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return {**super().__getstate__(), "__dict__": fields}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Restore pickled fields, with read-only arrays."""
        super().__setstate__({**state, "__dict__": {name: _apart(item) for name, item in state["__dict__"].items()}})
        self.model_post_init(None)


def _apart(value: Any) -> Any:
    """Return a deep copy of a value that shares read-only arrays."""
    array, table = as_array(value), as_table(value)
    if array is not None:
        return _frozen(array)
    if table is not None:
        return {key: _apart(item) for key, item in table.items()}
    if type(value) in (list, tuple):
        return type(value)(_apart(item) for item in value)
    return value.__deepcopy__() if isinstance(value, Noun) else value


class _Brief(str):
    """A string whose repr is itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


_BRIEF_ITEMS, _BRIEF_LETTERS, _BRIEF_NOUN = 6, 60, 120


def _brief(value: Any, *, inside: bool = False) -> str:
    """Return a short text: arrays by type and shape, nouns by name, long lists by length."""
    array, items, table = as_array(value), as_items(value), as_table(value)
    if array is not None:
        return f"{array.dtype}{list(array.shape)}" if array.size > _BRIEF_ITEMS else str(array.tolist())
    if table is not None:
        items = [_Brief(f"{key!r}: {_brief(item, inside=True)}") for key, item in table.items()]
    if items is not None:
        shown = ", ".join(_brief(item, inside=True) for item in items[:_BRIEF_ITEMS])
        more = f", ... {len(items)} in all" if len(items) > _BRIEF_ITEMS else ""
        return f"{{{shown}{more}}}" if table is not None else f"[{shown}{more}]"
    if isinstance(value, BaseModel):
        name = getattr(value, "name", None)
        named = repr(name) if isinstance(name, str) else "..." if inside else None
        text = f"{type(value).__name__}({named})" if named else repr(value)
        return text if len(text) <= _BRIEF_NOUN else f"{type(value).__name__}(...)"
    text = f"{value:#x}" if isinstance(value, int) and value.bit_length() > _BRIEF_LETTERS else repr(value)
    return text if len(text) <= _BRIEF_LETTERS or isinstance(value, _Brief) else f"{text[:_BRIEF_LETTERS]}..."


def _hash_key(noun: BaseModel) -> str:
    """Return a text that is the same for equal nouns; arrays enter with their shape only."""
    values: list[tuple[str, Any]] = [(name, getattr(noun, name)) for name in type(noun).model_fields]
    return repr([(name, value if (array := as_array(value)) is None else array.shape) for name, value in values])


def _same(left: Any, right: Any) -> bool:
    arrays = (as_array(left), as_array(right))
    if arrays[0] is not None and arrays[1] is not None:
        return arrays[0].dtype == arrays[1].dtype and np.array_equal(arrays[0], arrays[1])
    if arrays[0] is not None or arrays[1] is not None:
        return False
    tables, items = (as_table(left), as_table(right)), (as_items(left), as_items(right))
    if tables[0] is not None and tables[1] is not None:
        one, other = tables[0], tables[1]
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if items[0] is not None and items[1] is not None:
        return len(items[0]) == len(items[1]) and all(_same(a, b) for a, b in zip(items[0], items[1], strict=True))
    return bool(left == right)


def _is_fixed(array: NDArray[Any]) -> bool:
    """Whether an array is immutable: it, or the array that it is a view of, owns its memory and is read-only.

    A view of less than half of an array does not count, because it would keep all of the memory.
    """
    whole = array if array.base is None else as_array(array.base)
    if whole is None or not array.flags.c_contiguous or whole.nbytes > 2 * array.nbytes:
        return False
    return whole.flags.owndata and not (whole.flags.writeable or array.flags.writeable)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    if not _is_fixed(array):
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


def _array(value: Any) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"not a rectangular array of numbers: {error}") from None
    if np.ma.is_masked(value):
        raise ValueError("needs unmasked numbers, but some are masked")
    if array.dtype == np.bool_ or array.dtype.kind not in "iuf":
        raise ValueError(f"needs numbers, got {array.dtype} values")
    return array


def _require_finite(array: NDArray[Any]) -> None:
    if array.dtype.kind != "f":
        return
    size = np.abs(array if array.itemsize > 2 else array.astype(np.float32))
    if (size <= LARGEST).all():
        return
    unknown = ~np.isfinite(array)
    bad = np.argwhere(unknown if unknown.any() else size > LARGEST)
    why = "not finite (nan or inf)" if unknown.any() else f"of magnitude above {LARGEST:g}"
    raise ValueError(f"{len(bad)} of {array.size} values are {why}; the first is at {[int(i) for i in bad[0]]}")


def _number_array(value: Any) -> NDArray[Any]:
    array = _array(value)
    _require_finite(array)
    return _frozen(array)


def _raw_array(value: Any) -> NDArray[Any]:
    return _frozen(_array(value))


def _float_array(value: Any) -> NDArray[Any]:
    array = _array(value)
    return _number_array(array if array.dtype.kind == "f" else array.astype(np.float64))


def _int_array(value: Any) -> NDArray[Any]:
    array = _array(value)
    if array.dtype.kind == "f" and array.size:
        raise ValueError(f"needs integers, got {array.dtype} values")
    return _frozen(array if array.size or array.dtype.kind != "f" else array.astype(np.int64))


def _float_param(value: Any) -> float | NDArray[Any]:
    array = _float_array(value)
    return float(array) if array.ndim == 0 else array


def _positive_param(value: Any) -> float | NDArray[Any]:
    param = _float_param(value)
    if not np.all(np.asarray(param) > 0):
        raise ValueError(f"must be greater than 0; the smallest is {float(np.min(param)):g}")
    return param


def _int_param(value: Any) -> int | NDArray[Any]:
    array = _int_array(value)
    return int(array) if array.ndim == 0 else array


def _column(dtype: type[np.integer[Any]], value: Any) -> NDArray[Any]:
    """A one-dimensional array of integers converted to `dtype`; ValueError if one does not fit."""
    array, limits = _int_array(value), np.iinfo(dtype)
    if array.ndim != 1:
        raise ValueError(f"needs one axis, got shape {list(array.shape)}")
    if array.dtype != limits.dtype and array.size:
        low, high = int(array.min()), int(array.max())
        if low < limits.min or high > limits.max:
            worst = low if low < limits.min else high
            raise ValueError(f"contains {worst:,}; {limits.dtype} supports {limits.min:,} to {limits.max:,}")
    return _frozen(array.astype(dtype, copy=False))


def _whole_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError("needs a whole number")
    return int(cast("int", value))


def _to_json(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


_TENSOR = {"type": "object", "properties": {"tensor": {"type": "string"}}, "required": ["tensor"]}
_LIST = {"type": "array"}


def _schema(scalar: str | None) -> WithJsonSchema:
    forms: list[dict[str, Any]] = [_LIST, _TENSOR]
    return WithJsonSchema({"anyOf": [{"type": scalar}, *forms] if scalar else forms})


_JSON = PlainSerializer(_to_json, when_used="json")

WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
"""An integer of Python or numpy; bool, float and text are rejected."""
FloatArray = Annotated[NDArray[Any], PlainValidator(_float_array), _JSON, _schema(None)]
"""Finite floats of any shape, read-only. float32 stays float32; integers become float64."""
IntArray = Annotated[NDArray[Any], PlainValidator(_int_array), _JSON, _schema(None)]
"""Integers of any type and shape, read-only. Floats are errors."""
NumberArray = Annotated[NDArray[Any], PlainValidator(_number_array), _JSON, _schema(None)]
"""Finite floats or integers of any shape, read-only; the type is kept."""
RawArray = Annotated[NDArray[Any], PlainValidator(_raw_array), _JSON, _schema(None)]
"""Numbers of any dtype and shape, read-only; not checked to be finite, as products of finite numbers may overflow."""
FloatParam = Annotated[float | NDArray[Any], PlainValidator(_float_param), _JSON, _schema("number")]
"""One float for a whole population, or a float array of the population's shape."""
PositiveParam = Annotated[float | NDArray[Any], PlainValidator(_positive_param), _JSON, _schema("number")]
"""A FloatParam in which every value is > 0."""
IntParam = Annotated[int | NDArray[Any], PlainValidator(_int_param), _JSON, _schema("integer")]
"""One integer for a whole population, or an integer array of the population's shape."""
Int8Column = Annotated[NDArray[Any], PlainValidator(partial(_column, np.int8)), _JSON, _schema(None)]
"""(n,) integers converted to this type; values out of its range are errors."""
Int16Column = Annotated[NDArray[Any], PlainValidator(partial(_column, np.int16)), _JSON, _schema(None)]
Int32Column = Annotated[NDArray[Any], PlainValidator(partial(_column, np.int32)), _JSON, _schema(None)]
Int64Column = Annotated[NDArray[Any], PlainValidator(partial(_column, np.int64)), _JSON, _schema(None)]
UInt8Column = Annotated[NDArray[Any], PlainValidator(partial(_column, np.uint8)), _JSON, _schema(None)]
UInt16Column = Annotated[NDArray[Any], PlainValidator(partial(_column, np.uint16)), _JSON, _schema(None)]


def canonical_json(plain: object) -> str:
    """Return the canonical JSON text of plain data: sorted keys, two-space indent, no NaN, final newline."""
    return json.dumps(plain, sort_keys=True, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def json_digest(plain: object) -> str:
    """Return the sha256 (hex) of the canonical JSON of `plain`."""
    return hashlib.sha256(canonical_json(plain).encode()).hexdigest()


def array_sha256(array: NDArray[Any]) -> str:
    """Return the sha256 (hex) of an array's little-endian values in C order."""
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return hashlib.sha256(little.reshape(-1).view(np.uint8).data).hexdigest()
