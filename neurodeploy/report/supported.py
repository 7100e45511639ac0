"""The page of supported features, determined by trial: `python -m neurodeploy.report.supported > SUPPORTED.md`
refreshes it.

A minimal network for each operation and neuron kind is compiled for each target and checked by each backend, or judged against
targets of other architectures.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

import numpy as np

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, errors_in, rule
from neurodeploy.feasibility import judge
from neurodeploy.hardware import FeasibilityTarget, read_target, target_names
from neurodeploy.hardware.target import Target
from neurodeploy.network import (
    AdaptiveLif,
    AvgPool2d,
    Chain,
    Constant,
    Conv1d,
    Conv2d,
    CubaLi,
    CubaLif,
    Delta,
    Dense,
    DistanceKernel,
    FixedNumber,
    FixedProbability,
    GradedRelu,
    If,
    Input,
    Li,
    Lif,
    LoihiCuba,
    Network,
    Neuron,
    OneToOne,
    Operation,
    Population,
    Product,
    Projection,
    Reset,
    ResonateFire,
    ResonateZero,
    Sigma,
    SigmaDelta,
    Sparse,
    SumPool2d,
    TernaryCuba,
    Time,
    WeightFormat,
)
from neurodeploy.network.coordinates import target_size
from neurodeploy.network.neurons import SpikingNeuron
from neurodeploy.quantize.soft_reset import by_autapses
from neurodeploy.report.supported_learning import learning_lines
from neurodeploy.simulate import backend_names, get_backend

__all__ = ["KINDS", "OPERATIONS", "markdown", "smallest"]

TAU_S, DT_S = 0.016, 1e-3
"""Time constant of 16 steps, which the decays of all chips reach."""
MAP = (1, 2, 2)
"""Shape of the source of every operation: one channel of 2 x 2."""
KINDS: Mapping[str, Neuron] = {
    item.kind: item
    for item in (
        If(v_threshold=1.0),
        Lif(tau_m_s=TAU_S, v_threshold=1.0),
        CubaLif(tau_m_s=TAU_S, tau_syn_s=TAU_S, v_threshold=1.0),
        Li(tau_m_s=TAU_S),
        CubaLi(tau_m_s=TAU_S, tau_syn_s=TAU_S),
        LoihiCuba(du=4095, dv=256, vth_mant=10),
        TernaryCuba(du=4095, dv=256, v_upper_mant=10, v_lower_mant=-10),
        SigmaDelta(threshold=1),
        Delta(threshold=1),
        Sigma(),
        GradedRelu(),
        Product(),
        ResonateFire(sin_decay=100, cos_decay=3900, threshold=10),
        ResonateZero(sin_decay=800, cos_decay=31200, threshold=10),
        AdaptiveLif(delta_i=0.1, delta_v=0.1, delta_theta=0.1, delta_r=0.1, theta_0=5.0, theta_step=1.0),
    )
}
"""A minimal neuron of each kind."""
OPERATIONS: Mapping[str, Operation] = {
    item.kind: item
    for item in (
        Dense(weights=np.full((2, 4), 2.0)),
        Sparse(shape=(2, 4), post=np.array([0, 1]), pre=np.array([0, 3]), weights=np.full(2, 2.0)),
        OneToOne(weights=np.array(2.0)),
        Conv1d(input_shape=(1, 4), weights=np.full((1, 1, 1), 2.0)),
        Conv2d(input_shape=MAP, weights=np.full((1, 1, 2, 2), 2.0)),
        SumPool2d(input_shape=MAP, kernel=(2, 2), stride=(2, 2)),
        AvgPool2d(input_shape=MAP, kernel=(2, 2), stride=(2, 2)),
        Chain(
            operations=(
                SumPool2d(input_shape=MAP, kernel=(2, 2), stride=(2, 2)),
                Dense(weights=np.full((2, 1), 2.0)),
            )
        ),
        FixedProbability(shape=(2, 4), probability=1.0, weights=Constant(value=2.0), seed=0),
        FixedNumber(shape=(2, 4), number=2, weights=Constant(value=2.0), seed=0),
        DistanceKernel(
            source_shape=(4,),
            target_shape=(2,),
            extent=(1.0,),
            probability=1.0,
            radius=2.0,
            weights=Constant(value=2.0),
            seed=0,
        ),
    )
}
"""An operation of each kind on MAP."""
CARRIERS = ("lif", "if")
"""Candidate kinds of the source neurons; the first that the target supports is used."""


def _offered(target: Target | FeasibilityTarget) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(neuron kinds, resets) of a target; all if it does not list them."""
    if isinstance(target, Target):
        return target.neurons.kinds, tuple(target.neurons.resets)
    kinds, resets = target.abilities.kinds, target.abilities.resets
    return (kinds.words if kinds else tuple(KINDS)), (resets.words if resets else ("zero",))


def _widest(target: Target | FeasibilityTarget) -> int:
    """Bits of the widest weights of a target, as far as known."""
    if isinstance(target, Target):
        return int(max(target.precision.weight_bits.values))
    bits = target.abilities.weight_bits
    return int(bits.value) if bits else 1


