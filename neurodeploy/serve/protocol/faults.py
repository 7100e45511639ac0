"""Findings about requests, which name the field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.translate import nearest

__all__ = ["LONGEST", "fault", "kind_of", "not_offered", "quoted", "unknown_fields"]

LONGEST = 60
"""Letters of a name of the client that a finding quotes."""
_KINDS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    type(None): "null",
    list: "a list",
    dict: "an object",
    int: "a whole number",
    float: "a number with a fraction or an exponent",
}


def fault(field: str, message: str, fixes: Iterable[str] = ()) -> Diagnostic:
    """Return ND912 about a field of a request, such as "inputs[pixels].shape". `message`: what is wrong, without a subject."""
    return finding("ND912", about("request"), f"field '{field}' {message}", fixes=fixes)


def not_offered(field: str, message: str, fixes: Iterable[str] = ()) -> Diagnostic:
    """Return ND925: a part of the protocol that this server does not have. Arguments: as for `fault`."""
    return finding("ND925", about("request"), f"field '{field}' {message}", fixes=fixes)


def quoted(text: str) -> str:
    """Return a name that a client chose, cut to a length that can be read."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def kind_of(value: object) -> str:
    """Return what a value of JSON is, in words: "a text", "null"."""
    return _KINDS.get(type(value), "something else")


def unknown_fields(where: str, plain: Mapping[str, object], known: Collection[str]) -> Iterator[Diagnostic]:
    """ND912 for every field of an object that the protocol does not have. `where`: its path; empty for the document."""
    for name in plain:
        if name not in known:
            field = f"{where}.{quoted(name)}" if where else quoted(name)
            yield fault(field, f"is not known here; known: {', '.join(known)}", nearest(name, list(known)))
