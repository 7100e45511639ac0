"""Every option of every command with malformed values: a finding and an exit status, never an internal error."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from factories import command_line, leave, pair_network
from learners import trained

import neurodeploy as nd
from neurodeploy.base.rows import LARGEST
from neurodeploy.cli.option_types import SEEDS

NUMBERS = (
    "nan",
    "inf",
    "-1",
    "0",
    "1e400",
    "99999999999999999999",
    "-99999999999999999999",
    "2147483648",
    "1_000",
    "0x10",
    "",
    " 3",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "9" * 10_000,
)
NAMED = ("=", "=3", "wires=", "wires=nan", "wires=-1", "wires=99999999999999999999", "a=b=3", "cells=0-999999999999")
CORES = ("0-999999999999", "3-1", "-3", "1,,2", "99999999999999999999999", "0-1048575", "1-", "0-3-5")
PATHS = (
    "/dev/zero",
    "/dev/null",
    ".",
    "-",
    "missing.x",
    "\udcff.nd.json",
    "a" * 5_000,
    "x\n::error::y",
    "pipe",
    "loop",
)
WORDS = ("loihi1", "\x1b[31mred", "a\nb", "%0A", "[bold]x[/nope]", "cores<=nan", "cores<=1e999", "json")
VALUES = tuple(dict.fromkeys((*NUMBERS, *NAMED, *CORES, *PATHS, *WORDS)))
LONGEST_S = 10.0
ARGUMENTS = {
    "check": ("pair.nd.json", "-t", "tiny"),
    "compile": ("pair.nd.json", "-t", "tiny"),
    "fit": ("pair.nd.json",),
    "convert": ("pair.nd.json", "made.nir"),
    "blame": ("pair.nd.json", "-t", "tiny"),
    "run": ("pair.nd.json", "-t", "tiny", "--no-reference"),
    "profile": ("pair.nd.json", "-t", "tiny"),
    "report": ("pair.nd.json", "-t", "tiny", "--no-reference", "-o", "pair.html"),
    "sweep": ("pair.toml", "--executor", "serial"),
    "compare": ("pair.nd.json", "-t", "tiny", "-b", "emulator", "-b", "emulator"),
    "verify": ("pair.ndp",),
    "export-c": ("pair.ndp",),
    "monitor": ("learner.ndr", "learner.ndp"),
    "faults": ("pair.campaign.toml", "--size", "3"),
    "remap": ("pair.ndp", "--avoid-cores", "0", "-o", "moved.ndp"),
    "learned": ("learner.ndp", "learner.ndr", "-o", "learned.ndp"),
    "baseline": ("write", "pair.nd.json", "-t", "tiny"),
    "baseline write": ("pair.nd.json", "-t", "tiny"),
    "baseline check": ("pair.nd.json", "-t", "tiny"),
    "diff": ("pair.nd.json", "pair.ndp"),
    "serve": ("missing.ndp",),
    "init": ("pair.nd.json", "--no-workflow", "--force", "--folder", "own"),
    "test": ("own",),
    "explain": ("ND302",),
    "targets": ("show", "tiny"),
    "schema": (),
    "backends": (),
    "backends list": (),
    "backends doctor": ("emulator",),
    "backends conformance": ("emulator", "--case", "dense"),
    "backends install": ("lavva",),
    "backends new": ("mychip",),
}
"""What a command needs so that it does something; every command has a row."""


def commands():
    """Every command by the words that call it."""
    found = {}

    def walk(command, words):
        if words:
            found[" ".join(words)] = command
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*words, name))

    walk(command_line(), ())
    return found


def options():
    """(command, option) of every option that takes a value."""
    for words, command in commands().items():
        for item in command.params:
            if item.param_type_name == "option" and not item.is_flag:
                yield words, item.opts[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a network, its samples, and things that are no files."""
    path, before = tmp_path_factory.mktemp("hostile"), os.getcwd()
    os.chdir(path)
    nd.save(pair_network(output=None, projection="wires"), "pair.nd.json")
    np.savez("pair.stimulus.npz", lines=np.ones((1, 3, 2), dtype=np.uint8))
    with open("pair.toml", "w", encoding="utf-8") as file:
        file.write('model = "pair.nd.json"\ntarget = "tiny"\n[space]\nsteps = [2, 3]\n')
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    leave(["init", "pair.nd.json", "--no-workflow", "-t", "tiny", "--folder", "own"])
    leave(["compile", "pair.nd.json", "-t", "tiny", "--golden", "pair.stimulus.npz"])
    Path("pair.campaign.toml").write_text(
        'model = "pair.ndp"\nsamples = "pair.stimulus.npz"\n[campaign]\ncriterion = "spikes"\n', encoding="utf-8"
    )
    program, recording = trained()
    nd.save(program, "learner.ndp")
    nd.save(recording, "learner.ndr")
    yield path
    os.chdir(before)


def require_answer(call, *words):
    """Call a command and see that it answers as one that was called wrongly, or rightly."""
    began = time.monotonic()
    status, out, err = call(*words)
    told = f"{words}: status {status}\n{out[:500]}\n{err[:2000]}"
    assert status in (0, 1, 2, 3), told
    assert "ND901" not in out + err, told
    assert "Traceback" not in out + err, told
    assert time.monotonic() - began < LONGEST_S, told
    return status, out, err


