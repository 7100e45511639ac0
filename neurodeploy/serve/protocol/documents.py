"""Bytes to the object of a JSON document."""

from __future__ import annotations

from typing import Any, cast

from pydantic_core import from_json

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.serve.protocol.faults import fault, kind_of, not_offered, quoted, unknown_fields

__all__ = ["json_object", "raise_unless_plain_load", "wants_ready"]


def json_object(body: bytes | memoryview) -> dict[str, Any]:
    """Return the object of a JSON document in UTF-8. Its parser refuses NaN, and limits nesting and the digits of a number.

    Raises DiagnosticError: ND912.
    """
    try:
        plain: object = from_json(bytes(body), allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        raise DiagnosticError("serve", (finding("ND912", about("request"), f"is not JSON: {error}"),)) from None
    if not isinstance(plain, dict):
        raise DiagnosticError("serve", (finding("ND912", about("request"), f"is {kind_of(plain)}; needs an object"),))
    return cast("dict[str, Any]", plain)


def wants_ready(body: bytes) -> bool:
    """Return whether a request for the index of models, whose body may be empty, leaves out those that are not ready.

    Raises DiagnosticError: ND912.
    """
    plain = json_object(body) if body.strip() else {}
    found, ready = list(unknown_fields("", plain, ("ready",))), plain.get("ready", False)
    if type(ready) is not bool:
        found.append(fault("ready", f"is {kind_of(ready)}; needs true or false"))
    if found:
        raise DiagnosticError("serve", tuple(found))
    return ready


def raise_unless_plain_load(body: bytes) -> None:
    """Raise DiagnosticError if a request to load a model, whose body may be empty, asks for more than its file: ND912, ND925."""
    plain = json_object(body) if body.strip() else {}
    found, given = list(unknown_fields("", plain, ("parameters",))), plain.get("parameters", {})
    if not isinstance(given, dict):
        found.append(fault("parameters", f"is {kind_of(given)}; needs an object"))
    for name in cast("dict[str, object]", given) if isinstance(given, dict) else ():
        message = "asks for a model that the request brings along; the server loads its own files only"
        found.append(not_offered(f"parameters.{quoted(name)}", message, ["replace the file of the model"]))
    if found:
        raise DiagnosticError("serve", tuple(found))
