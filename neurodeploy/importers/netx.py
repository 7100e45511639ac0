# pyright: basic
"""Verb: a lava-dl netx file (.net, HDF5) to a Network of integers, without loss. The file has no clock: it is asked for.

Layout: layer/<i>/{type, shape (channels, height, width), neuron/{type, iDecay, vDecay, vThMant, refDelay, wgtExp}, weight, bias,
stride, padding, dilation, groups, delay}. iDecay and vDecay are the effective decays: du = iDecay - 1. bias counts in 2**6.
"""

from __future__ import annotations

import re
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurodeploy._archive import read_bytes, refuse
from neurodeploy.diagnostics import Diagnostic, finding, raise_errors
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.ledger import LedgerLine
from neurodeploy.network import (
    Conv2d,
    Current,
    Dense,
    Input,
    LoihiCuba,
    Network,
    OneToOne,
    Output,
    Population,
    Projection,
    Time,
    WeightFormat,
)
from neurodeploy.network.connectivity import target_size

__all__ = ["load_netx"]

BIAS_EXP = 6
WEIGHT_BITS = 8
KINDS = ("input", "flatten", "dense", "conv")


def _plain(value: Any) -> Any:
    """A dataset as text, number or array."""
    array = np.asarray(value)
    if array.size == 1 and array.dtype.kind in "SO":
        item = array.ravel()[0]
        return item.decode() if isinstance(item, bytes) else str(item)
    return array


def _read(path: Path) -> list[dict[str, Any]]:
    """Layers in order, each a dict of its fields; the neuron's are under "neuron"."""
    read_bytes(path)
    try:
        with h5py.File(path, "r") as file:
            group: Any = file.get("layer")
            if not isinstance(group, h5py.Group):
                raise refuse("ND051", path, "is HDF5, but holds no netx network: there is no group 'layer'")
            names = sorted(group, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0))
            return [_fields(group[name]) for name in names]
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise refuse("ND003", path, f"is not a whole HDF5 file: {error}") from None


