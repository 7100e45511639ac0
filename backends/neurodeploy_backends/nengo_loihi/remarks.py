"""What nengo-loihi changes in a network, as findings and as lines of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.importers.notes import Notes
from neurodeploy.importers.options import ImportOptions
from neurodeploy.worker import Result

__all__ = ["ledger_of", "remarks_of"]

EXPECTED = ("does not support initial values", "extra bits in weight rounding")
"""Warnings of nengo-loihi that become lines of the ledger: every default network causes them."""
HOST_STEPS = 2
"""Steps by which values reach the host later. Source: nengo-loihi 1.1.0 emulator and Nengo's synapses; measured."""
Facts = dict[str, Any]


def remarks_of(result: Result, subject: str) -> tuple[Diagnostic, ...]:
    """Return ND086 for everything that nengo-loihi changes or leaves out, and an info for printed text."""
    found, meta = list[Diagnostic](), result.meta
    for fact in meta["facts"]:
        message = _fact(fact)
        found += [finding("ND086", about("file", subject), message)] if message else []
    said = Counter(text for text in (*meta["said"], *meta["overflow"]) if not any(word in text for word in EXPECTED))
    for text, count in said.items():
        times = f" ({count} times)" if count > 1 else ""
        found.append(finding("ND086", about("file", subject), f"nengo-loihi says: {_sentence(text)}{times}"))
    found += [finding("ND086", about("file", subject), message) for message in _host(result)]
    found += [finding("ND086", about("file", subject), _learning(row)) for row in meta["rules"]]
    if meta["printed"].strip():
        text = " | ".join(meta["printed"].split("\n")).strip(" |")
        found.append(finding("ND086", about("file", subject), f"it printed: {text[:300]}", severity="info"))
    return tuple(found)


