"""Spends cores on the step, and prints what they buy: `compile --optimize latency` and `energy` against fewest cores.

    python benchmarks/optimize.py                 the cases that take seconds
    python benchmarks/optimize.py --cases mlp,pd  some cases; deep, pd and b2 take minutes
    python benchmarks/optimize.py --json FILE     everything as JSON

All times and energies are modelled from published figures, with all intervals; none is measured. Rates are spikes per step of every
neuron and input line. Processor time is printed with the load of the machine, since others may use it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "backends"), str(HERE.parent / "targets")]

from mapping_cases import CASES, mobilenet  # noqa: E402
from rich.console import Console  # noqa: E402

import neurodeploy as nd  # noqa: E402
from neurodeploy.network import Conv2d, WeightFormat  # noqa: E402
from neurodeploy.program.audit import over_limits  # noqa: E402
from neurodeploy.report import trade_lines, trade_table  # noqa: E402

REACH = 1.5
"""Modelled time with fewest cores over that with cores spent, to reach on an unbalanced network."""
FORMAT = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
STYLE: dict[str, Any] = {"weight_format": FORMAT}


class Case(NamedTuple):
    """One network, its board and the rate of its sources."""

    title: str
    build: Callable[[], nd.Network]
    board: str | None
    rate: float
    quick: bool = True


def _cells() -> nd.LoihiCuba:
    return nd.LoihiCuba(du=4095, dv=256, vth_mant=512, reset="zero")


def _weights(*shape: int) -> Any:
    return 2 * np.random.default_rng(7).integers(1, 60, shape, dtype=np.int16)


def _network(name: str, lines: Any, sizes: dict[str, Any], links: list[Any]) -> nd.Network:
    populations = [nd.Population(name=key, shape=size, neuron=_cells()) for key, size in sizes.items()]
    return nd.Network(
        name=name,
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="in", shape=lines, encoder="spikes")],
        populations=populations,
        projections=links,
        outputs=[nd.Output(name="out", source=populations[-1].name)],
    )


def deep() -> nd.Network:
    """The last pair of MobileNet at 128 x 128: depthwise 3x3 and pointwise 1x1 of 1,024 channels on a map of 4 x 4."""
    shape = (1024, 4, 4)
    depthwise = Conv2d(input_shape=shape, weights=_weights(1024, 1, 3, 3), padding=(1, 1), groups=1024)
    pointwise = Conv2d(input_shape=shape, weights=_weights(1024, 1024, 1, 1))
    links = [
        nd.Projection(name="dw", source="in", target="depthwise", operation=depthwise, weight_format=FORMAT),
        nd.Projection(name="pw", source="depthwise", target="pointwise", operation=pointwise, weight_format=FORMAT),
    ]
    return _network("deep", shape, {"depthwise": shape, "pointwise": shape}, links)


def unbalanced() -> nd.Network:
    """One hidden layer that reads 2,000 lines beside seven that read eight each: one core works while the others wait."""
    sizes = {"busy": 60, **{f"idle{k}": 900 for k in range(7)}}
    links = [nd.dense("in", "busy", _weights(60, 2000), **STYLE)]
    for k in range(7):
        near = np.zeros((900, 60), dtype=np.int16)
        near[np.arange(900), np.arange(900) % 60] = 4
        links.append(nd.sparse("busy", f"idle{k}", near, **STYLE))
    return _network("unbalanced", 2000, sizes, links)


def _of(key: str) -> Callable[[], nd.Network]:
    return lambda: CASES[key].build()[0]


RUNS = {
    "mlp": Case("MLP 784-512-256-10, one chip", _of("mlp"), None, 0.1),
    "unbalanced": Case("one busy layer, seven idle ones, one chip", unbalanced, None, 0.05),
    "deep": Case("MobileNet's 1,024-deep layers, 32 chips", deep, "nahuku32", 0.1, quick=False),
    "pd": Case("Potjans-Diesmann 10 %, 32 chips", _of("pd"), "nahuku32", 0.0003, quick=False),
    "b2": Case(
        "MobileNet-v1 CIFAR-10, 32 chips", lambda: mobilenet(32, 1, 10, "zero")[0], "nahuku32", 0.1, quick=False
    ),
}


def measure(key: str, goal: str, most: int | None) -> tuple[dict[str, Any], nd.Compilation]:
    """One row: fewest cores and the goal, the trade between them, and the processor time it took."""
    case = RUNS[key]
    network = case.build()
    rates = {item.name: np.full(item.size, case.rate) for item in (*network.populations, *network.inputs)}
    began = time.process_time()
    result = nd.check(
        network,
        nd.load_target("loihi1", board=case.board),
        optimize=goal,  # type: ignore[arg-type]
        max_cores=most,
        rates=rates,
        fixes=False,
    )
    took, trade = time.process_time() - began, result.trade
    if trade is None or result.program is None:
        raise SystemExit("\n".join(str(item) for item in result.findings))
    row = {
        "case": key,
        "goal": goal,
        "rate": case.rate,
        "cores": [trade.fewest.cores, trade.best.cores],
        "time_s": [trade.fewest.time_per_step.value, trade.best.time_per_step.value],
        "energy_j": [trade.fewest.energy_j, trade.best.energy_j],
        "saved_j": trade.gains,
        "bottleneck": [trade.fewest.bottleneck.binds, trade.best.bottleneck.binds],
        "speed_up": trade.speed_up,
        "violations": len(over_limits(result.program)),
        "cpu_s": round(took, 1),
        "load": round(os.getloadavg()[0], 1),
        "trade": trade.model_dump(mode="json"),
    }
    return row, result


def main() -> int:
    """Run the cases; return 1 if a limit is exceeded, or a goal is worse than fewest cores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", help=",".join(RUNS))
    parser.add_argument("--goals", default="latency,energy")
    parser.add_argument("--max-cores", type=int)
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    keys = given.cases.split(",") if given.cases else [key for key, case in RUNS.items() if case.quick]
    console, rows, bad = Console(width=130, highlight=False), list[dict[str, Any]](), False
    for key in keys:
        for goal in given.goals.split(","):
            row, result = measure(key, goal, given.max_cores)
            rows.append(row)
            assert result.trade is not None
            console.print(f"\n{key}: {RUNS[key].title}; {row['rate']:g} spikes a step", trade_table(result.trade))
            console.print(*trade_lines(result.trade), sep="\n")
            reached = "reached" if row["speed_up"] >= REACH else "missed"
            verdict = (
                f"shorter step to reach {REACH:g}x: {row['speed_up']:.2f}x, {reached}" if goal == "latency" else ""
            )
            console.print(f"{verdict} ({row['cpu_s']:.0f} s of processor time, load {row['load']})".strip())
            better = row["time_s"] if goal == "latency" else row["energy_j"]
            bad |= bool(row["violations"]) or better[1] > better[0]
            if given.json:
                Path(given.json).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
