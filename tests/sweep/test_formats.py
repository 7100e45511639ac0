"""CSV and Parquet: the same rows in both, and nothing where a measure is unknown."""

from __future__ import annotations

import csv
import io

import pytest
from objectives import picky

import neurodeploy as nd
from neurodeploy.sweep.formats import as_csv, write_csv, write_parquet


def mixed(k):
    values = {0: {"a": 1, "b": 0.5, "c": None, "d": "x"}, 1: {"a": 2.5, "b": None, "c": None, "d": 3}}
    if k == 2:
        raise ValueError('a "quoted", long\nreason')
    return values[k]


def test_a_csv_has_every_row():
    result = nd.sweep({"k": [0, 1, 2]}, mixed, executor="serial")
    rows = list(csv.DictReader(io.StringIO(as_csv(result), newline="")))
    assert [row["a"] for row in rows] == ["1", "2.5", ""]
    assert [row["c"] for row in rows] == ["", "", ""]
    assert rows[2]["error"].startswith('ND963: raised ValueError: a "quoted", long')
    assert list(rows[0]) == ["k", "a", "b", "c", "d", "seconds", "worker", "error"]


def test_a_measure_with_the_name_of_an_axis_keeps_both():
    result = nd.sweep({"k": [4]}, lambda k: {"k": k * 2, "seconds": 7}, executor="serial")
    row = next(csv.DictReader(io.StringIO(as_csv(result), newline="")))
    assert (row["k"], row["measured.k"], row["measured.seconds"]) == ("4", "8", "7")


def test_a_parquet_file_has_the_rows_of_the_csv(tmp_path):
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="pyarrow missing and cannot be had: it has no wheel for this Python"
    )
    result = nd.sweep({"k": [0, 1, 2]}, mixed, executor="serial")
    write_parquet(result, tmp_path / "rows.parquet")
    write_csv(result, tmp_path / "rows.csv")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column("a").to_pylist() == [1.0, 2.5, None]
    assert table.column("c").to_pylist() == [None] * 3
    assert table.column("d").to_pylist() == ["x", "3", None]
    assert table.schema.metadata[b"neurodeploy.objective"] == b"mixed"
    with open(tmp_path / "rows.csv", newline="", encoding="utf-8") as file:
        assert [row["error"] or None for row in csv.DictReader(file)] == table.column("error").to_pylist()


def test_a_sweep_of_failures_has_files_too(tmp_path):
    result = nd.sweep({"value": ["raises"]}, picky, executor="serial")
    write_csv(result, tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text().splitlines()[0] == "value,seconds,worker,error"
