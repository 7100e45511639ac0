"""Findings about mapping options."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.quantize.quantized import Quantized

__all__ = ["PACKAGES", "option_findings"]

PACKAGES = {"metis": "pymetis", "mtkahypar": "mtkahypar"}
"""Partitioner -> package."""


def option_findings(quantized: Quantized, target: Target, options: MappingOptions) -> list[Diagnostic]:
    """Return findings of unknown populations (ND101), cores (ND403), values of neurons (ND404) and packages (ND405)."""
    return [*_names(quantized, options), *_cores(target, options), *_figures(quantized, options), *_packages(options)]


def _names(quantized: Quantized, options: MappingOptions) -> list[Diagnostic]:
    names = [item.name for item in quantized.populations]
    lines = [item.name for item in quantized.network.inputs]
    by_option = (
        ("pins", options.pins, names),
        ("rates", options.rates, [*names, *lines]),
        ("positions", options.positions, names),
    )
    return [
        finding("ND101", about("option", option), f"population '{name}' does not exist", fixes=nearest(name, known))
        for option, by_name, known in by_option
        for name in by_name
        if name not in known
    ]


def _cores(target: Target, options: MappingOptions) -> list[Diagnostic]:
    """ND403 for cores that do not exist, and for cores pinned twice."""
    found = list[Diagnostic]()
    listed = [(about("option", "avoid_cores"), "", options.avoid_cores)]
    for name, cores in options.pins.items():
        listed.append((about("option", "pins", field=name), f"population '{name}': ", cores))
    for subject, whose, cores in listed:
        wrong = sorted({core for core in cores if not 0 <= core < target.cores})
        if wrong:
            message = f"{whose}core {wrong[0]} does not exist: the cores of target '{target.name}' are 0 to {target.cores - 1:,}"
            found.append(finding("ND403", subject, message))
    sets = {tuple(sorted(set(cores))) for cores in options.pins.values()}
    shared = sorted({core for one in sets for other in sets if one != other for core in set(one) & set(other)})
    if shared:
        message = f"core {shared[0]} is pinned for populations with different cores; pin both to the same cores or to disjoint ones"
        found.append(finding("ND403", about("option", "pins"), message))
    return found


def _figures(quantized: Quantized, options: MappingOptions) -> list[Diagnostic]:
    """ND404 for rates and positions of a wrong shape or range."""
    found, widths = _rates(quantized, options), dict[str, int]()
    for item in quantized.populations:
        if item.name in options.positions:
            given = np.asarray(options.positions[item.name])
            if given.ndim != 2 or len(given) != item.size or not given.shape[1]:
                needs = f"needs a position for each of its neurons, ({item.size:,}, coordinates)"
                found.append(_figure("positions", item.name, needs, given))
            else:
                widths[item.name] = given.shape[1]
    if len(set(widths.values())) > 1:
        text = ", ".join(f"'{name}' {width}" for name, width in widths.items())
        found.append(
            finding(
                "ND404", about("option", "positions"), f"all populations need the same number of coordinates: {text}"
            )
        )
    return found


def _rates(quantized: Quantized, options: MappingOptions) -> list[Diagnostic]:
    """ND404 for rates of a wrong shape or range; a model of the step needs them in spikes per step."""
    found, modelled = list[Diagnostic](), options.optimize != "cores"
    most = 1.0 if modelled else np.inf
    for item in (*quantized.populations, *quantized.network.inputs):
        if item.name not in options.rates:
            continue
        given = np.asarray(options.rates[item.name])
        if given.shape != (item.size,) or (given < 0).any() or (given > most).any():
            span = "from 0 to 1, spikes in a step," if modelled else "of 0 or more"
            needs = f"needs a rate {span} for each of its neurons, ({item.size:,},)"
            found.append(_figure("rates", item.name, needs, given))
    return found


def _figure(option: str, population: str, needs: str, given: NDArray[Any]) -> Diagnostic:
    subject = about("option", option, field=population)
    return finding("ND404", subject, f"population '{population}' {needs}; got {_shown(given)}")


def _shown(given: Any) -> str:
    text = f"{given.dtype} {given.shape}"
    if (given < 0).any():
        return f"{text}, least {given.min():g}"
    return f"{text}, most {given.max():g}" if (given > 1).any() else text


def _packages(options: MappingOptions) -> list[Diagnostic]:
    found = list[Diagnostic]()
    for name in options.partitioners:
        try:
            import_module(PACKAGES[name])
        except ImportError:
            package = PACKAGES[name]
            message = f"partitioner '{name}' needs the package {package}, which cannot be imported here"
            found.append(finding("ND405", about("option", "partitioners"), message, fixes=[f"pip install {package}"]))
    return found