def _fields(group: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in group.items():
        found[key] = _fields(item) if isinstance(item, h5py.Group) else _plain(item[()])
    return found


class _Reader:
    """Walks the layers, keeping what the next one is fed by."""

    def __init__(self, path: Path) -> None:
        self.path, self.findings = path, list[Diagnostic]()
        self.inputs, self.populations, self.projections = list[Input](), list[Population](), list[Projection]()
        self.source, self.shape, self.delay = "", tuple[int, ...](), np.zeros((), dtype=np.int64)
        self.ledger = list[LedgerLine]()

    def say(self, code: str, message: str) -> None:
        self.findings.append(finding(code, f"file '{self.path}'", message))

    def layer(self, number: int, layer: dict[str, Any]) -> bool:
        """Read one layer; False ends the walk."""
        kind = layer.get("type")
        if kind not in KINDS:
            self.say("ND052", f"layer {number} has type '{kind}', which is not imported: {', '.join(KINDS)}")
            return False
        shape = tuple(int(n) for n in np.atleast_1d(layer.get("shape", ())))
        if kind == "flatten":
            self.shape = (prod(self.shape),)
            return True
        if kind == "dense" and np.ndim(layer.get("weight", np.zeros((1, 1)))) != 2:
            self.say(
                "ND053",
                f"layer {number} (dense) has weights of shape {list(np.shape(layer['weight']))}, not of two axes",
            )
            return False
        if not self.source:
            self._open(number, layer, kind, shape)
        if kind == "input":
            return True
        if not self._sizes_fit(number, layer, shape):
            return False
        neuron = self._neuron(number, layer, shape)
        operation = self._operation(number, layer, kind)
        if neuron is None or operation is None:
            return False
        got = target_size(operation, prod(self.shape))
        if got != prod(shape):
            self.say("ND053", f"layer {number} ({kind}) has shape {list(shape)}; its weights reach {got} neurons")
            return False
        self._add(f"layer{number}", shape, neuron, operation, _style(layer))
        self._delay(number, layer, shape)
        return True

    def _open(self, number: int, layer: dict[str, Any], kind: str, shape: tuple[int, ...]) -> None:
        """Make the input; an input layer with neurons is a population that values drive."""
        own = "neuron" in layer and kind == "input"
        given = shape if kind == "input" else self._fed(layer, kind)
        self.inputs.append(
            Input(name="input", shape=given, encoder=Current()) if own else Input(name="input", shape=given)
        )
        self.source, self.shape = "input", given
        neuron = self._neuron(number, layer, shape) if own else None
        if neuron is not None:
            style = WeightFormat(weight_bits=WEIGHT_BITS, sign_mode="excitatory")
            self._add(
                f"layer{number}",
                shape,
                neuron.model_copy(update={"bias_mant": 0, "bias_exp": 0}),
                OneToOne(weights=np.array(1)),
                style,
            )
            value = f"{_number(layer, 'weight', 1):g} * x + {_number(layer, 'bias', 0):g}"
            note = "the values to give are biases already; the file's own way from an input x stands here"
            self._line(f"layer {number}", "bias of the input layer", value, "a value for each neuron and step", note)

    def _fed(self, layer: dict[str, Any], kind: str) -> tuple[int, ...]:
        weights = np.asarray(layer.get("weight", np.zeros((1, 1))))
        if kind == "conv":
            self.say("ND052", "begins with a convolution and has no input layer that says the shape of its source")
            return (int(weights.shape[1]), 1, 1)
        return (int(weights.shape[1]),)

    def _sizes_fit(self, number: int, layer: dict[str, Any], shape: tuple[int, ...]) -> bool:
        """Whether registers are single numbers and biases go evenly into the layer; says what does not."""
        before, fields = len(self.findings), layer.get("neuron")
        for key, value in fields.items() if isinstance(fields, dict) else ():
            if key in ("iDecay", "vDecay", "vThMant", "refDelay") and np.size(value) != 1:
                self.say(
                    "ND053", f"layer {number} has {np.size(value)} values of neuron/{key}; one is for the whole layer"
                )
        size = np.size(layer.get("bias", 0.0))
        if not size or prod(shape) % size:
            self.say("ND053", f"layer {number} has {size} biases for {prod(shape)} neurons")
        return len(self.findings) == before

    def _line(self, where: str, quantity: str, asked: str, got: str, note: str) -> None:
        self.ledger.append(LedgerLine(where=where, quantity=quantity, asked=asked, got=got, level="assumed", note=note))

    def _neuron(self, number: int, layer: dict[str, Any], shape: tuple[int, ...]) -> LoihiCuba | None:
        fields: Any = layer.get("neuron")
        needed = ("iDecay", "vDecay", "vThMant")
        lacking = [key for key in needed if not isinstance(fields, dict) or key not in fields]
        if lacking:
            self.say("ND052", f"layer {number} lacks {', '.join(f'neuron/{key}' for key in lacking)}")
            return None
        if fields.get("type") not in ("CUBA", "LOIHI"):
            self.say(
                "ND052",
                f"layer {number} has neurons of type '{fields.get('type')}', which are not imported: CUBA, LOIHI",
            )
            return None
        if int(np.max(fields.get("gradedSpike", 0))):
            self.say("ND052", f"layer {number} sends graded spikes, which its CUBA neurons do not have here")
            return None
        if int(np.min(fields["iDecay"])) < 1:
            self.say(
                "ND053", f"layer {number} has iDecay {int(np.min(fields['iDecay']))}; the least is 1 (du = iDecay - 1)"
            )
            return None
        bias = np.rint(np.asarray(layer.get("bias", 0.0), dtype=np.float64)).astype(np.int64)
        if bias.size > 1:
            bias = np.repeat(bias.ravel(), prod(shape) // bias.size).reshape(shape)
        return LoihiCuba(
            du=int(fields["iDecay"]) - 1,
            dv=int(fields["vDecay"]),
            vth_mant=int(fields["vThMant"]),
            bias_mant=bias if bias.size > 1 else int(bias.ravel()[0]),
            bias_exp=BIAS_EXP if np.any(bias) else 0,
            refractory_steps=max(int(fields.get("refDelay", 1)) - 1, 0),
        )

    def _operation(self, number: int, layer: dict[str, Any], kind: str) -> Any:
        if "weight" not in layer:
            self.say("ND052", f"layer {number} ({kind}) lacks its weight")
            return None
        given = np.asarray(layer["weight"], dtype=np.float64)
        weights = np.rint(given).astype(np.int64)
        if np.any(weights != given):
            self.say(
                "ND053",
                f"layer {number} ({kind}) has {int(np.count_nonzero(weights != given))} weights that are no integers",
            )
            return None
        if kind == "dense":
            if weights.ndim != 2 or weights.shape[1] != prod(self.shape):
                self.say(
                    "ND053",
                    f"layer {number} (dense) has weights of shape {list(weights.shape)}; {prod(self.shape)} neurons feed it",
                )
                return None
            return Dense(weights=weights)
        weights = weights[..., 0] if weights.ndim == 5 and weights.shape[-1] == 1 else weights
        groups = int(np.max(layer.get("groups", 1)))
        if weights.ndim != 4 or len(self.shape) != 3 or weights.shape[1] * groups != self.shape[0]:
            self.say(
                "ND053",
                f"layer {number} (conv) has weights of shape {list(weights.shape)} in {groups} groups; shape {list(self.shape)} feeds it",
            )
            return None
        pairs: Any = {
            key: _pair(layer.get(key), default) for key, default in (("stride", 1), ("padding", 0), ("dilation", 1))
        }
        return Conv2d(input_shape=self.shape, weights=weights, groups=groups, **pairs)

    def _add(self, name: str, shape: tuple[int, ...], neuron: LoihiCuba, operation: Any, style: WeightFormat) -> None:
        flat: Any = {key: value.ravel() if isinstance(value, np.ndarray) else value for key, value in neuron}
        self.populations.append(Population(name=name, shape=shape, neuron=LoihiCuba(**flat)))
        axis: Any = {"delay_axis": "source"} if self.delay.ndim else {}
        delay = self.delay if self.delay.ndim else int(self.delay)
        self.projections.append(
            Projection(
                name=f"{self.source}_to_{name}",
                source=self.source,
                target=name,
                operation=operation,
                weight_format=style,
                delay_steps=delay,
                **axis,
            )
        )
        self.source, self.shape, self.delay = name, shape, np.zeros((), dtype=np.int64)

    def _delay(self, number: int, layer: dict[str, Any], shape: tuple[int, ...]) -> None:
        """Axon delays of a layer: of all its neurons, of each channel, or of each neuron."""
        if "delay" not in layer:
            return
        delay = np.rint(np.asarray(layer["delay"], dtype=np.float64)).astype(np.int64).ravel()
        if delay.size == 1:
            self.delay = np.asarray(int(delay[0]))
        elif prod(shape) % delay.size:
            self.say("ND053", f"layer {number} has {delay.size} delays for {prod(shape)} neurons")
        else:
            self.delay = np.repeat(delay, prod(shape) // delay.size)


def _number(layer: dict[str, Any], key: str, default: float) -> float:
    return float(np.ravel(layer.get(key, default))[0])


def _pair(value: Any, default: int) -> tuple[int, int]:
    numbers = [default] if value is None else np.atleast_1d(value).astype(int).tolist()
    return (numbers[0], numbers[-1])


def _style(layer: dict[str, Any]) -> WeightFormat:
    """Even weights are of mixed sign; odd ones can only be stored with one sign."""
    weights = np.asarray(layer["weight"])
    odd = bool(np.any(np.rint(weights).astype(np.int64) & 1))
    mode = (
        "mixed" if not odd else "excitatory" if weights.min() >= 0 else "inhibitory" if weights.max() <= 0 else "mixed"
    )
    exponent = int(np.max(layer["neuron"].get("wgtExp", 0)))
    return WeightFormat(weight_bits=WEIGHT_BITS, exponent=exponent, sign_mode=mode)


def load_netx(path: Path, options: ImportOptions) -> Imported:
    """Return the network of a .net file: integers as they stand, layers in a row.

    Raises DiagnosticError: ND001, ND003, ND051 (no netx network), ND052 (what is not imported), ND053 (what does not fit), ND047
    (the step is not said). Source of the fields: lava-dl netx, d825ac5.
    """
    layers, reader = _read(path), _Reader(path)
    for number, layer in enumerate(layers):
        if not reader.layer(number, layer):
            break
    if options.dt_s is None:
        told = "does not say how long a step is"
        fixes = ["--dt SECONDS, e.g. --dt 1e-3"]
        reader.findings.append(finding("ND047", f"file '{path}'", told, fixes=fixes))
    raise_errors("import", reader.findings)
    reader._line("import", "dt_s", "not in the file", f"{options.dt_s:g} s", "given by the user")
    reader._line("import", "latency of a layer", "as netx runs it", "1 step per projection", "the same")
    network = Network(
        name=re.sub(r"[^\w.-]", "_", path.name.removesuffix(".net")),
        time=Time(dt_s=options.dt_s or 1.0),
        inputs=tuple(reader.inputs),
        populations=tuple(reader.populations),
        projections=tuple(reader.projections),
        outputs=(Output(name="output", source=reader.source),),
        metadata={"imported_from": {"format": "netx", "file": path.name}},
    )
    return Imported(network=network, ledger=tuple(reader.ledger))
