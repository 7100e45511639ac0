"""Importers of other packages, found by their entry points; a broken one disturbs only files that it may read."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers.load import Format, is_readable, load, load_text, readable

GROUP = "neurodeploy.importers"
BROKEN = EntryPoint("broken", "no_such_module:FORMAT", GROUP)
FORMAT = Format(".spice", "spice_plug_in:read", ("dt_s",), named=True, text_reader="spice_plug_in:read_text")


def read(path, options):
    network = one_layer(nd.If(v_threshold=0.5), np.eye(2), input_shape=2)
    return nd.Imported(network=network.model_copy(update={"name": path.name.replace(":", "_")}))


def read_text(text, name, options):
    return read(type("Path", (), {"name": f"{name}-{text}"}), options)


@pytest.fixture
def plug_in(monkeypatch, tmp_path):
    """Make the entry points those given. The package `spice_plug_in` is this module."""
    monkeypatch.setitem(sys.modules, "spice_plug_in", sys.modules[__name__])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.spice").write_text("* a circuit\n")

    def install(*entries):
        monkeypatch.setattr(sys.modules["neurodeploy.importers.load"], "_entries", lambda: entries)

    install(EntryPoint("spice", "spice_plug_in:FORMAT", GROUP))
    return install


def test_its_files_are_read_with_and_without_a_name(plug_in):
    assert ".spice" in readable()
    assert nd.load("net.spice").name == "net.spice"
    assert nd.load("net.spice:half").name == "net.spice_half"
    assert load_text(".spice", "x", "y", nd.ImportOptions()).network.name == "y-x"


def test_an_option_that_does_not_apply_is_refused(plug_in):
    with pytest.raises(DiagnosticError, match=r"ND054.*to which only --dt applies"):
        load("net.spice", nd.ImportOptions(reset="zero"))


def test_a_broken_one_disturbs_no_other(plug_in, tmp_path):
    plug_in(BROKEN, EntryPoint("spice", "spice_plug_in:FORMAT", GROUP))
    nd.save(nd.load("net.spice"), tmp_path / "own.nd.json")
    assert is_readable("net.spice")
    assert readable()[-3] == ".spice"
    assert nd.load("own.nd.json").name == "net.spice"
    with pytest.raises(DiagnosticError, match=r"ND087.*'broken' cannot be loaded from 'no_such_module:FORMAT'"):
        load("net.unknown")


@pytest.mark.parametrize("value", ["sys:version_info", "os:getcwd", "spice_plug_in:nothing"])
def test_what_is_no_format_is_broken(plug_in, value):
    plug_in(EntryPoint("odd", value, GROUP))
    with pytest.raises(DiagnosticError, match="ND087"):
        load("net.spice")


def test_texts_need_an_importer(plug_in):
    with pytest.raises(DiagnosticError, match=r"ND009.*no importer of \.py texts is installed"):
        nd.load_nengo("net = 1")
