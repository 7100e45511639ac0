"""The network of a model that nengo-loihi built: its blocks as `loihi_cuba` populations, its probes as linear outputs."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import (
    Conv2d,
    Current,
    Dense,
    Input,
    Linear,
    LoihiCuba,
    Network,
    Output,
    Pes,
    Population,
    Probe,
    Projection,
    Sparse,
    Time,
    Trace,
    WeightFormat,
)
from neurodeploy.signals import SampleValues
from neurodeploy.worker import Result
from neurodeploy_backends.nengo_loihi.windows import convolution_of

__all__ = ["network_of", "samples_of"]

Array = NDArray[Any]
THRESHOLD_BITS = 6
"""A threshold is vth_mant * 2**6. Source: nengo-loihi 1.1.0, discretize.py VTH_EXP."""
DENSE = 0.5
"""Fraction of synapses from which a projection is stored as a matrix."""
VARIABLES = {"voltage": "v", "current": "u"}


def network_of(result: Result, plan: dict[str, Any], subject: str) -> Network:
    """Return the network of a result. `plan`: of the job. Raises DiagnosticError: ND002 (values outside their fields)."""
    meta, arrays = result.meta, result.arrays
    populations = [_population(row, _columns(arrays, f"population.{k}.")) for k, row in enumerate(meta["populations"])]
    return Network(
        name=meta["name"],
        time=Time(dt_s=plan["dt"], steps_per_sample=plan["steps_of_sample"]),
        inputs=(
            *(Input(name=row["name"], shape=row["size"]) for row in meta["inputs"]),
            *(Input(name=row["error"], shape=row["size"], encoder=Current()) for row in meta["rules"]),
        ),
        populations=tuple(populations),
        projections=tuple(_projections(result)),
        outputs=tuple(_outputs(result)),
        probes=tuple(_probes(result)),
        metadata={
            "imported_from": {"format": "nengo", "file": subject, "name": plan["name"], "versions": meta["versions"]},
            "roles": {row["name"]: row["role"] for row in meta["populations"]},
            "host_inputs": {row["name"]: row["pre"] for row in meta["inputs"]},
            **({"errors_of_host": {row["error"]: row["teachers"] for row in meta["rules"]}} if meta["rules"] else {}),
        },
    )


def _columns(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def _population(row: dict[str, Any], columns: dict[str, Array]) -> Population:
    neuron = LoihiCuba(
        du=_plain(columns["du"]),
        dv=_plain(columns["dv"]),
        vth_mant=_plain(columns["vth"] >> THRESHOLD_BITS),
        bias_mant=_plain(columns["bias"]),
        bias_exp=_plain(columns["bias_exp"]),
        refractory_steps=_plain(np.maximum(columns["refract"], 1) - 1),
        vmin_exp=row["vmin_exp"],
        vmax_exp=row["vmax_exp"],
    )
    return Population(name=row["name"], shape=row["size"], neuron=neuron)


def _plain(values: Array) -> Any:
    """One number for a register that all neurons share, else the array."""
    return int(values[0]) if (values == values[0]).all() else values


def _projections(result: Result) -> list[Projection]:
    meta, taken, found = result.meta, Counter[str](), list[Projection]()
    for number, row in enumerate(meta["links"]):
        columns = _columns(result.arrays, f"link.{number}.")
        source = (meta["inputs"] if row["from"] == "input" else meta["populations"])[row["source"]]
        target = meta["populations"][row["target"]]
        name = f"{source['name']}_to_{target['name']}"  # at most 164 letters
        taken[name] += 1
        found.append(
            Projection(
                name=name if taken[name] == 1 else f"{name}_{taken[name]}",
                source=source["name"],
                target=target["name"],
                operation=_operation(
                    columns, (target["size"], source["size"]), _window(meta["windows"], source, target)
                ),
                weight_format=WeightFormat(weight_bits=8, exponent=row["exponent"]),
                plasticity=None if row["rule"] is None else _rule(meta["rules"][row["rule"]]),
            )
        )
    return found


def _rule(row: dict[str, Any]) -> Pes:
    """PES as nengo-loihi built it."""
    names = ("error", "error_scale", "mantissa", "exponent", "trace_epoch_steps", "epoch_steps")
    trace = Trace(impulse=row["impulse"], tau_steps=row["tau_steps"])
    return Pes(trace=trace, **{name: row[name] for name in names})


def _window(windows: list[dict[str, Any]], source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any] | None:
    """Geometry of the convolution between a source and a target; None if there is none of their sizes."""
    name, sizes = source.get("pre", source).get("name", source["name"]), (source["size"], target["size"])
    for row in windows:
        shapes = prod(row["input_shape"]), prod(row["output_shape"])
        if (row["pre"], row["post"]) == (name, target["name"]) and shapes == sizes:
            return row
    return None


def _operation(
    columns: dict[str, Array], shape: tuple[int, int], window: dict[str, Any] | None
) -> Dense | Sparse | Conv2d:
    """A convolution if the user's has these synapses, a matrix (post, pre) if most pairs have one, else a list of synapses."""
    made = None if window is None else convolution_of(columns, window)
    if made is not None:
        return made
    pre, post, mantissas = columns["pre"], columns["post"], columns["mantissas"]
    if pre.size > DENSE * shape[0] * shape[1]:
        weights = np.zeros(shape, dtype=np.int16)
        weights[post, pre] = mantissas
        return Dense(weights=weights)
    order = np.lexsort((post, pre))
    return Sparse(shape=shape, post=post[order], pre=pre[order], weights=mantissas[order].astype(np.int16))


