"""Validation errors of pydantic as findings that name the user's field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from neurodeploy.base.described import Described
from neurodeploy.base.plain import as_items, as_table
from neurodeploy.diagnostics.errors import DiagnosticError
from neurodeploy.diagnostics.finding import Diagnostic, finding
from neurodeploy.diagnostics.subject import Subject, SubjectKind, about

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["field_path", "nearest", "schema_findings"]


LONGEST = 60
"""Maximum length of a quoted value, and of a word for which a similar one is suggested."""


def nearest(word: object, words: Sequence[str]) -> list[str]:
    """Return ["did you mean 'x'?"] for the nearest of the legal words, or an empty list."""
    close = get_close_matches(word[:LONGEST], list(words), n=1, cutoff=0.5) if isinstance(word, str) else []
    return [f"did you mean '{close[0]}'?"] if close else []


def field_path(document: object, location: Sequence[int | str]) -> str:
    """Return a location as users read it: populations[hidden].neuron.tau_m_s, by names where items have names."""
    text, here = "", document
    for part in location:
        table, items = as_table(here), as_items(here)
        if isinstance(part, int):
            item = items[part] if items is not None and part < len(items) else None
            name = (as_table(item) or {}).get("name")
            text += f"[{name if isinstance(name, str) else part}]"
            here = item
        elif table is not None and part not in table and _is_tag(table, part):
            continue  # pydantic adds the tag of a union to the location, but it is not a field of the document
        else:
            text += f".{part}" if text else part
            here = table.get(part) if table is not None else None
    return text or "the document"


def _is_tag(table: dict[str, Any], part: str) -> bool:
    return any(isinstance(tag, str) and tag == part for tag in (table.get("kind"), table.get("mode")))


def _legal_fields(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Every field name of the model and of models inside it, for suggestions."""
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
    parts = get_args(annotation)  # before isinstance: in Python 3.10, list[int] is an instance of type but not a class
    if parts:
        return [model for part in parts for model in _models_in(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


MOST_FAULTS = 99
"""Maximum number of errors of one document that are listed individually."""


def schema_findings(
    code: str, subject: Subject, error: ValidationError, document: object, model: type[BaseModel]
) -> tuple[Diagnostic, ...]:
    """Return one finding per error, with the path of the field and a suggestion for an unknown word."""
    found: list[Diagnostic] = []
    rows = error.errors(include_url=False)
    for row in rows[:MOST_FAULTS]:
        path = field_path(document, row["loc"])
        message, fixes = _message(row, path, model)
        found.append(finding(code, subject.model_copy(update={"field": path}), message, fixes=fixes))
    if len(rows) > MOST_FAULTS:
        found.append(finding(code, subject, f"and {len(rows) - MOST_FAULTS:,} more of this kind"))
    return tuple(dict.fromkeys(found))


def _message(row: ErrorDetails, path: str, model: type[BaseModel]) -> tuple[str, list[str]]:
    """The message of an error, and suggestions."""
    context, value = row.get("ctx", {}), row["input"]
    if row["type"] == "extra_forbidden":
        word, own = str(row["loc"][-1]), list(model.model_fields) if len(row["loc"]) == 1 else []
        return f"field '{path}' is unknown", nearest(word, own) or nearest(word, _legal_fields(model, row["loc"]))
    if row["type"] == "missing":
        return f"field '{path}' is missing", []
    if row["type"] in ("literal_error", "union_tag_invalid"):
        words = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
        word = context.get("tag", value)
        where = path if row["type"] == "literal_error" else f"{path}.{context['discriminator'].strip(chr(39))}"
        message = f"field '{where}': {_shown(word)} is not one of {context.get('expected') or ', '.join(words)}"
        return message, nearest(word, words)
    if row["type"] == "union_tag_not_found":
        tag = context["discriminator"].strip("'")
        return f"field '{path}': needs a field '{tag}' that gives its kind, or an object", []
    sentence = row["msg"].removeprefix("Value error, ")
    message = (
        SENTENCES[row["type"]].format(**_counted(context))
        if row["type"] in SENTENCES
        else sentence[:1].lower() + sentence[1:]
    )
    return f"field '{path}': {message}{_given(value)}", []


_WHOLE, _NUMBER, _FIELDS = "needs a whole number", "needs a number", "needs a noun or its fields by name"
_SEVERAL = "needs several values in a list or tuple"
SENTENCES: Mapping[str, str] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), "needs true or false"),
    **dict.fromkeys(("list_type", "tuple_type", "iterable_type"), _SEVERAL),
    **dict.fromkeys(("model_type", "model_attributes_type"), _FIELDS),
    "frozen_instance": "is read-only; use model_copy(update={{...}}) to create a changed copy",
    "is_instance_of": "needs a {class}",
    "dict_type": "needs a mapping from names to values",
    "string_type": "needs a text",
    "string_unicode": "needs a text that is valid Unicode",
    "finite_number": "needs a finite number",
    "greater_than": "needs to be above {gt}",
    "greater_than_equal": "needs to be at least {ge}",
    "less_than": "needs to be below {lt}",
    "less_than_equal": "needs to be at most {le}",
    "too_short": "needs at least {min_length}, got {actual_length}",
    "too_long": "needs at most {max_length}, got {actual_length}",
    "string_too_short": "needs at least {min_length} letters",
    "string_too_long": "needs at most {max_length} letters",
    "string_pattern_mismatch": "is not a valid name: use letters, digits, _ . and -, without . or - at the start",
}
"""Error type of pydantic -> message."""


def _counted(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of an error, with whole numbers without a decimal point."""
    whole = {name: int(bound) for name, bound in context.items() if isinstance(bound, float) and bound.is_integer()}
    counts = {**context, **whole}
    return {name: f"{bound:,}" if isinstance(bound, int) else bound for name, bound in counts.items()}


def _quoted(text: str) -> str:
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "...")


def _given(value: Any) -> str:
    return f" (given: {_shown(value)})" if isinstance(value, (str, int, float)) else ""


def _shown(value: Any) -> str:
    """A short form of a value: itself, or its type."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int) and value.bit_length() > 3 * LONGEST:
        return f"a number of {value.bit_length():,} bits"
    return repr(value) if isinstance(value, (int, float)) else f"a {type(value).__name__}"


NAMED: Mapping[str, SubjectKind] = {
    "Network": "network",
    "Population": "population",
    "Projection": "projection",
    "Input": "input",
    "Output": "output",
    "Probe": "probe",
}
"""Classes whose objects have names."""


def _refusal(model: type[BaseModel], data: Mapping[str, Any], error: ValidationError) -> DiagnosticError:
    """The error of invalid arguments of a constructor."""
    name, kind = data.get("name"), NAMED.get(model.__name__)
    named = about(kind, name[:LONGEST]) if kind is not None and isinstance(name, str) else None
    subject = named or about("class", model.__name__)
    return DiagnosticError("construction", schema_findings("ND002", subject, error, dict(data), model))


Described.refusal = staticmethod(_refusal)
