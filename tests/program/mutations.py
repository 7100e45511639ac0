"""Programs that somebody edited and sealed again, for tests and for scripts.

    python tests/program/mutations.py --tries 20000 --seed 1

`dice` is a `random.Random`: one of hypothesis, which shrinks what it finds, or one with a seed, so that try `i` of a seed is
always the same (`--start i --tries 1` repeats it). A program is either refused with findings, or both engines run it with equal
bits; `verdict` raises for anything else. A script that runs against a library with checks inside needs no more than that.
"""

from __future__ import annotations

import copy
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_dialect
from neurodeploy.io.tensors import join
from neurodeploy.network import Population
from neurodeploy.program import load_program
from neurodeploy.quantize.integers import parameters_of
from neurodeploy.simulate.probes import probes_named

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from engines import Choice, assert_engines_agree, hunt
from sealed_programs import IN_DIALECTS, Sealed, opened, resealed, seeds, stimulus_of

STEPS = 7
NUMBERS = (
    *(0, 1, -1, 2, 3, 7, 8, 12, 15, 16, 22, 23, 26, 30, 31, 32, 33, 60, 62, 63, 64, 65, 127, 128, 255, 256, 4095, 4096),
    *(32767, 32768, 65535, 65536, 2**23, 2**30, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63), 2**64),
)
FLOATS = (0.0, -0.0, 0.5, -1.0, 1.0, 2.0, 4096.0, 1e9, 1e19, -1e30, 1e38, 1e300, 5e-324, float("nan"), float("inf"))
DTYPES = ("<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8", ">i4", ">i8", "<f2")


# --- mutations: each changes one thing of a document and its tensors, in place


def _number(dice: Any, held: np.iinfo | None, old: int, other: int) -> int:
    """A number near the old one, far away, or of another place; within a type if one is given."""
    value = dice.choice((old + dice.choice((-2, -1, 1, 2, 64, -old * 2)), dice.choice(NUMBERS), other))
    if held is None:
        return value
    return min(
        max(dice.choice((value, held.min, held.max, old ^ (1 << dice.randrange(held.bits)))), held.min), held.max
    )


def change_entry(sealed: Sealed, dice: Any) -> None:
    """One number of one array, within its type."""
    key = _some(sealed, dice)
    array = sealed.tensors[key] = sealed.tensors[key].copy()
    flat = array.reshape(-1)
    at = dice.randrange(flat.size)
    if array.dtype.kind == "f":
        with np.errstate(all="ignore"):
            flat[at] = dice.choice((*FLOATS, float(flat[at]) + 1, -float(flat[at])))
    else:
        flat[at] = _number(dice, np.iinfo(array.dtype), int(flat[at]), int(flat[dice.randrange(flat.size)]))


def _some(sealed: Sealed, dice: Any, start: str = "") -> str:
    """The key of an array that holds something, mostly of the tables."""
    keys = [key for key in sorted(sealed.tensors) if sealed.tensors[key].size and key.startswith(start)]
    tables = [key for key in keys if key.startswith(("tables/", "inputs/"))]
    return dice.choice(tables if tables and dice.random() < 0.7 else keys)


def swap_entries(sealed: Sealed, dice: Any) -> None:
    """Two numbers of one array."""
    key = _some(sealed, dice)
    array = sealed.tensors[key] = sealed.tensors[key].copy()
    flat = array.reshape(-1)
    one, two = dice.randrange(flat.size), dice.randrange(flat.size)
    flat[one], flat[two] = flat[two], flat[one]


def swap_columns(sealed: Sealed, dice: Any) -> None:
    """Two arrays, with their types."""
    one, two = _some(sealed, dice), _some(sealed, dice)
    sealed.tensors[one], sealed.tensors[two] = sealed.tensors[two], sealed.tensors[one]


def change_length(sealed: Sealed, dice: Any) -> None:
    """One array cut off, emptied, doubled, or with one row more."""
    key = _some(sealed, dice)
    array = np.atleast_1d(sealed.tensors[key])
    cuts = [array[:0], array[: dice.randrange(len(array) + 1)], array[1:], np.concatenate([array, array[-1:]])]
    cuts += [np.concatenate([array, array[:1]]), np.concatenate([array, array]), np.roll(array, 1, axis=0)]
    sealed.tensors[key] = np.ascontiguousarray(dice.choice(cuts))


def change_type(sealed: Sealed, dice: Any) -> None:
    """One array in another type, or with other axes."""
    key = _some(sealed, dice)
    array = sealed.tensors[key]
    with np.errstate(all="ignore"):
        made = dice.choice([array.astype(dice.choice(DTYPES)), array[None], array[..., None], array.reshape(-1)[::2]])
    sealed.tensors[key] = np.ascontiguousarray(made)


def move_pointer(sealed: Sealed, dice: Any) -> None:
    """One inner boundary of a column of offsets, by one."""
    keys = [key for key in sorted(sealed.tensors) if key.endswith("ptr") and sealed.tensors[key].size > 2]
    if keys:
        key = dice.choice(keys)
        array = sealed.tensors[key] = sealed.tensors[key].copy()
        array[dice.randrange(1, array.size - 1)] += dice.choice((-1, 1))


