"""Files of outcomes: what is appended is read again, whatever ended the process that wrote it."""

from __future__ import annotations

import pytest

import neurodeploy as nd
from neurodeploy.campaign.nouns import Outcome
from neurodeploy.campaign.store import OutcomeFile, read_outcomes

ROWS = [Outcome(3, 2, 1, 9), Outcome(0, 0, 0, 10), Outcome(7, 10, 10, 0)]


def written(path, rows=ROWS, campaign="abc"):
    with OutcomeFile(path, campaign) as file:
        for row in rows:
            file.append(row)
    return path


def test_outcomes_are_read_again(tmp_path) -> None:
    path = tmp_path / "out.jsonl"
    assert read_outcomes(path, "abc", 8) == {}
    written(path, ROWS[:2])
    written(path, ROWS[2:])
    assert read_outcomes(path, "abc", 8) == {row.number: row for row in ROWS}


def test_every_cut_loses_one_outcome_at_most(tmp_path) -> None:
    """The file is cut after each of its bytes, as a killed process could leave it, and the campaign goes on."""
    content = written(tmp_path / "whole").read_bytes()
    for size in range(len(content) + 1):
        path = tmp_path / "cut"
        path.write_bytes(content[:size])
        kept = read_outcomes(path, "abc", 8)
        assert len(kept) == max(content[:size].count(b"\n") - 1, 0)
        written(path, [row for row in ROWS if row.number not in kept])
        assert read_outcomes(path, "abc", 8) == {row.number: row for row in ROWS}


@pytest.mark.parametrize(
    "content",
    [b"\n", b"{}\n", b"[1]\n", b"\xff\xfe\n", b'{"format": "neurodeploy-outcomes", "campaign": "abd"}\n', b"hello"],
)
def test_other_files_are_refused(tmp_path, content) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(nd.DiagnosticError) as caught:
        read_outcomes(path, "abc", 8)
    assert [item.code for item in caught.value.diagnostics] == ["ND981"]


def test_two_campaigns_do_not_write_to_one_file(tmp_path) -> None:
    path = written(tmp_path / "out")
    with OutcomeFile(path, "abc"), pytest.raises(nd.DiagnosticError) as caught:
        OutcomeFile(path, "abc")
    wanted = f"error[ND981] file '{path}': is in use by another campaign\n   fix: give another file, or wait"
    assert str(caught.value) == wanted
    written(path, [Outcome(1, 0, 0, 0)])
    assert len(read_outcomes(path, "abc", 8)) == 4


@pytest.mark.parametrize(
    "line", [b"[8, 0, 0, 0]", b"[-1, 0, 0, 0]", b"[1, 2]", b"[true, 0, 0, 0]", b"nothing", b"[" * 10_000]
)
def test_lines_that_are_no_outcomes_are_refused(tmp_path, line) -> None:
    path = written(tmp_path / "out")
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(nd.DiagnosticError) as caught:
        read_outcomes(path, "abc", 8)
    assert "line 5 is not an outcome" in caught.value.diagnostics[0].message
