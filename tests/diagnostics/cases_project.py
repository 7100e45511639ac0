"""Triggers of findings about project files."""

from __future__ import annotations

from pathlib import Path

from factories import pair_network

import neurodeploy as nd
from neurodeploy.project import load_result, require_files
from neurodeploy.testing.marks import marked


def project(text):
    Path("neurodeploy.toml").write_text(text, encoding="utf-8")
    return nd.load_project("neurodeploy.toml")


def a_misspelled_field(_):
    return project('schema_version = 1\ntargts = ["loihi1"]\ntargets = ["loihi1"]\n[model]\nfile = "net.nd.json"\n')


def a_missing_model(_):
    Path("net.nd.json").touch()
    return require_files(project('targets = ["loihi1"]\n[model]\nfile = "nett.nd.json"\n'))


def twice(_):
    nd.save(pair_network(), "net.nd.json")
    nd.init_project("net.nd.json", workflow=False)
    nd.init_project("net.nd.json", workflow=False)


def two_networks(_):
    for name in ("a.nd.json", "b.nd.json"):
        nd.save(pair_network(), name)
    nd.init_project()


def another_document(_):
    Path("report.json").write_text('{"targets": []}', encoding="utf-8")
    return load_result("report.json")


def a_marker(_):
    marked([((), {"core": 4, "spikes": -1}), ((3,), {})])


CASES = {
    "ND780": a_misspelled_field,
    "ND781": lambda _: nd.load_project("missing.toml"),
    "ND782": a_missing_model,
    "ND783": twice,
    "ND784": two_networks,
    "ND785": another_document,
    "ND786": a_marker,
}