def swap_rows(sealed: Sealed, dice: Any) -> None:
    """Two rows of one table, over all of its columns."""
    starts = ("tables/in_axon_", "tables/entry_", "tables/out_", "tables/segment_", "inputs/")
    rows = [key for key in sorted(sealed.tensors) if key.startswith(dice.choice(starts)) and not key.endswith("ptr")]
    sizes = {sealed.tensors[key].size for key in rows}
    if len(sizes) == 1 and min(sizes) > 1:
        size = sizes.pop()
        one, two = dice.randrange(size), dice.randrange(size)
        for key in rows:
            array = sealed.tensors[key] = sealed.tensors[key].copy()
            array[[one, two]] = array[[two, one]]


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of plain data, as the keys to it."""
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    found = []
    for key, value in inside:
        found += [(*path, key), *places(value, (*path, key))]
    return found


def _at(plain: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        plain = plain[key]
    return plain


def change_number(sealed: Sealed, dice: Any) -> None:
    """One number or word of the document; those of the target, the formats and the neurons more often."""
    document = sealed.document
    parts = ["target", "formats", "network", "populations", "golden", "inputs", "quantize_options", "placement_seed"]
    parts.append("activity")
    part = dice.choice([name for name in parts if document.get(name) is not None])
    leaves = [path for path in places(document[part], (part,)) if not isinstance(_at(document, path), (dict, list))]
    if leaves:
        *path, last = dice.choice(leaves)
        inside = _at(document, tuple(path))
        inside[last] = _other(inside[last], dice)


def _other(old: Any, dice: Any) -> Any:
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return _number(dice, None, old, 0)
    if isinstance(old, float):
        return dice.choice((*FLOATS, float(dice.choice(NUMBERS)), old + 1, old - 1, old * 2))
    if isinstance(old, str):
        return dice.choice(("", "x", *WORDS))
    return dice.choice((0, 1, "x", None, []))


WORDS = (
    *("wrap", "fold", "none", "registers", "symmetric", "toward_zero", "floor_mixed", "synapse", "sum", "register"),
    *("mixed", "excitatory", "inhibitory", "dense", "sparse", "runlength", "shared", "a", "b", "zero", "subtract"),
    *("in", "cells", "next", "current", "membrane", "relu", "unit", "izhikevich", "loihi_cuba", "sigma", "lif"),
)
DIALECT = {
    "decay_bits": (1, 16),
    "current_decay_offset": (0, 3),
    "voltage_decay_offset": (0, 3),
    "weight_shift_bits": (0, 16),
    "mantissa_bits": (1, 15),
    "threshold_shift_bits": (0, 28),
    "accumulator_wrap_bits": (1, 30),
    "state_bits": (1, 26),
    "current_overflow": ("wrap", "fold", "none"),
    "drive_overflow": ("wrap", "none"),
    "voltage_limit": ("registers", "symmetric", "none"),
    "weight_rounding": ("toward_zero", "floor_mixed"),
    "exponent_stage": ("synapse", "sum"),
    "weight_limit": (1, 1 << 22),
    "register_value_per_refractory_step": (0, 2**31 - 1),
}
"""Field of a dialect -> its words, or the ends of its range."""


def change_dialect(sealed: Sealed, dice: Any) -> None:
    """One rule of the arithmetic, to another one that the field may have; or a whole known dialect."""
    dialect = sealed.document["target"]["dialect"]
    if dice.random() < 0.1:
        sealed.document["target"]["dialect"] = load_dialect(dice.choice(tuple(IN_DIALECTS))).model_dump(mode="json")
        return
    name = dice.choice(sorted(DIALECT))
    ends = DIALECT[name]
    if isinstance(ends[0], str):
        dialect[name] = dice.choice(ends)
    elif name in ("accumulator_wrap_bits", "weight_limit") and dice.random() < 0.3:
        dialect[name] = None
    else:
        dialect[name] = dice.choice((*ends, dice.randint(*ends), int(dialect[name] or 0) + dice.choice((-1, 1))))


def change_precision(sealed: Sealed, dice: Any) -> None:
    """One end of a range of the target's registers, so that its tables may hold more."""
    precision = sealed.document["target"]["precision"]
    name = dice.choice([key for key in sorted(precision) if isinstance(precision[key], dict)])
    figure = precision[name]
    if "values" in figure:
        figure["values"] = sorted({*figure["values"], float(dice.choice((0, 1, 7, 8, 9, 15, 16, 31, 32)))})
    else:
        figure[dice.choice(("low", "high"))] = float(dice.choice(NUMBERS))


