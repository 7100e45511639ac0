"""A sweep and its store: every point once, failures as rows, and a second start that runs only what is missing."""

from __future__ import annotations

import json
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from objectives import area, picky

import neurodeploy as nd
from neurodeploy.cli.timed_progress import time_left_s
from neurodeploy.sweep.objective import content_digest
from neurodeploy.sweep.run import TRIES
from neurodeploy.sweep.store import RESULTS, opened

SPACE = {"width": [1, 2, 3], "height": [4, 5]}
AREAS = (4, 5, 8, 10, 12, 15)


def codes(found):
    return [item.code for item in found]


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_rows_are_in_the_order_of_the_space(executor):
    result = nd.sweep(SPACE, area, executor=executor, workers=3)
    assert result.column("area") == AREAS
    assert result.column("width") == (1, 1, 2, 2, 3, 3)
    assert result.complete
    assert result.measures == ("area", "edge")
    assert result == result.model_copy()


def test_points_of_ones_own_and_numbers_of_numpy():
    result = nd.sweep([{"width": np.int32(3), "height": 2.5}], area, executor="serial")
    assert result.rows[0].values == {"width": 3, "height": 2.5}
    numbers = nd.sweep(
        {"k": [1]}, lambda k: {"a": np.float32(k), "b": np.array(2), "c": np.bool_(True)}, executor="serial"
    )
    assert [type(value) for value in numbers.rows[0].measures.values()] == [float, int, bool]


def test_a_point_that_fails_is_a_row_and_the_others_go_on():
    result = nd.sweep({"value": ["raises", "nan", "inf", "list", "none", "fine"]}, picky, executor="serial")
    assert result.complete
    assert [codes(row.findings) for row in result.rows] == [["ND963"], [], ["ND963"], ["ND963"], ["ND963"], []]
    assert "no such luck (objectives.py, line" in result.rows[0].findings[0].message
    assert result.column("x") == (None, None, None, None, None, 1)


def test_the_findings_of_neurodeploy_are_those_of_the_row():
    def fails(k):
        nd.load(f"missing{k}.nd.json")

    assert codes(nd.sweep({"k": [1]}, fails, executor="serial").rows[0].findings) == ["ND001"]


def test_a_second_start_runs_only_what_is_missing(tmp_path):
    calls = []

    def square(k):
        calls.append(k)
        return {"square": k * k}

    first = nd.sweep({"k": [1, 2]}, square, executor="serial", store=tmp_path / "s")
    more = nd.sweep({"k": [3, 2, 1]}, square, executor="serial", store=tmp_path / "s")
    assert calls == [1, 2, 3]
    assert (first.ran, more.ran) == (2, 1)
    assert more.column("square") == (9, 4, 1)
    nd.sweep({"k": [1]}, square, executor="serial", store=tmp_path / "s", key="other data")
    assert calls == [1, 2, 3, 1]


def test_points_that_failed_run_again_only_on_request(tmp_path):
    good = []

    def sometimes(k):
        if not good:
            raise OSError("the disk is away")
        return {"k": k}

    for retry, failed in ((False, 2), (False, 2), (True, 0), (True, 0)):
        result = nd.sweep({"k": [1, 2]}, sometimes, executor="serial", store=tmp_path, retry=retry)
        assert len(result.failed) == failed
        good.append(1) if result.ran == 0 and failed else None
    assert result.ran == 0


def test_equal_points_run_once():
    calls = []
    result = nd.sweep({"k": [1, 1, 1]}, lambda k: calls.append(k) or {"k": k}, executor="serial")
    assert calls == [1]
    assert result.column("k") == (1, 1, 1)


def test_the_address_follows_the_content_of_the_objective():
    one = content_digest(partial(area, width=2))
    assert one == content_digest(partial(area, width=2))
    assert len({one, content_digest(partial(area, width=3)), content_digest(area), content_digest(picky)}) == 4
    arrays = [content_digest(partial(area, width=np.arange(n))) for n in (3, 4, 3)]
    assert arrays[0] == arrays[2] != arrays[1]


@pytest.mark.parametrize("cut", [1, 2, 30, 100])
def test_an_unfinished_last_line_is_removed_and_said(tmp_path, cut):
    nd.sweep(SPACE, area, executor="serial", store=tmp_path)
    whole = (tmp_path / RESULTS).read_bytes()
    (tmp_path / RESULTS).write_bytes(whole[:-cut])
    again = nd.sweep(SPACE, area, executor="serial", store=tmp_path)
    assert codes(again.findings) == ["ND962"]
    assert (again.ran, again.column("area")) == (1, AREAS)
    last = nd.sweep(SPACE, area, executor="serial", store=tmp_path)
    assert (last.ran, last.findings) == (0, ())
    assert len((tmp_path / RESULTS).read_bytes().splitlines()) == len(AREAS)


