"""Judgement of networks against convolution cores with memories of different sizes, one layer per core.

Source of the memory formulas: sinabs dynapcnn_layer.py @904eb89 memory_summary. Kernel entries are
c * 2**(ceil(log2(kx * ky)) + ceil(log2(f))), neuron entries f * 2**(ceil(log2(fx)) + ceil(log2(fy))) under the rule
power_of_two, and the plain products under exact; a bias takes f entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.feasibility.convolution import Kernel, Map, kernel_of, map_of
from neurodeploy.feasibility.judgement import Use, over, use_of
from neurodeploy.feasibility.layer_limits import shape_findings
from neurodeploy.feasibility.matching import matching
from neurodeploy.hardware.feasibility_target import LayeredTarget
from neurodeploy.hardware.files import cite_figure
from neurodeploy.network import Network

__all__ = ["Layer", "judge_layered", "layer_needs"]

MEMORIES = ("kernel", "neuron", "bias")


class Layer(NamedTuple):
    """One population with its incoming projections, in the form that a core holds."""

    name: str
    kernel: Kernel
    bias: bool

    def with_channels(self, channels: int) -> Layer:
        """Return the layer with another number of output channels."""
        after = (channels, *self.kernel.after[1:])
        return self._replace(kernel=self.kernel._replace(channels_out=channels, after=after))


def _padded(value: int) -> int:
    """The smallest power of two that is at least the value."""
    return 1 << max(value - 1, 0).bit_length()


def layer_needs(layer: Layer, rule: str) -> dict[str, int]:
    """Return the entries of each memory that a layer needs under a rule (power_of_two or exact)."""
    item = layer.kernel
    area, maps = item.side[0] * item.side[1], item.after[1:]
    if rule == "power_of_two":
        kernel = item.channels_in * _padded(area) * _padded(item.channels_out)
        neuron = item.channels_out * _padded(maps[0]) * _padded(maps[1])
    else:
        kernel = item.channels_in * area * item.channels_out
        neuron = item.channels_out * maps[0] * maps[1]
    return {"kernel": kernel, "neuron": neuron, "bias": item.channels_out if layer.bias else 0}


def _memories(target: LayeredTarget) -> dict[str, tuple[float, ...]]:
    limits = target.limits
    return {
        "kernel": limits.kernel_memory.values,
        "neuron": limits.neuron_memory.values,
        "bias": limits.bias_memory.values,
    }


def _cores_for(needs: dict[str, int], target: LayeredTarget) -> list[int]:
    """Cores whose memories are all large enough for a layer."""
    has = _memories(target)
    return [core for core in range(len(has["kernel"])) if all(needs[name] <= has[name][core] for name in MEMORIES)]


def _bias(network: Network, name: str, channels: int) -> tuple[bool, str | None]:
    """(whether there is a bias, reason why a core cannot hold it)."""
    bias = np.asarray(getattr(network.population_by_name[name].neuron, "bias", 0.0))
    if bias.ndim and np.any((rows := bias.reshape(channels, -1)) != rows[:, :1]):
        return True, "has one bias for each neuron of a map, but a core has one for each channel"
    return bool(np.any(bias)), None


def _map(network: Network, name: str, behind: tuple[str, ...] = ()) -> Map:
    """The feature map of a source: its own shape or, if that is flat, the output of its convolution."""
    source = network.input_by_name.get(name) or network.population_by_name[name]
    if len(source.shape) > 1 or name in network.input_by_name:
        return map_of(source.shape)
    for item in network.projections:
        if item.target == name and item.source not in (name, *behind):
            made = kernel_of(item, _map(network, item.source, (name, *behind)), source.size)
            if isinstance(made, Kernel) and prod(made.after) == source.size:
                return made.after
    return map_of(source.shape)


def _layer(network: Network, name: str) -> tuple[Layer | None, list[Diagnostic]]:
    """A population as a layer, or None with the findings (ND340-ND342)."""
    found, kernels = list[Diagnostic](), list[Kernel]()
    size = network.population_by_name[name].size
    for item in network.projections:
        if item.target != name:
            continue
        made = kernel_of(item, _map(network, item.source), size)
        if isinstance(made, str):
            found.append(finding("ND341", about("projection", item.name, field="operation"), made))
        else:
            kernels.append(made)
    if not kernels:
        return None, found
    has_bias, why = _bias(network, name, kernels[0].channels_out)
    if why is not None:
        found.append(finding("ND340", about("population", name, field="bias"), why))
    forms = {(k.side, k.stride, k.padding, k.dilation, k.before[1:], k.channels_out) for k in kernels}
    if len(forms) > 1:
        message = f"its {len(kernels)} projections differ in kernel or map, but a core treats sources as channels of one kernel"
        return None, [*found, finding("ND342", about("population", name), message)]
    together = kernels[0]._replace(channels_in=sum(item.channels_in for item in kernels))
    return Layer(name, together, has_bias), found


def _destinations(network: Network, target: LayeredTarget) -> Iterator[Diagnostic]:
    for population in network.populations:
        sent = {item.target for item in network.projections if item.source == population.name}
        where, message = about("population", population.name), "projects to more layers than a core supports"
        yield from over("ND347", where, message, target, "destinations", len(sent))
        if population.name in sent:
            message = "projects to itself, and no public source states whether a core supports this"
            yield finding("ND342", where, message, severity="warning")
    for item in network.outputs:
        size = network.population_by_name[item.source].size
        for limited in over(
            "ND346", about("output", item.name), "has more classes than the readout can distinguish", target,
            "readout_classes", size,
        ):  # fmt: skip
            yield limited.model_copy(update={"severity": "warning"})


def _most_channels(layer: Layer, target: LayeredTarget) -> int:
    """The largest number of output channels with which some core holds a layer; 0 if none does."""
    rule = target.memory_rule.words[0]
    low, high = 0, layer.kernel.channels_out
    while low < high:  # a layer with fewer channels never needs more of any memory
        middle = (low + high + 1) // 2
        fits = bool(_cores_for(layer_needs(layer.with_channels(middle), rule), target))
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _memory_findings(layer: Layer, target: LayeredTarget) -> Iterator[Diagnostic]:
    """Findings of a layer that no core holds: one memory is too large for any core, or no core has all of them."""
    needs, has = layer_needs(layer, target.memory_rule.words[0]), _memories(target)
    where, most = about("population", layer.name), _most_channels(layer, target)
    fixes = [f"use {most} output channels instead of {layer.kernel.channels_out}, which fit on a core"] if most else []
    alone = [name for name in MEMORIES if needs[name] > max(has[name])]
    for name in alone:
        figure = getattr(target.limits, f"{name}_memory")
        source = cite_figure(target.file, f"limits.{name}_memory", figure)
        message = f"needs more {name} memory than any core has"
        found, limit = needs[name], max(has[name])
        numbers: Any = {"found": found, "limit": limit, "unit": figure.unit, "limit_source": source}
        yield finding("ND344", where, message, **numbers, resource=f"{name}_memory", fixes=fixes)
    if not alone:
        amounts = ", ".join(f"{needs[name]:,} {name}" for name in MEMORIES)
        source = cite_figure(target.file, "limits.kernel_memory", target.limits.kernel_memory)
        message = f"no core has all the memory that it needs: {amounts} entries"
        yield finding("ND344", where, message, limit_source=source, fixes=fixes)


def _placed(network: str, layers: list[Layer], target: LayeredTarget) -> tuple[dict[str, int], list[Diagnostic]]:
    """Layer -> core; or the layers that no core holds; or the proof that the layers do not fit together."""
    rule, found = target.memory_rule.words[0], list[Diagnostic]()
    choices = {layer.name: _cores_for(layer_needs(layer, rule), target) for layer in layers}
    for layer in layers:
        if not choices[layer.name]:
            found += _memory_findings(layer, target)
    cores, crowded = matching({name: options for name, options in choices.items() if options})
    if crowded:
        options = sorted({core for name in crowded for core in choices[name]})
        names = ", ".join(f"'{name}'" for name in crowded)
        shown = ", ".join(map(str, options))
        message = f"its layers {names} fit only cores {shown}, one layer per core"
        source = cite_figure(target.file, "limits.kernel_memory", target.limits.kernel_memory)
        found.append(
            finding(
                "ND345",
                about("network", network),
                message,
                found=len(crowded),
                limit=len(options),
                unit="core",
                limit_source=source,
            )
        )
    return ({} if found else cores), found


def judge_layered(network: Network, target: LayeredTarget) -> tuple[list[Diagnostic], list[Use], dict[str, int]]:
    """Return findings (ND340-ND347), the use of every limit, and the core of each layer if all layers have one."""
    layers, found = list[Layer](), list[Diagnostic]()
    for population in network.populations:
        layer, faults = _layer(network, population.name)
        found += faults
        if layer is not None:
            layers.append(layer)
            found += shape_findings(layer.name, layer.kernel, target)
    pools = {(p.name, k) for p in network.projections if (k := _pool(network, p.name)) is not None}
    found += [item for name, kernel in sorted(pools) for item in shape_findings(name, kernel, target, pools=True)]
    found += _destinations(network, target)
    cores, faults = _placed(network.name, layers, target)
    return [*found, *faults], _uses(layers, cores, target), cores


def _pool(network: Network, name: str) -> Kernel | None:
    """The kernel of a projection that pools before its convolution."""
    item = next(p for p in network.projections if p.name == name)
    made = kernel_of(item, _map(network, item.source), network.population_by_name[item.target].size)
    return made if isinstance(made, Kernel) and made.pool != (1, 1) else None


def _uses(layers: list[Layer], cores: dict[str, int], target: LayeredTarget) -> list[Use]:
    """Use of each memory on its fullest core if the layers are placed, else by the largest layer on the largest core."""
    uses = list[Use]()
    for name, has in _memories(target).items():
        figure = getattr(target.limits, f"{name}_memory")
        rows = [
            (layer_needs(layer, target.memory_rule.words[0])[name], has[cores[layer.name]] if cores else max(has))
            for layer in layers
        ]
        used, limit = max(rows, key=lambda row: row[0] / row[1], default=(0, max(has)))
        source = cite_figure(target.file, f"limits.{name}_memory", figure)
        uses.append(Use(name=f"{name}_memory", found=used, limit=limit, unit=figure.unit, source=source))
    n_cores = len(target.limits.kernel_memory.values)
    source = cite_figure(target.file, "limits.kernel_memory", target.limits.kernel_memory)
    uses.insert(0, Use(name="cores", found=len(layers), limit=n_cores, unit="core", source=source))
    largest = {
        "kernel_side": max((max(layer.kernel.side) for layer in layers), default=0),
        "output_side": max((max(layer.kernel.after[1:]) for layer in layers), default=0),
        "channels": max((layer.kernel.channels_out for layer in layers), default=0),
    }
    return [*uses, *(use for name, found in largest.items() if (use := use_of(target, name, found)) is not None)]