def change_register(sealed: Sealed, dice: Any) -> None:
    """A register of all neurons, within what the target's range for it may be."""
    precision = sealed.document["target"]["precision"]
    ranges = {"du": "du", "dv": "dv", "vth_mant": "threshold_mantissa", "bias_mant": "bias_mantissa"}
    ranges |= {"bias_exp": "bias_exponent", "refract_delay": "refractory_delay"}
    ranges |= {"vmin_exp": "vmin_exponent", "vmax_exp": "vmax_exponent"}
    name = dice.choice(sorted(ranges))
    figure, array = precision[ranges[name]], sealed.tensors[f"tables/{name}"].flatten()
    low, high = int(figure["low"]), int(figure["high"])
    held = np.iinfo(array.dtype)
    values = [dice.choice((low, high, dice.randint(min(low, high), max(low, high)))) for _ in array]
    array[:] = [
        min(max(value, held.min), held.max) for value in (values if dice.random() < 0.7 else values[:1] * len(array))
    ]
    sealed.tensors[f"tables/{name}"] = array


def change_neuron(sealed: Sealed, dice: Any) -> None:
    """One number of a population's neurons in the network; its parameters in the program follow where they can."""
    index = dice.randrange(len(sealed.document["network"]["populations"]))
    given = sealed.document["network"]["populations"][index]
    if dice.random() < 0.25:
        every, first = dice.choice((*NUMBERS, 1, 2, 3, 5)), dice.choice((*NUMBERS, 0, 1, 2))
        given["state_reset"] = {"interval_steps": every, "offset_steps": first}
        return
    neuron = given["neuron"]
    name = dice.choice(sorted(neuron))
    old = neuron[name]
    if isinstance(old, dict) and "tensor" in old:
        neuron[name] = dice.choice((*NUMBERS, *FLOATS))
    elif isinstance(old, dict):
        inside = dice.choice(sorted(old))
        old[inside] = _other(old[inside], dice)
    else:
        neuron[name] = _other(old, dice)
    follow(sealed, index)


def follow(sealed: Sealed, index: int) -> None:
    """Write the parameters of a population as its changed neurons in the network have them."""
    try:
        plain = join(sealed.document["network"]["populations"][index], sealed.tensors)
        parameters = parameters_of(Population.model_validate(plain))
    except (ValueError, TypeError, OverflowError, AttributeError):
        return
    item, named = sealed.document["populations"][index], {}
    if not item["parameters"]:
        return
    for name, values in parameters.items():
        key = f"populations/{item['name']}/parameters/{name}"
        sealed.tensors[key], named[name] = values, {"tensor": key}
    item["parameters"] = named


def change_list(sealed: Sealed, dice: Any) -> None:
    """One item of a list more or less: a format, a population, a route, a projection."""
    lists = [path for path in places(sealed.document) if isinstance(_at(sealed.document, path), list)]
    items = _at(sealed.document, dice.choice(lists))
    if items:
        at = dice.randrange(len(items))
        items.insert(at, copy.deepcopy(items[at])) if dice.random() < 0.5 else items.pop(at)


MUTATIONS = (
    *(change_entry, change_entry, change_entry, swap_entries, swap_columns, change_length, change_type, move_pointer),
    *(swap_rows, change_number, change_number, change_dialect, change_dialect, change_precision, change_register),
    *(change_register, change_neuron, change_neuron, change_list),
)

LAST = (swap_columns, change_length, change_type, change_list)
"""Mutations after which others no longer find the arrays and lists that they expect."""


def mutated(dice: Any) -> bytes:
    """The file of a program with one to three changes, sealed again."""
    name = dice.choice(sorted(seeds()))
    sealed = copy.deepcopy(opened(seeds()[name]))
    chosen = [dice.choice(MUTATIONS) for _ in range(dice.choice((1, 1, 2, 3)))]
    for change in sorted(chosen, key=lambda item: item in LAST):
        change(sealed, dice)
    return resealed(sealed)


# --- what a file must end in


def verdict(content: bytes, path: Path, dice: Any) -> str:
    """ "runs", or the codes of a refusal; anything else is raised."""
    path.write_bytes(content)
    try:
        program = load_program(path)
    except DiagnosticError as error:
        codes = {item.code for item in error.diagnostics}
        assert "ND901" not in codes, str(error)
        return " ".join(sorted(codes))
    seed, cut = dice.randrange(1 << 16), dice.choice((None, None, 3))
    options = {"overflow": dice.random() < 0.5, "activity": dice.random() < 0.5, "seed": seed}
    probes = [f"{item.name}.{name}" for item in program.populations for name in ("u", "v", "v_register")]
    named = probes_named(program.network, probes)
    shown = stimulus_of(program.network, seed, samples=dice.choice((1, 2)))
    found = assert_engines_agree(program, shown, STEPS, Choice(cut=cut), probes=named, **options)
    return "runs" if found is not None else "refused by both engines"


def main() -> int:
    """Run tries of a seed; see `engines.hunt`."""
    with tempfile.TemporaryDirectory() as folder:
        path, warm = Path(folder) / "program.ndp", random.Random(0)
        for content in seeds().values():  # what compiles at first use is compiled before a try is timed
            assert verdict(content, path, warm) == "runs"
        return hunt(lambda dice: verdict(mutated(dice), path, dice), __doc__ or "")


if __name__ == "__main__":
    raise SystemExit(main())