def test_damaged_lines_run_again(tmp_path):
    nd.sweep(SPACE, area, executor="serial", store=tmp_path)
    lines = (tmp_path / RESULTS).read_bytes().splitlines(keepends=True)
    lines[1], lines[3] = b"\x00\x01\n", lines[3].replace(b'"measures"', b'"pleasures"')
    (tmp_path / RESULTS).write_bytes(b"".join(lines))
    again = nd.sweep(SPACE, area, executor="serial", store=tmp_path)
    assert again.ran == 2
    assert "2 damaged lines" in again.findings[0].message
    assert again.column("area") == AREAS


def test_a_store_belongs_to_one_sweep_at_a_time(tmp_path):
    with opened(tmp_path / "s"):
        with pytest.raises(nd.DiagnosticError) as caught:
            nd.sweep(SPACE, area, executor="serial", store=tmp_path / "s")
        assert codes(caught.value.diagnostics) == ["ND964"]
    assert nd.sweep(SPACE, area, executor="serial", store=tmp_path / "s").complete


def test_a_folder_of_other_files_is_no_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("\\begin")
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(nd.DiagnosticError) as caught:
            nd.sweep(SPACE, area, executor="serial", store=folder)
        assert codes(caught.value.diagnostics) == ["ND965"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "thesis.tex"]


def test_lines_are_plain_json_with_every_figure(tmp_path):
    nd.sweep({"width": [2], "height": [3]}, area, executor="serial", store=tmp_path)
    line = json.loads((tmp_path / RESULTS).read_text())
    assert line["values"] == {"width": 2, "height": 3}
    assert line["measures"] == {"area": 6, "edge": 10}
    assert len(line["address"]) == 64


def test_progress_counts_what_is_known(tmp_path):
    seen = []
    nd.sweep({"width": [1], "height": [4, 5]}, area, executor="serial", store=tmp_path)
    nd.sweep(SPACE, area, executor="serial", store=tmp_path, progress=lambda *amount: seen.append(amount))
    assert seen == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_the_time_left_counts_only_what_ran():
    assert time_left_s(100, 1000, 100, 5.0) is None
    assert time_left_s(200, 1000, 100, 50.0) == pytest.approx(400)


class Falling(ThreadPoolExecutor):
    """An executor whose workers are lost at some of the calls."""

    def __init__(self, lost):
        super().__init__(1)
        self.calls, self.lost = 0, lost

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        if self.calls in self.lost:
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future
        return super().submit(fn, *args, **kwargs)


def test_units_that_are_lost_run_again():
    """The executor of a user cannot be made again, but may go on: distributed cancels what a worker took with it."""
    from neurodeploy.sweep import executors
    from neurodeploy.sweep.executors import Foreign

    class Cluster(Foreign):
        def renew(self):
            return ""

    pool = Cluster(Falling({1, 2, 5}), 1, name="dask")
    done = []
    from neurodeploy.sweep.nouns import Unit
    from neurodeploy.sweep.objective import task_of
    from neurodeploy.sweep.run import run_units

    task = task_of(area, "d", sent=False)
    units = [Unit(str(k), {"width": k, "height": 1}) for k in range(6)]
    run_units(task, iter(units), pool, done.append)
    assert sorted(item.result["area"] for item in done) == list(range(6))
    pool = Cluster(Falling(set(range(1, 100))), 1, name="dask")
    done.clear()
    run_units(task, iter(units[:2]), pool, done.append)
    assert [codes(item.findings) for item in done] == [["ND966"], ["ND966"]]
    assert f"each of {TRIES} times" in done[0].findings[0].message
    assert executors.EXECUTORS[0] == "processes"


class Broken(ThreadPoolExecutor):
    def submit(self, fn, /, *args, **kwargs):
        raise BrokenExecutor("gone")


def test_an_executor_that_is_gone_is_said_and_the_store_is_sound(tmp_path):
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.sweep(SPACE, area, executor=Broken(1), store=tmp_path)
    assert codes(caught.value.diagnostics) == ["ND961"]
    assert nd.sweep(SPACE, area, executor="serial", store=tmp_path).column("area") == AREAS


class Job:
    def __init__(self, call):
        self.call, self.looked = call, 0

    def done(self):
        self.looked += 1
        return self.looked > 1

    def result(self):
        return self.call()


class Jobs:
    """An executor in the manner of submitit."""

    def submit(self, fn, /, *args, **kwargs):
        return Job(lambda: fn(*args, **kwargs))


def test_executors_whose_jobs_are_no_futures():
    assert nd.sweep(SPACE, area, executor=Jobs(), workers=2).column("area") == AREAS


@pytest.mark.parametrize("executor", ["proceses", 3, object()], ids=["word", "number", "object"])
def test_what_is_no_executor_is_refused(executor):
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.sweep(SPACE, area, executor=executor)
    assert codes(caught.value.diagnostics) == ["ND002"]


def test_ctrl_c_gives_the_rows_until_then(tmp_path):
    def stops(k):
        if k == 3:
            raise KeyboardInterrupt
        return {"k": k}

    result = nd.sweep({"k": range(6)}, stops, executor="serial", store=tmp_path)
    assert codes(result.findings) == ["ND507"]
    assert result.column("k") == (0, 1, 2)
    assert not result.complete
    assert nd.sweep({"k": [0, 1, 2]}, stops, executor="serial", store=tmp_path).ran == 0