def test_every_command_has_a_call_here():
    assert set(ARGUMENTS) == set(commands())


OPTIONS = sorted(set(options()))


def given(call, words, option, value):
    require_answer(call, *words.split(), *ARGUMENTS[words], f"{option}={value}")


@pytest.mark.slow
@pytest.mark.parametrize(("words", "option"), OPTIONS)
def test_no_value_of_an_option_is_a_fault_of_ours(folder, call, words, option):
    for value in VALUES:
        given(call, words, option, value)


@pytest.mark.parametrize("words", sorted({words for words, _ in OPTIONS}))
def test_a_few_values_of_every_option(folder, call, words):
    dice = random.Random(words)
    for option in [option for command, option in OPTIONS if command == words]:
        for value in dice.sample(VALUES, 2):
            given(call, words, option, value)


@pytest.mark.parametrize("words", sorted(ARGUMENTS))
def test_no_word_in_the_place_of_an_argument_is_a_fault_of_ours(folder, call, words):
    for value in random.Random(words).sample((*PATHS, *WORDS, "", "9" * 10_000), 6):
        require_answer(call, *words.split(), "--", value)


RANGES = [
    ("run", "--steps", ("0", "-1", "2147483648", "1.5", "nan"), f"is not a whole number from 1 to {LARGEST:,}"),
    ("run", "--samples", ("0", "-1", "99999999999999999999"), f"is not a whole number from 1 to {LARGEST:,}"),
    ("run", "--seed", ("99999999999999999999", "1.5"), f"is not a whole number from {-SEEDS - 1:,} to {SEEDS:,}"),
    ("run", "--threads", ("0", "-1", "99999999999999999999"), "is not a whole number from 1 to 4,096"),
    ("run", "--timeout", ("nan", "inf", "0", "-1"), "is not a number of seconds above 0"),
    ("compare", "--timeout", ("nan", "inf", "0"), "is not a number of seconds above 0"),
    ("compile", "--placement-seed", ("-1", "99999999999999999999"), f"is not a whole number from 0 to {SEEDS:,}"),
    ("compile", "--time-limit", ("nan", "0", "-3", "1e400"), "is not a number of seconds above 0"),
    ("compile", "--level", ("4", "-1", "nan"), "is not a whole number from 0 to 3"),
    ("compile", "--optimize", ("2", "speed", ""), "is not one of cores, latency, energy"),
    ("compile", "--max-cores", ("0", "-1", "many"), "is not a whole number from 1 to 2,147,483,647"),
    ("serve", "--port", ("65536", "-1", "http"), "is not a whole number from 0 to 65,535"),
    ("serve", "--max-body", ("0", "64M"), "is not a whole number from 1 to"),
    ("serve", "--drain", ("-1", "nan", "inf"), "is not a number of seconds of 0 or more"),
    ("check", "--dt", ("nan", "0", "-1", "inf"), "is not a number of seconds above 0"),
    ("check", "--prune", ("nan", "1", "wires=-0.1"), "is not a fraction of 0 or more and below 1"),
    ("check", "--weight-bits", ("wires=99999999999999999999", "0", "wires=nan"), "is not a whole number from 1 to"),
    ("compile", "--avoid-cores", ("0-999999999999",), "names more than 1,048,576 cores"),
    ("compile", "--avoid-cores", ("", "-1", "3-1", "1,,2"), "is not a list of cores: "),
    ("compile", "--pin", ("cells=-1", "cells=", "cells=9-1"), "is not a list of cores: "),
    ("compile", "--pin", ("cells", "=3", ""), "is not POPULATION=CORES"),
]


@pytest.mark.parametrize(("words", "option", "values", "told"), RANGES, ids=lambda item: str(item)[:30])
def test_a_value_out_of_range_is_named_with_its_option_and_the_range(folder, call, words, option, values, told):
    for value in values:
        status, _, err = require_answer(call, words, *ARGUMENTS[words], f"{option}={value}")
        assert status == 2
        assert f"error[ND701] option '{option}': '" in err
        assert told in " ".join(err.split())


def test_a_fault_of_use_comes_in_the_format_that_was_asked_for(folder, call):
    for words in (("--dt", "nan"), ("--bogus",), ("--dt",)):
        status, out, err = call("check", "pair.nd.json", "--json", *words)
        assert (status, err) == (2, "")
        assert [item["severity"] for item in json.loads(out)["findings"]] == ["error"]
        status, out, _ = call("check", "pair.nd.json", "--format", "concise", *words)
        assert status == 2
        assert out.count("\n") == 1
        assert "error[ND70" in out


@pytest.mark.parametrize("words", sorted(ARGUMENTS))
def test_the_help_of_every_command_shows_an_example(call, words):
    status, out, err = call(*words.split(), "--help")
    told = " ".join(out.split())
    assert (status, err) == (0, "")
    assert "Example" in told
    assert f"neurodeploy {words}" in told.replace("│", "").replace("  ", " ")


def test_a_machine_without_the_memory_is_no_fault_of_ours(folder, call, monkeypatch):
    def hungry(*_):
        raise MemoryError("Unable to allocate 16.0 GiB")

    monkeypatch.setattr("neurodeploy.cli.run_commands.compile_model", hungry)
    status, _, err = require_answer(call, "run", *ARGUMENTS["run"])
    assert status == 1
    assert "error[ND711] command: needs more memory than is available: Unable to allocate 16.0 GiB" in err