def _outputs(result: Result) -> list[Output]:
    """Linear outputs: what nengo-loihi's host computes from a decoded probe or a connection to the host."""
    found = list[Output]()
    for number, row in enumerate(result.meta["outputs"]):
        if row["linear"] and not _spikes_only(row):
            weights, tau = result.arrays[f"output.{number}"], row["tau"] or None
            reads = "v" if row["key"] == "voltage" else "spikes"
            decoder = Linear(weights=weights, reads=reads, tau_s=tau)
            source = result.meta["populations"][row["population"]]["name"]
            found.append(Output(name=row["name"], source=source, decoder=decoder))
    return found


def _spikes_only(row: dict[str, Any]) -> bool:
    """Whether a probe reads nothing but spikes, which every run records."""
    return row["role"] == "probe" and row["key"] == "spiked" and not row["tau"]


def _probes(result: Result) -> list[Probe]:
    found = list[Probe]()
    for row in result.meta["outputs"]:
        if not row["linear"]:
            target: str = result.meta["populations"][row["population"]]["name"]
            variable: Any = VARIABLES[row["key"]]
            found.append(Probe(name=row["name"], target=target, variable=variable))
    return found


def samples_of(result: Result, plan: dict[str, Any]) -> SampleValues | None:
    """Return the spikes of the host's input: input -> (n, 3) rows (sample, step, line); None without inputs.

    An error of the host becomes (samples, steps, lines) values, one step earlier than it acts, because what is sent in a
    step acts in the next one. `plan`: of the job. The file's `labels` are those of the samples, if there are enough of them.
    """
    rows = {row["name"]: result.arrays[f"input.{number}"] for number, row in enumerate(result.meta["inputs"])}
    errors = {row["error"]: result.arrays[f"error.{number}"] for number, row in enumerate(result.meta["rules"])}
    if not rows and not errors:
        return None
    each, n_samples = plan["steps_of_sample"], plan["steps"] // plan["steps_of_sample"]
    values = dict[str, Array]()
    for name, table in rows.items():
        step, line = table[table[:, 0] <= plan["steps"]].T
        values[name] = np.column_stack([(step - 1) // each, (step - 1) % each + 1, line])
    for name, table in errors.items():
        shaped = table[: plan["steps"]].reshape(n_samples, each, -1)
        values[name] = np.concatenate([shaped[:, 1:], np.zeros_like(shaped[:, :1])], axis=1)
    labels = result.arrays.get("labels")
    kept = labels[:n_samples] if labels is not None and labels.size >= n_samples else None
    last = max((int(table[:, 0].max(initial=0)) for table in values.values()), default=0)
    # a file holds no number of samples
    counted = kept is not None or bool(errors) or last + 1 == n_samples
    return SampleValues(values=values, n_samples=None if counted else n_samples, labels=kept)
