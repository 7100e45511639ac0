"""The command line with unusual streams, encodings, terminal widths and home folders, each in its own process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from factories import pair_network

import neurodeploy as nd

PROGRAM = f"{sys.executable} -m neurodeploy"
CHECK = "check pair.nd.json -t tiny"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile")
    nd.save(pair_network(output=None, projection="wires"), path / "pair.nd.json")
    np.savez(path / "pair.stimulus.npz", lines=np.ones((1, 3, 2), dtype=np.uint8))
    return path


def shell(folder, line, **environment):
    """Run a line of a shell; "neurodeploy" in it is this one. None takes a variable away."""
    changed = {**os.environ, **environment}
    kept = {name: value for name, value in changed.items() if value is not None}
    return subprocess.run(
        ["bash", "-c", line.replace("neurodeploy ", f"{PROGRAM} ", 1)],
        cwd=folder,
        env=kept,
        capture_output=True,
        check=False,
        timeout=120,
    )


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
QUICK = [
    ("closed output", f"neurodeploy {CHECK} --json >&-", {}, 1, "error[ND547] standard output: cannot be written"),
    ("a reader that leaves", "neurodeploy schema | true; exit ${PIPESTATUS[0]}", {}, 141, ""),
]
MORE = [
    ("full disk", f"neurodeploy {CHECK} --json >/dev/full", {}, 1, "No space left on device"),
    ("ascii", "neurodeploy run --help", {"PYTHONIOENCODING": "ascii"}, 0, "--stimulus"),
    ("closed output of text", f"neurodeploy {CHECK} >&-", {}, 1, "error[ND547]"),
    ("full disk, help", "neurodeploy run --help >/dev/full", {}, 1, "error[ND547]"),
    ("full disk, version", "neurodeploy --version >/dev/full", {}, 1, "error[ND547]"),
    ("full disk of errors", f"neurodeploy {CHECK} 2>/dev/full", {}, 0, "verdict: fits"),
    ("closed errors", f"neurodeploy {CHECK} 2>&-", {}, 0, "verdict: fits"),
    ("all closed", f"neurodeploy {CHECK} <&- >&- 2>&-", {}, 1, ""),
    ("a reader that leaves a refusal", "neurodeploy explain ND999 --json | true; exit ${PIPESTATUS[0]}", {}, 2, ""),
    ("C locale", "neurodeploy run --help", C_LOCALE, 0, "--stimulus"),
    ("C locale, findings", f"neurodeploy {CHECK}", C_LOCALE, 0, "verdict: fits"),
    ("C locale, table", "neurodeploy targets show loihi1", C_LOCALE, 0, "limits.synapse_memory"),
    ("latin-1", "neurodeploy targets show loihi1", {"PYTHONIOENCODING": "latin-1"}, 0, "limits.synapse_memory"),
    ("no width", "neurodeploy explain ND302", {"COLUMNS": "0"}, 0, "synapse-memory"),
    ("a width of one", "neurodeploy explain ND302", {"COLUMNS": "1"}, 0, "synapse"),
    ("a width that is no number", "neurodeploy run --help", {"COLUMNS": "abc", "TERMINAL_WIDTH": "abc"}, 0, "--steps"),
    ("an endless width", "neurodeploy explain ND302", {"COLUMNS": "9" * 50}, 0, "synapse-memory"),
    ("dumb terminal", f"neurodeploy {CHECK}", {"TERM": "dumb"}, 0, "verdict: fits"),
    ("no colour", f"neurodeploy {CHECK}", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, 0, "verdict: fits"),
    ("no home", f"neurodeploy {CHECK}", {"HOME": None, "XDG_CACHE_HOME": None}, 0, "verdict: fits"),
    ("a home that is none", "neurodeploy backends", {"HOME": "/dev/null"}, 0, "emulator"),
    ("no place for temporaries", f"neurodeploy {CHECK}", {"TMPDIR": "/proc/nothing"}, 0, "verdict: fits"),
    ("no compiled kernels", f"neurodeploy {CHECK}", {"NEURODEPLOY_NATIVE": "off"}, 0, "verdict: fits"),
]


def require(row, folder):
    _, line, environment, status, told = row
    done = shell(folder, line, **environment)
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    assert done.returncode == status, err
    assert told in out + err
    assert "Traceback" not in out + err
    assert "Exception ignored" not in out + err
    assert "ND901" not in out + err


@pytest.mark.parametrize("row", QUICK, ids=lambda row: row[0])
def test_an_environment_ends_in_an_answer(folder, row):
    require(row, folder)


@pytest.mark.slow
@pytest.mark.parametrize("row", MORE, ids=lambda row: row[0])
def test_any_environment_ends_in_an_answer(folder, row):
    require(row, folder)


@pytest.mark.slow
def test_what_is_written_is_whole_though_nobody_reads_what_is_printed(folder):
    done = shell(
        folder, "neurodeploy run pair.nd.json -t tiny --no-reference --out lost.ndr | true; exit ${PIPESTATUS[0]}"
    )
    assert done.returncode in (0, 141)
    assert b"info[ND602]" in done.stderr, "findings go to standard error, whose reader is there"
    assert shell(folder, "neurodeploy compare lost.ndr lost.ndr").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("style", ["text", "concise", "json", "sarif", "junit", "github"])
def test_a_path_that_is_no_utf_8_is_named_in_every_format(folder, style):
    (folder / os.fsdecode(b"p\xffir.nd.json")).write_text("{]")
    done = shell(folder, f"neurodeploy check $'p\\xffir.nd.json' -t tiny --format {style}")
    told = (done.stdout + done.stderr).decode()
    assert done.returncode == 1, told
    assert "Traceback" not in told
    assert "ND901" not in told
    assert "ir.nd.json" in told
    if style in ("json", "sarif"):
        json.loads(told)
    if style == "sarif":
        (result,) = json.loads(told)["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "p%FFir.nd.json"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_at_any_time_ends_quietly(folder, name):
    """While modules are imported, too; what Python itself does before is not ours."""
    number = getattr(signal, name)
    for delay in (0.2, 0.35, 0.6, 1.5):
        command = [sys.executable, "-m", "neurodeploy", "run", "pair.nd.json", "-t", "tiny", "--steps", "20000000"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(delay)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (128 + number, -number), (delay, err)
        assert b"Traceback" not in err, (delay, err)
