"""Command `export-c`."""

from __future__ import annotations

import json

import pytest
from factories import one_layer

import neurodeploy as nd


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = one_layer(nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0), [[1.0, -0.5]] * 4, output="answer")
    nd.save(nd.compile(network, "loihi1"), "net.ndp")
    return tmp_path


def test_files_and_figures_are_those_of_python(call, here):
    code, out, _ = call("export-c", "net.ndp", "-o", "c", "--json", "--prefix", "net")
    assert code == 0
    made = nd.export_c(nd.load("net.ndp"), prefix="net")
    found = json.loads(out)
    assert found["flash_bytes"] == made.flash_bytes
    assert found["tables"] == [item.model_dump(mode="json") for item in made.tables]
    assert found["folder"] == "c"
    assert sorted(path.name for path in (here / "c").iterdir()) == sorted(made.files)


def test_without_a_folder_the_size_is_printed_alone(call, here):
    code, out, _ = call("export-c", "net.ndp")
    assert code == 0
    assert "synapses in -> cells" in out
    assert [path.name for path in here.iterdir()] == ["net.ndp"]


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("1KiB", 1024), ("2kB", 2000), ("1MiB", 2**20)])
def test_sizes_have_units(text, number):
    from neurodeploy.cli.export_c_command import size

    assert size("--max-flash")(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5KiB", "1 KiB", "1GiB", "KiB", "9" * 14])
def test_what_is_no_size_is_refused(call, here, text):
    code, _, err = call("export-c", "net.ndp", "--max-flash", text)
    assert code == 2
    assert "ND701" in err


def test_too_large_is_an_error(call, here):
    code, _, err = call("export-c", "net.ndp", "-o", "c", "--max-flash", "3", "--max-ram", "64KiB")
    assert code == 1
    assert "ND986" in err
    assert not (here / "c").exists()
