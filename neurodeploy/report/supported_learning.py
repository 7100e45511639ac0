"""Who runs which learning rule, determined by trial: the part on learning of the page of supported features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError, errors_in
from neurodeploy.hardware import Target, load_dialect, load_target
from neurodeploy.network import (
    Current,
    Dense,
    Input,
    LoihiCuba,
    Network,
    Pes,
    Population,
    Projection,
    Sigma,
    SumOfProducts,
    Time,
    Trace,
    WeightFormat,
)
from neurodeploy.simulate import get_backend

__all__ = ["PLACES", "RULES", "learning_lines", "learns_by", "place_of"]

TRACE = Trace(impulse=16, tau_steps=10)
PAIRS = "2^-2*x1*y0 - 2^-2*y1*x0"


def _products(**changes: Any) -> SumOfProducts:
    return SumOfProducts.model_validate({"dw": PAIRS, "x1": TRACE, "y1": TRACE, **changes})


RULES: Mapping[str, SumOfProducts | Pes] = {
    "dw, in every step": _products(),
    "dw, once in an epoch": _products(epoch_steps=4),
    "dw with u products and w": _products(dw="2^-2*x1*y0 - u4*(w - 20)"),
    "dd": _products(dd="2^-2*x1*y0"),
    "dt": _products(dt="2^-2*x1*y0"),
    "third factor": _products(third_factors=({"source": "signal", "trace": "y2"},)),
    "graded spikes": _products(graded="overwrite"),
    "rounding none": _products(rounding="none"),
    "PES": Pes(error="error"),
}
"""A rule for each part of what rules can have."""
PLACES = {
    "loihi1": ("loihi1", "loihi1"),
    "loihi2": ("loihi2", "loihi2"),
    "loihi1, dialect nengo": ("loihi1", "nengo"),
    "loihi1, dialect brian2loihi": ("loihi1", "brian2loihi"),
}
"""Column -> target and dialect."""


def learns_by(rule: SumOfProducts | Pes) -> Network:
    """Return a network of one projection that learns by `rule`, with the inputs that the rule names."""
    graded = isinstance(rule, SumOfProducts) and rule.graded != "none"
    others = [Input(name="signal", shape=(2,))] if isinstance(rule, SumOfProducts) and rule.third_factors else []
    if isinstance(rule, Pes):
        others = [Input(name="error", shape=(1,), encoder=Current())]
    return Network(
        name="learns",
        time=Time(dt_s=1e-3),
        inputs=(
            Input(name="lines", shape=(3,), encoder=Current()) if graded else Input(name="lines", shape=(3,)),
            *others,
        ),
        populations=(
            Population(
                name="cells", shape=(2,), neuron=Sigma() if graded else LoihiCuba(du=4095, dv=256, vth_mant=100)
            ),
        ),
        projections=(
            Projection(
                name="step",
                source="lines",
                target="cells",
                operation=Dense(weights=np.full((2, 3), 20)),
                weight_format=WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed"),
                plasticity=rule,
            ),
        ),
    )


def place_of(title: str) -> Target:
    """Return the target of a column of the table, in its dialect. `title`: of PLACES."""
    name, dialect = PLACES[title]
    found = load_target(name)
    return found if found.dialect.name == dialect else found.model_copy(update={"dialect": load_dialect(dialect)})


def _cell(rule: SumOfProducts | Pes, target: Target, marks: Mapping[str, str]) -> tuple[str, set[str]]:
    """(text, codes) of a cell: marks of the backends that run it, or the codes of the refusals."""
    try:
        result = compile_network(learns_by(rule), target, CompileOptions(fixes=False))
    except DiagnosticError as error:
        codes = {item.code for item in errors_in(error.diagnostics)}
        return " ".join(sorted(codes)), codes
    if result.program is None:
        codes = {item.code for item in errors_in(result.findings)}
        return " ".join(sorted(codes)), codes
    program, able = result.program, list[str]()
    for name, mark in marks.items():
        backend = get_backend(name)
        if rule.kind in getattr(backend, "learns", ()) and not errors_in(backend.check(program)):
            able.append(mark)
    return " ".join(able) or "-", set()


def learning_lines(marks: Mapping[str, str]) -> tuple[list[str], set[str]]:
    """Return the lines of the table of learning rules, and the codes in it. `marks`: backend -> abbreviation."""
    targets = {title: place_of(title) for title in PLACES}
    lines, codes = [f"| rule | {' | '.join(targets)} |", f"|---|{'---|' * len(targets)}"], set[str]()
    for title, rule in RULES.items():
        cells = [_cell(rule, target, marks) for target in targets.values()]
        codes |= {code for _, refused in cells for code in refused}
        lines.append(f"| {title} | {' | '.join(text for text, _ in cells)} |")
    return [
        "## Learning rules",
        "",
        "Sums of products by part, and PES, on one dense projection. lava and nengo-loihi are matched bit for bit, their random",
        "numbers included; lava's authors say that their model approximates the chip, and nengo's that chip and emulator differ.",
        "Brian2Loihi's draws are its own: equal where nothing is decided by chance.",
        "",
        *lines,
        "",
    ], codes
