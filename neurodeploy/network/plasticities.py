"""What a projection takes as plasticity: a rule, the equation of its weights, or the name of a ready-made rule."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from neurodeploy.base.plain import as_table
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network.equations import equation_of
from neurodeploy.network.plasticity import Plasticity, SumOfProducts
from neurodeploy.network.rules import named

__all__ = ["AnyPlasticity"]


def _expand(value: Any) -> Any:
    """The rule that a text or a table {"rule": name, ...} stands for; any other value as it is."""
    table = as_table(value)
    if isinstance(value, str):
        return _named(value, {}) if _is_name(value) else {"kind": "sum_of_products", "dw": equation_of(value)}
    if table is not None and isinstance(table.get("rule"), str):
        return _named(table["rule"], {key: item for key, item in table.items() if key != "rule"})
    return value


def _is_name(text: str) -> bool:
    """Whether a text is a name: every product of an equation has a digit."""
    return bool(text) and re.fullmatch(r"[A-Za-z_\- ]+", text) is not None


def _named(name: str, parameters: dict[str, Any]) -> SumOfProducts:
    try:
        return named(name, **{str(key): item for key, item in parameters.items()})
    except DiagnosticError as error:
        parts = ("; ".join([item.message, *(fix.text for fix in item.fixes)]) for item in error.diagnostics)
        raise ValueError("; ".join(parts)) from None


AnyPlasticity = Annotated[Plasticity, Field(discriminator="kind"), BeforeValidator(_expand)]
"""A rule of any kind; a text is the equation of dw or the name of a ready-made rule, a table with "rule" is a ready-made rule
with its parameters."""
