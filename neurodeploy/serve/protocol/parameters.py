"""Parameters of a request: options of its run, and those that clients of other servers send."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args

from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.serve.inference.nouns import InferParameters
from neurodeploy.serve.protocol.faults import fault, kind_of, not_offered, quoted, unknown_fields
from neurodeploy.signals.options import Learn

__all__ = ["NO_PARAMETERS", "PARAMETERS", "Parameter", "ReadParameters", "read_parameters"]

LONGEST_TIMEOUT_US = 3_600_000_000
SEED = 2**63
GREATEST_MARGIN = 1e300
SEQUENCES = ("sequence_id", "sequence_start", "sequence_end")


class Parameter(NamedTuple):
    """A parameter of a request: what it accepts, as JSON Schema and as a sentence, and the test of a value."""

    schema: dict[str, Any]
    text: str
    accepts: Callable[[Any], bool]
    needs: str


class ReadParameters(NamedTuple):
    """Parameters that were read."""

    run: InferParameters
    binary: bool
    """Whether outputs are bytes behind the document unless they say otherwise."""


NO_PARAMETERS = ReadParameters(InferParameters(), False)
"""Those of a request that states none."""


def _whole(low: int, high: int, text: str) -> Parameter:
    def accepts(value: Any) -> bool:
        return type(value) is int and low <= value <= high

    schema = {"type": "integer", "minimum": low, "maximum": high}
    return Parameter(schema, text, accepts, f"a whole number from {low:,} to {high:,}")


def _flag(text: str) -> Parameter:
    return Parameter({"type": "boolean"}, text, _is_flag, "true or false")


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_margin(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= GREATEST_MARGIN and math.isfinite(value)


_LEARN = get_args(Learn)


def _is_learn(value: Any) -> bool:
    return isinstance(value, str) and value in _LEARN


PARAMETERS: dict[str, Parameter] = {
    "steps": _whole(1, LARGEST, "Steps for which each sample is shown."),
    "seed": _whole(-SEED, SEED - 1, "Seed of random encoders and of noise."),
    "samples": _whole(1, LARGEST, "Number of samples, for inputs of event rows."),
    "margin": Parameter(
        {"type": "number", "minimum": 0, "maximum": GREATEST_MARGIN},
        "Lead of the highest v at which a sample is decided early, in units of v of the network.",
        _is_margin,
        f"a number from 0 to {GREATEST_MARGIN:g}",
    ),
    "profile": _flag("Whether the reply says what the inference costs on the chip."),
    "learn": Parameter(
        {"type": "string", "enum": list(_LEARN)},
        "How samples share what plastic projections learn.",
        _is_learn,
        f"one of {', '.join(_LEARN)}",
    ),
    "timeout": _whole(
        0, LONGEST_TIMEOUT_US, "Microseconds after which a request that still waits is not run; 0: none."
    ),
    "binary_data_output": _flag("Whether outputs are bytes behind the JSON, unless they say otherwise themselves."),
}
"""Parameters of a request by name."""
_RUN = ("steps", "seed", "samples", "margin", "profile", "learn")


def read_parameters(plain: object) -> tuple[ReadParameters, list[Diagnostic]]:
    """Return the parameters of a request, and what is wrong with them: ND912, ND925 (sequences and priorities).

    `plain`: the field "parameters" of the document.
    """
    if not isinstance(plain, dict):
        return NO_PARAMETERS, [fault("parameters", f"is {kind_of(plain)}; needs an object")]
    given: dict[str, Any] = dict(plain)  # pyright: ignore[reportUnknownArgumentType]
    found = [*_foreign_faults(given), *_value_faults(given)]
    if found:
        return NO_PARAMETERS, found
    run = {name: given[name] for name in _RUN if name in given}
    timeout = given.get("timeout", 0)
    made = InferParameters(**run, timeout_s=timeout / 1e6 if timeout else None)
    return ReadParameters(made, given.get("binary_data_output", False)), []


def _foreign_faults(given: dict[str, Any]) -> Iterator[Diagnostic]:
    """ND925 for what other servers offer; values that ask for nothing are left out of `given`."""
    sequence = [name for name in SEQUENCES if name in given]
    for name in sequence:
        given.pop(name)
    if sequence:
        message = "asks for a sequence; every request starts from the cleared state"
        yield not_offered(f"parameters.{sequence[0]}", message, ["a stream keeps its state: /v2/models/NAME/stream"])
    priority = given.pop("priority", 0)
    if priority != 0 or type(priority) is not int:
        message = "asks for a priority; requests run in the order in which they arrive"
        yield not_offered("parameters.priority", message, ["leave it out"])


def _value_faults(given: dict[str, Any]) -> Iterator[Diagnostic]:
    """ND912 for unknown parameters and for values that a parameter does not accept."""
    yield from unknown_fields("parameters", given, PARAMETERS)
    for name, value in given.items():
        known = PARAMETERS.get(name)
        if known is not None and not known.accepts(value):
            yield fault(f"parameters.{quoted(name)}", f"is {_brief(value)}; needs {known.needs}")


def _brief(value: Any) -> str:
    """A value of JSON as a finding quotes it."""
    if type(value) is int and value.bit_length() <= 64:
        return f"{value:,}"
    return f"'{quoted(value)}'" if isinstance(value, str) else repr(value) if type(value) is float else kind_of(value)
