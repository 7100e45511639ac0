"""Size, limits and folder of exported programs."""

from __future__ import annotations

import os

import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.c_export import MARK, CExportOptions, c_exporter, write_folder
from neurodeploy.c_export.sizes import size_findings
from neurodeploy.diagnostics import DiagnosticError


@pytest.fixture(scope="module")
def program():
    weights = [[(17 * i + 5 * k) % 255 / 127 - 1 for i in range(16)] for k in range(8)]
    return nd.compile(one_layer(nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0), weights, output="answer"), "loihi1")


def codes(call):
    with pytest.raises(DiagnosticError) as caught:
        call()
    return [item.code for item in caught.value.diagnostics]


def test_the_size_alone_writes_nothing(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = nd.export_c(program)
    assert made.folder is None
    assert made.files == ("nd.h", "nd.c", "nd_rules.h", "nd_main.c", "Makefile", "CMakeLists.txt")
    assert os.listdir(tmp_path) == []


def test_the_size_is_that_of_the_tables_and_of_the_state(program):
    made = nd.export_c(program)
    assert made.flash_bytes == 16 * 8 == sum(item.size_bytes for item in made.tables if item.memory == "flash")
    # step 8, u v and sums 4 each, tally 4, spikes 1 and their number 1, rounded up to whole words of 64 bits
    assert made.ram_bytes == 8 + 8 * (4 + 4 + 4 + 4 + 1) + 1 + 7
    assert made.word_bits == 32


def test_limits_are_inclusive_and_nothing_is_written_beyond_them(program, tmp_path):
    size = nd.export_c(program)
    assert nd.export_c(program, max_flash_bytes=size.flash_bytes, max_ram_bytes=size.ram_bytes) == size
    folder = tmp_path / "c"
    assert codes(lambda: nd.export_c(program, folder, max_flash_bytes=size.flash_bytes - 1)) == ["ND986"]
    assert codes(lambda: nd.export_c(program, folder, max_ram_bytes=size.ram_bytes - 1)) == ["ND986"]
    assert not folder.exists()


def test_a_change_that_is_offered_fits_the_limit(program):
    with pytest.raises(DiagnosticError) as caught:
        nd.export_c(program, max_flash_bytes=100)
    (fix,) = caught.value.diagnostics[0].fixes
    assert fix.change == {"weight_bits": {"*": 4}}
    smaller = nd.compile(program.network, "loihi1", **fix.change)
    assert nd.export_c(smaller, max_flash_bytes=100).flash_bytes == 64


def test_what_does_not_help_is_said():
    program = nd.compile(one_layer(nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0), [[1.0]]), "loihi1")
    source = c_exporter().c_source(program, CExportOptions())
    (found,) = size_findings(source, CExportOptions(max_flash_bytes=0), lambda _: [])
    assert "neither 4-bit weights nor half of the synapses would help" in found.message


def test_the_mark_stands_in_the_first_line_of_every_file(program):
    files = c_exporter().c_source(program, CExportOptions()).files
    assert all(MARK in text.splitlines()[0] for text in files.values())


def test_without_main_there_is_the_core_alone(program):
    assert nd.export_c(program, main=False, prefix="net").files == ("net.h", "net.c", "net_rules.h")


def test_a_folder_with_files_is_kept_unless_forced(program, tmp_path):
    nd.export_c(program, tmp_path / "c")
    assert codes(lambda: nd.export_c(program, tmp_path / "c")) == ["ND987"]
    (tmp_path / "c" / "own.txt").write_text("mine")
    (tmp_path / "c" / "nd.c").write_text(f"/* {MARK}: old */\n")
    made = nd.export_c(program, tmp_path / "c", force=True)
    assert made.folder == str(tmp_path / "c")
    assert (tmp_path / "c" / "own.txt").read_text() == "mine"
    assert "nd_step" in (tmp_path / "c" / "nd.c").read_text()


def test_a_file_of_the_user_is_never_replaced(program, tmp_path):
    (tmp_path / "Makefile").write_text("all:\n")
    assert codes(lambda: nd.export_c(program, tmp_path, force=True)) == ["ND987"]
    assert os.listdir(tmp_path) == ["Makefile"]
    assert (tmp_path / "Makefile").read_text() == "all:\n"


def test_an_empty_folder_is_filled(program, tmp_path):
    (tmp_path / "c").mkdir()
    nd.export_c(program, tmp_path / "c")
    assert "nd.c" in os.listdir(tmp_path / "c")
    assert os.listdir(tmp_path) == ["c"]


def test_a_folder_that_cannot_be_made_leaves_nothing(program, tmp_path):
    (tmp_path / "file").write_text("x")
    assert codes(lambda: nd.export_c(program, tmp_path / "file" / "c")) == ["ND987"]
    assert codes(lambda: nd.export_c(program, tmp_path / "file")) == ["ND987"]
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["a\0b", "a\ud800"])
def test_names_that_no_system_has_are_findings(program, name):
    assert codes(lambda: nd.export_c(program, name)) == ["ND987"]


def test_an_interrupted_export_leaves_no_half_of_a_folder(tmp_path):
    class Broken(dict):
        def items(self):
            yield "nd.h", "text"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(Broken({"nd.h": "", "nd.c": ""}), tmp_path / "c")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("prefix", ["", "Nd", "9", "a b", "a" * 40, "é"])
def test_prefixes_that_are_no_names_of_c_are_refused(program, prefix):
    assert codes(lambda: nd.export_c(program, prefix=prefix)) == ["ND002"]


def test_arguments_are_checked(program):
    assert codes(lambda: nd.export_c("net.ndp")) == ["ND002"]
    assert codes(lambda: nd.export_c(program, 3)) == ["ND002"]
    assert codes(lambda: nd.export_c(program, max_flash_bytes=-1)) == ["ND002"]
