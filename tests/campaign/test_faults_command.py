"""The commands `faults` and `remap`: files in, tables and documents out; a campaign that is killed goes on."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from campaigns import classifier, labels, program, samples

import neurodeploy as nd

FILE = """
model = "net.nd.json"
target = "loihi1"
samples = "net.stimulus.npz"
n_samples = 3
outcomes = "kept.outcomes"

[campaign]
size = {size}
rates = [0.01]
repeats = 2

[[campaign.faults]]
where = "synapse"
what = ["flip"]

[[campaign.faults]]
where = "register"
fields = ["u", "v"]
when = "at"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(classifier(), "net.nd.json")
    np.savez("net.stimulus.npz", inputs=samples(), labels=labels())
    (tmp_path / "campaign.toml").write_text(FILE.format(size=40), encoding="utf-8")
    return tmp_path


def test_a_campaign_from_its_file(folder, call) -> None:
    status, out, _ = call("faults", "campaign.toml", "--json", "--table", "rows.csv")
    document = json.loads(out)
    choices = {
        "faults": (
            nd.FaultChoice(where="synapse", what=("flip",)),
            nd.FaultChoice(where="register", fields=("u", "v"), when="at"),
        ),
        "rates": (0.01,),
        "repeats": 2,
    }
    found = nd.fault_campaign(program(), samples()[:3], labels=labels()[:3], size=40, **choices)
    assert status == 0
    assert document["critical"] == found.critical.model_dump()
    assert document["n_drawn"] == 40
    with open("rows.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows if row["group"] == "kind"] == [row.name for row in found.by_kind]
    assert sum(int(row["tried"]) for row in rows if row["group"] == "bit") == 40


def test_the_page_is_written_and_named(folder, call) -> None:
    status, out, _ = call("faults", "campaign.toml", "--report", "page.html")
    assert status == 0
    assert out.splitlines()[-1] == "written: page.html"
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "40 of " in page
    assert "default-src &#x27;none&#x27;" in page


def test_tables_for_people(folder, call) -> None:
    status, out, err = call("faults", "campaign.toml", "--size", "30")
    assert status == 0, err
    assert "30 of" in out
    assert "by layer" in out
    assert "accuracy against fault rate" in out


@pytest.mark.slow
def test_a_campaign_that_is_killed_loses_what_is_in_hand(folder, call) -> None:
    """SIGKILL at any moment: every outcome in the file stays, and the second start tries only the others."""
    (folder / "campaign.toml").write_text(FILE.format(size=3000), encoding="utf-8")
    command = [sys.executable, "-m", "neurodeploy", "faults", "campaign.toml", "--json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        kept = folder / "kept.outcomes"
        for _ in range(3000):
            if process.poll() is not None or (kept.exists() and kept.stat().st_size > 4000):
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    before = kept.read_bytes()
    assert len(before) > 4000
    assert before.count(b"\n") < 3000
    status, out, err = call("faults", "campaign.toml", "--json")
    assert status == 0, err
    whole = before[: before.rfind(b"\n") + 1]
    assert kept.read_bytes().startswith(whole)
    numbers = [json.loads(line)[0] for line in kept.read_bytes().splitlines()[1:]]
    assert sorted(numbers) == list(range(3002)), "each outcome once"
    kept.unlink()
    assert json.loads(call("faults", "campaign.toml", "--json")[1]) == json.loads(out)


def test_remap_writes_a_program_that_verifies(folder, call) -> None:
    nd.save(program(), "net.ndp")
    status, out, err = call(
        "remap", "net.ndp", "--avoid-cores", "0-3", "-o", "moved.ndp", "--samples", "net.stimulus.npz"
    )
    assert status == 0, err
    assert "1 core moves: 0 -> " in out
    moved = nd.load("moved.ndp")
    assert moved.tables.core_id[0] > 3
    assert nd.verify(moved).identical
    assert call("remap", "net.ndp", "-o", "moved.ndp")[0] == 2
