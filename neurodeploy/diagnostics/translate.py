"""Verb: pydantic's complaints as findings that name the user's field. Knows no stage."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from neurodeploy._plain import as_items, as_table
from neurodeploy.diagnostics.finding import Diagnostic, finding

__all__ = ["field_path", "nearest", "schema_findings"]


def nearest(word: str, words: Sequence[str]) -> list[str]:
    """Return ["did you mean 'x'?"] for the nearest of the legal words, or an empty list."""
    close = get_close_matches(word, list(words), n=1, cutoff=0.5)
    return [f"did you mean '{close[0]}'?"] if close else []


def field_path(document: Any, location: Sequence[int | str]) -> str:
    """Return a location as users read it: populations[hidden].neuron.tau_m_s, by names where items have names."""
    text, here = "", document
    for part in location:
        table, items = as_table(here), as_items(here)
        if isinstance(part, int):
            item = items[part] if items is not None and part < len(items) else None
            name = (as_table(item) or {}).get("name")
            text += f"[{name if isinstance(name, str) else part}]"
            here = item
        elif table is not None and part not in table and part in (table.get("kind"), table.get("mode")):
            continue  # the tag of a union is no field of the document
        else:
            text += f".{part}" if text else part
            here = table.get(part) if table is not None else None
    return text or "the document"


def _legal_fields(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Every field name anywhere below the model: near enough for a suggestion."""
    seen: set[str] = set()
    todo, done = [model], set[type[BaseModel]]()
    while todo:
        current = todo.pop()
        if current in done:
            continue
        done.add(current)
        for name, info in current.model_fields.items():
            seen.add(name)
            todo += _models_in(info.annotation)
    return sorted(seen - {str(location[-1])})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    parts = get_args(annotation)  # asked first: to Python 3.10 list[int] is a type, and yet no class
    if parts:
        return [model for part in parts for model in _models_in(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def schema_findings(
    code: str, where: str, error: ValidationError, document: Any, model: type[BaseModel]
) -> tuple[Diagnostic, ...]:
    """Return one finding for each complaint, with the field's path and the nearest legal name for an unknown field."""
    found: list[Diagnostic] = []
    for row in error.errors(include_url=False):
        path = field_path(document, row["loc"])
        sentence = row["msg"].removeprefix("Value error, ")
        if row["type"] == "extra_forbidden":
            message = f"field '{path}' is unknown"
            fixes = nearest(str(row["loc"][-1]), _legal_fields(model, row["loc"]))
        elif row["type"] == "missing":
            message, fixes = f"field '{path}' is missing", []
        else:
            message, fixes = f"field '{path}': {sentence[:1].lower()}{sentence[1:]}{_given(row['input'])}", []
        found.append(finding(code, where, message, fixes=fixes))
    return tuple(dict.fromkeys(found))


def _given(value: Any) -> str:
    return f" (given: {value!r})" if isinstance(value, (str, int, float, bool)) else ""