def smallest(kind: str, operation: str, target: Target | FeasibilityTarget) -> Network:
    """Return a network of one operation from supported neurons to neurons of one kind."""
    kinds, resets = _offered(target)
    mode = Reset(mode=resets[0])  # pyright: ignore[reportArgumentType]

    def neuron(name: str) -> Neuron:
        found = KINDS[name]
        return found.model_copy(update={"reset": mode, "v_floor": 0.0}) if isinstance(found, SpikingNeuron) else found

    carrier = next((name for name in CARRIERS if name in kinds), CARRIERS[0])
    step, style = OPERATIONS[operation], WeightFormat(weight_bits=_widest(target), sign_mode="excitatory")
    integers = style if not hasattr(KINDS[kind], "r") else None
    return Network(
        name="smallest",
        time=Time(dt_s=DT_S),
        inputs=(Input(name="lines", shape=(4,)),),
        populations=(
            Population(name="before", shape=MAP, neuron=neuron(carrier)),
            Population(name="cells", shape=(target_size(step, 4),), neuron=neuron(kind)),
        ),
        projections=(
            Projection(name="wires", source="lines", target="before", operation=Dense(weights=np.full((4, 4), 2.0))),
            Projection(name="step", source="before", target="cells", operation=step, weight_format=integers),
        ),
    )


def _codes(findings: tuple[Diagnostic, ...]) -> str:
    return " ".join(sorted({item.code for item in errors_in(findings)}))


def _cell(
    kind: str, operation: str, target: Target | FeasibilityTarget, marks: Mapping[str, str]
) -> tuple[str, set[str]]:
    """(text, codes) of a cell: marks of the backends that run it, or the codes of the refusals."""
    network = smallest(kind, operation, target)
    if not isinstance(target, Target):
        codes = _codes(judge(network, target).findings)
        return codes or ("judged" if target.abilities.kinds else "not public"), set(codes.split())
    try:
        result = compile_network(network, target, CompileOptions(fixes=False))
    except DiagnosticError as error:
        return _codes(error.diagnostics), {item.code for item in error.diagnostics}
    program = result.program
    if program is None:
        codes = _codes(result.findings)
        return codes, set(codes.split())
    runs = [marks[name] for name in marks if not errors_in(get_backend(name).check(program))]
    return " ".join(runs) or "-", set()


def _marks(names: tuple[str, ...]) -> dict[str, str]:
    """Backend -> abbreviation from its initials and digits, "lava-loihi2" -> "LL2"; longer if ambiguous."""
    found: dict[str, str] = {}
    for name in names:
        words = [re.fullmatch(r"(.*?)(\d*)", word) for word in name.split("-")]
        parts = [(word.group(1), word.group(2)) for word in words if word]
        for length in range(1, len(name) + 1):
            mark = "".join(letters[:length] + number for letters, number in parts).upper()
            if mark not in found.values():
                found[name] = mark
                break
    return found


AUTAPSES = (
    "autapse: a synapse from each neuron to itself subtracts the threshold (docs/reference/arithmetic.md).",
    "`--soft-reset two_compartments` compiles an extension of `loihi1` instead.",
)
"""Lines below the table of resets."""


def _table(target: Target | FeasibilityTarget, marks: Mapping[str, str]) -> tuple[list[str], set[str]]:
    """Rows of a target's table, kinds with equal cells merged, and the codes in it."""
    heads = [name.replace("_", " ") for name in OPERATIONS]
    rows, codes = dict[tuple[str, ...], list[str]](), set[str]()
    for kind in KINDS:
        cells = [_cell(kind, operation, target, marks) for operation in OPERATIONS]
        codes |= {code for _, refused in cells for code in refused}
        rows.setdefault(tuple(text for text, _ in cells), []).append(f"`{kind}`")
    lines = [f"| neuron | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    return [*lines, *(f"| {', '.join(kinds)} | {' | '.join(cells)} |" for cells, kinds in rows.items())], codes


def _resets(targets: list[Target | FeasibilityTarget]) -> list[str]:
    modes = ("zero", "value", "subtract", "none")
    lines = [f"| target | {' | '.join(modes)} |", f"|---|{'---|' * len(modes)}"]
    for target in targets:
        offered = _offered(target)[1]
        synaptic = isinstance(target, Target) and by_autapses(target, "autapse")
        supported = (*offered, *(["value"] if isinstance(target, Target) and "zero" in offered else []))
        cells = ["yes" if mode in supported else "-" for mode in modes]
        cells = [
            "autapse" if synaptic and mode == "subtract" else cell for mode, cell in zip(modes, cells, strict=True)
        ]
        if not isinstance(target, Target) and target.abilities.resets is None:
            cells = ["not public"] * len(modes)
        lines.append(f"| `{target.name}` | {' | '.join(cells)} |")
    return lines


def markdown() -> str:
    """Return the page in Markdown: operation x neuron kind x target x backend."""
    marks = _marks(backend_names())
    targets = sorted((read_target(name) for name in target_names()), key=lambda item: not isinstance(item, Target))
    legend = ", ".join(f"{mark} {name}" for name, mark in marks.items())
    lines = [
        "# What runs where",
        "",
        "Generated by `python -m neurodeploy.report.supported > SUPPORTED.md`, from a minimal network of each operation and",
        "neuron kind that is compiled for each target and checked by each backend. A test keeps it current.",
        "",
        f"A cell names the backends that run it ({legend}), or the code of the finding that refuses it.",
        "`judged` means that networks are judged against the chip, not compiled for it, and no limit is violated;",
        "`not public` means that its limits do not state which neurons it supports.",
        "",
    ]
    codes, by_table = set[str](), dict[tuple[str, ...], list[Target | FeasibilityTarget]]()
    for target in targets:
        table, refused = _table(target, marks)
        codes |= refused
        by_table.setdefault(tuple(table), []).append(target)
    for table, same in by_table.items():
        lines += [f"## {', '.join(target.name for target in same)}", ""]
        lines += ["; ".join(target.title for target in same) + ".", "", *table, ""]
    lines += ["## Resets", "", *_resets(targets), "", *AUTAPSES, ""]
    learning, refused = learning_lines(marks)
    codes |= refused
    lines += learning
    lines += ["## Codes", "", *(f"- {code} {rule(code).name}: {rule(code).what}" for code in sorted(codes)), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(markdown())
