"""Progress of long work where nobody looks at a terminal: a line now and then, with the time left."""

from __future__ import annotations

import pytest

from neurodeploy.cli import timed_progress as timed
from neurodeploy.cli.timed_progress import time_left_s, timed_progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(timed.time, "monotonic", lambda: now[0])
    return now


def test_lines_come_at_most_so_often_and_tell_the_time_left(clock, capsys):
    with timed_progress("faults", 100, quiet=False, between_s=60.0) as step:
        for seconds, done in ((0, 20), (30, 40), (60, 50), (90, 60), (121, 80)):
            clock[0] = 100.0 + seconds
            step(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "50 of 100 faults, about 1 min 40 s left",  # 30 in 60 s: 20 were known before
        "80 of 100 faults, about 40 s left",
    ]


def test_what_was_known_before_tells_nothing_of_the_time_left(clock, capsys):
    with timed_progress("points", 10, quiet=False, between_s=0.0) as step:
        step(10, 10)
    assert capsys.readouterr().err == "10 of 10 points\n"
    assert time_left_s(4, 10, 4, 8.0) is None
    assert time_left_s(6, 10, 4, 8.0) == pytest.approx(16.0)


def test_a_quiet_command_has_no_callback(capsys):
    with timed_progress("points", 10, quiet=True) as step:
        assert step is None
    assert capsys.readouterr().err == ""
