"""Base of data classes with documented fields: constructors that raise findings, signatures, help and JSON Schema.

The docstring below a field documents it. Docstrings are read from the source on demand, because reading all of them
would take a fifth of the import time.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from inspect import Signature
from types import UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

__all__ = ["Described", "field_meanings", "meaning_of", "own_text"]

Refusal = Callable[[type[BaseModel], Mapping[str, Any], ValidationError], Exception]


@cache
def _own_meanings(model: type[BaseModel]) -> dict[str, str]:
    """Field -> docstring of the fields that a class itself defines, from its source; empty without source."""
    if not inspect.get_annotations(model):
        return {}
    try:
        source = inspect.getsource(sys.modules[model.__module__])
    except (KeyError, OSError, TypeError):
        return {}
    named = [node for node in _classes(source, model.__name__) if node.name == model.__name__]
    return dict(_texts_below(named[-1])) if named else {}


def _classes(source: str, name: str) -> list[ast.ClassDef]:
    """The classes of a module; only the one of this name if its lines stand out, because parsing takes long."""
    alone = re.search(rf"^class {name}\b.*?(?=^[^\s)#]|\Z)", source, re.MULTILINE | re.DOTALL)
    try:
        tree = ast.parse(alone[0] if alone else source)
    except SyntaxError:
        tree = ast.parse(source)
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def _texts_below(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in zip(node.body, node.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            yield field.target.id, " ".join(inspect.cleandoc(text.value.value).split())


def field_meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return field -> docstring of a class, inherited fields included; empty for undocumented fields."""
    found = dict.fromkeys(model.model_fields, "")
    for base in reversed(model.__mro__):
        for name, text in _own_meanings(base).items():
            if name in found:
                found[name] = text
    return {name: text or _fixed(model.model_fields[name]) for name, text in found.items()}


def _fixed(info: FieldInfo) -> str:
    """Docstring of a field with a single legal value."""
    values = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    return f"Always {values[0]!r}." if len(values) == 1 else ""


def meaning_of(model: type[BaseModel], name: str) -> str:
    """Return the help line of a field: type, unit, range, default and docstring."""
    info = model.model_fields[name]
    default = "" if info.is_required() else f", default {_default(info)}"
    kind = f"{_type_words(info.annotation)}{_unit_words(info)}{_range_words(info)}"
    return f"{name}: {kind}{default}. {field_meanings(model)[name]}".rstrip()


def _default(info: FieldInfo) -> str:
    return repr(info.get_default(call_default_factory=True))


def _type_words(annotation: Any) -> str:
    """A field's type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _type_words(parts[0])
    if "ndarray" in getattr(origin or annotation, "__name__", "").lower():
        return "array"
    if origin is Literal:
        return " | ".join(repr(part) for part in parts)
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(_type_words(part) for part in parts))
    if origin is tuple:
        inner = [_type_words(part) for part in parts if part is not Ellipsis]
        return f"tuple of {inner[0]}" if Ellipsis in parts else f"({', '.join(inner)})"
    if origin is dict:
        return f"{_type_words(parts[0])} -> {_type_words(parts[1])}"
    return "None" if annotation is type(None) else getattr(annotation, "__name__", "value")


def _unit_words(info: FieldInfo) -> str:
    """The unit that annotates a numeric field of a target, such as ", unit bit"."""
    units = [item.accepted[0] for item in info.metadata if hasattr(item, "accepted")]
    return f", unit {units[0]}" if units else ""


_SIGNS = (("gt", "> "), ("ge", ">= "), ("lt", "< "), ("le", "<= "))


def _range_words(info: FieldInfo) -> str:
    rules = [(sign, getattr(rule, name)) for rule in info.metadata for name, sign in _SIGNS if hasattr(rule, name)]
    bounds = [f"{sign}{bound:,}" if isinstance(bound, int) else f"{sign}{bound:g}" for sign, bound in rules]
    return ", " + " and ".join(bounds) if bounds else ""


def own_text(model: type[BaseModel]) -> str:
    """Return the docstring of a class, without its fields."""
    return model.__dict__.get("__doc__") or ""


def _help(model: type[BaseModel]) -> str:
    """The help of a class: its docstring and one line for each field."""
    lines = [f"    {meaning_of(model, name)}" for name in model.model_fields]
    return "\n".join([own_text(model), "", "Fields:", *lines]) if lines else own_text(model)


_Helped: Any = type("_Helped", (type(BaseModel),), {"__doc__": property(_help)})
"""Metaclass whose `__doc__` documents the fields."""


class _Signature:
    """Descriptor that returns the signature of a class from its fields."""

    def __get__(self, instance: object, owner: type[BaseModel]) -> Signature:
        fields = owner.model_fields.items()
        kind = inspect.Parameter.KEYWORD_ONLY
        ordered = sorted(fields, key=lambda item: not item[1].is_required())
        return Signature([_parameter(name, info, kind) for name, info in ordered])


def _parameter(name: str, info: FieldInfo, kind: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if info.is_required() else info.get_default(call_default_factory=True)
    return inspect.Parameter(name, kind, default=default, annotation=_bare(info.annotation))


def _bare(annotation: Any) -> Any:
    """A type without its validators."""
    if hasattr(annotation, "__metadata__"):
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(_bare(part) for part in get_args(annotation))]  # noqa: UP007
    return annotation


class Described(BaseModel, metaclass=_Helped):
    """Model whose constructor raises findings, and whose signature, help and JSON Schema document its fields."""

    refusal: ClassVar[Refusal | None] = None
    """Function that creates the exception of a failed validation; set by neurodeploy.diagnostics."""

    def __init__(self, /, **data: object) -> None:
        """Validate the fields. Raises DiagnosticError: ND002, all faults at once."""
        __tracebackhide__ = True
        try:
            super().__init__(**data)
        except ValidationError as error:
            refusal = Described.refusal
            if refusal is None:
                raise
            raise refusal(type(self), data, error) from None

    # pydantic then validates nested models together with the outer one, and faults have their whole path
    __init__.__pydantic_base_init__ = True  # pyright: ignore[reportFunctionMemberAccess]

    if not TYPE_CHECKING:  # type checkers already report assignments to frozen fields

        def __setattr__(self, name: str, value: Any) -> None:
            """Raise DiagnosticError, ND002: fields are frozen."""
            try:
                super().__setattr__(name, value)
            except ValidationError as error:
                named = self.__dict__.get("name")
                data = {name: value} if named is None else {name: value, "name": named}
                raise Described.refusal(type(self), data, error) from None

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema, with the docstring of each field as its description."""
        schema = super().model_json_schema(*arguments, **options)
        tables = {cls.__name__: schema, **schema.get("$defs", {})}
        for model in (cls, *_below(cls)):
            table = tables.get(model.__name__, {})
            if "description" in table:
                table["description"] = inspect.cleandoc(own_text(model))
            for name, text in field_meanings(model).items():
                if text and name in table.get("properties", {}):
                    table["properties"][name].setdefault("description", text)
        return schema


Described.__signature__ = _Signature()  # type: ignore[assignment]


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Model classes of the fields of a class, at any depth, each once."""
    todo, seen = [model], {model}
    while todo:
        for info in todo.pop().model_fields.values():
            new = [item for item in _classes_in(info.annotation) if item not in seen]
            seen.update(new)
            todo += new
            yield from new


def _classes_in(annotation: Any) -> Iterator[type[BaseModel]]:
    parts = get_args(annotation)
    for part in parts:
        yield from _classes_in(part)
    if not parts and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