def _sentence(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")


def _learning(row: Facts) -> str:
    """The sentence of a connection that learns, whose errors come from a host that is left out."""
    given = " and ".join(f"'{name}'" for name in row["teachers"]) or "nothing"
    return (
        f"connection '{row['connection']}' learns by PES from input '{row['error']}', which holds the errors that {given} gave "
        "while nengo-loihi learned; other weights would give other errors"
    )


def _fact(fact: Facts) -> str:
    """The sentence of a silent change; empty for one that only the ledger names."""
    if fact["fact"] == "sample_every":
        return f"probe '{fact['object']}' asks for a value every {fact['asked']:g} s; every step is recorded"
    if fact["fact"] == "dead_end":
        return f"node '{fact['object']}' is left out, with the connections into it: nothing reads it; probe it"
    if fact["fact"] != "neuron":
        return ""
    dropped = f", without {', '.join(fact['dropped'])}" if fact["dropped"] else ""
    kind = {"LIFRate": "LIF", "RectifiedLinear": "SpikingRectifiedLinear"}.get(fact["got"], fact["got"])
    return f"neurons of ensemble '{fact['object']}' are {fact['asked']}, which nengo-loihi builds as {kind or 'other neurons'}{dropped}"


def _host(result: Result) -> Iterator[str]:
    """Sentences about inputs that saturate and outputs that are left out."""
    for number, row in enumerate(result.meta["inputs"]):
        if row.get("merged"):
            limit = f", that is beyond a magnitude of {row['radius'] or 1:g}" if row["coded"] else ""
            yield f"input '{row['name']}' loses {row['merged']:,} spikes: a line spikes at most once in a step{limit}"
        repeated = int(np.asarray(result.arrays[f"repeated.{number}"]))
        if repeated:
            yield f"input '{row['name']}' loses {repeated:,} spikes, because a line spikes at most once in a step"
    for row in (*result.meta["outputs"], *result.meta["left_out"]):
        if row["filter"]:
            yield f"output '{row['name']}' is not filtered: {row['filter']} is not a lowpass"
    for row in result.meta["left_out"]:
        yield f"probe '{row['name']}' is left out: it reads '{row['key']}' of {row['why']}"


def ledger_of(result: Result, plan: Facts, options: ImportOptions) -> tuple[LedgerLine, ...]:
    """Return a line for every assumption and every changed value."""
    meta, notes = result.meta, Notes("")
    given = "given by the user" if options.dt_s else "default of nengo-loihi"
    notes.line("", "dt_s", "not in the file", f"{plan['dt']:g} s", "assumed", given)
    given = "given by the user" if options.duration_s else "default"
    notes.line("", "duration", "not in the file", f"{plan['steps']:,} steps", "assumed", given)
    if not meta["seeded"]:
        notes.line("", "seed of the network", "None", "0", "assumed", "so that the import is always the same")
    n_samples = plan["steps"] // plan["steps_of_sample"]
    if n_samples > 1:
        got = f"{n_samples:,} samples of {plan['steps_of_sample']:,} steps"
        notes.line("", "samples", "one run", got, "assumed", "--presentation; each starts from the cleared state")
    labels = result.arrays.get("labels")
    if labels is not None:
        used = labels.size >= n_samples
        got, level = (f"the first {n_samples:,}", "exact") if used else ("none", "dropped")
        notes.line("", "labels", f"{labels.size:,} in the file", got, level, "variable 'labels' of the file")
    _registers(result, notes)
    for text in dict.fromkeys(meta["said"]):
        if EXPECTED[0] in text:
            notes.line("", "initial voltage", "random", "0", "dropped", "the chip starts from 0")
        elif EXPECTED[1] in text:
            notes.line("", "weights", "as computed", "fewer bits", "rounded", f"nengo-loihi: {_sentence(text)}")
    for row in meta["populations"]:
        if row["role"] == "relay":
            asked, got = "decoded connection", f"{row['size']} relay neurons"
            notes.line(
                row["name"], "connection", asked, got, "approximate", "nengo-loihi's decode neurons", of="population"
            )
        if row["blocks"] > 1:
            got = f"one population of {row['size']:,}"
            notes.line(
                row["name"], "blocks", str(row["blocks"]), got, "exact", "the mapper divides it", of="population"
            )
    for row in meta["inputs"]:
        _input(row, notes)
    for row in meta["outputs"]:
        if row["post"] is not None:
            _output(row, notes)
    _rules(meta["rules"], notes)
    return notes.ledger


def _rules(rows: list[Facts], notes: Notes) -> None:
    """Lines about learning rates, which become integers."""
    for row in rows:
        asked, got = f"PES, rate {row['asked']:g}", f"2**{row['exponent']}, impulse {row['impulse']:g}"
        notes.line(row["error"], "learning rate", asked, got, "rounded", "nengo-loihi's integers", of="input")


def _registers(result: Result, notes: Notes) -> None:
    """Lines about time constants, whose registers are rounded."""
    numbers = {row["name"]: number for number, row in enumerate(result.meta["populations"])}
    for fact in result.meta["facts"]:
        number = numbers.get(fact["object"])
        if number is None or fact["fact"] not in ("tau_rc", "tau_ref", "tau_syn"):
            continue
        register = {"tau_rc": "dv", "tau_ref": "refract", "tau_syn": "du"}[fact["fact"]]
        value = int(result.arrays[f"population.{number}.{register}"][0])
        asked = f"{fact['asked']:g} s"
        if fact["fact"] == "tau_ref":
            exact = abs((value - 1) * fact["dt"] - fact["asked"]) < 1e-9
            got = f"{value - 1} steps"
            notes.line(fact["object"], "tau_ref", asked, got, "exact" if exact else "rounded", of="population")
        else:
            notes.line(
                fact["object"], fact["fact"], asked, f"{register} {value}", "rounded", "12 bits", of="population"
            )


def _input(row: Facts, notes: Notes) -> None:
    pre = row["pre"]
    if not pre:
        notes.line(row["name"], "spikes", "process on the chip's side", "one sample", "exact", of="input")
        return
    source = f"{pre['kind']} '{pre['name']}' ({pre['does']})"
    if not row["coded"]:
        notes.line(row["name"], "spikes", source, "one sample", "exact", "simulated by Nengo on the host", of="input")
        return
    note = f"two lines a dimension; the chip adds a lowpass of {row['decode_tau']:g} s"
    notes.line(row["name"], "values", source, "on-off spikes, one sample", "approximate", note, of="input")


def _output(row: Facts, notes: Notes) -> None:
    """Lines about a connection to a node of the host."""
    note = "nengo-loihi's host sees the same values later"
    notes.line(row["name"], "arrival", f"{HOST_STEPS} steps later", "the chip's step", "exact", note, of="output")
    if row["post"]["does"] == "function":
        note = "its input is the output here; the function is not run"
        notes.line(
            row["name"], "function of node", row["post"]["name"], "left on the host", "dropped", note, of="output"
        )
