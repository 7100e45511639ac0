"""Target files by name, path and entry point; every error of a file is reported at once, with its field and a fix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from typing import get_args

import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import Target, load_feasibility_target, load_target, read_target, target_names
from neurodeploy.hardware.consistency import figures_of, limit_units
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.hardware.feasibility_target import ARCHITECTURES, LIMITS
from neurodeploy.hardware.figure import CostFigure, Figure, FigureList, FigureRange, FigureTable
from neurodeploy.hardware.target import CoreLimits, RuleSet
from neurodeploy.hardware.template import target_template
from neurodeploy.hardware.units import field_ranges, field_units

SHIPPED = {
    item.name: item.read_text() for item in files("neurodeploy_targets").iterdir() if item.name.endswith(".toml")
}


def type_names(annotation):
    """Names of every type in an annotation."""
    parts = get_args(annotation)
    return set().union(*map(type_names, parts)) if parts else {getattr(annotation, "__name__", str(annotation))}


def nouns_below(noun):
    """Every class that fields of a class hold, at any depth."""
    for info in noun.model_fields.values():
        for kind in classes_in(info.annotation):
            yield kind
            yield from nouns_below(kind)


def classes_in(annotation):
    parts = get_args(annotation)
    if not parts and isinstance(annotation, type) and issubclass(annotation, Noun):
        yield annotation
    for part in parts:
        yield from classes_in(part)


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """Return a function: (shipped file, old text, new text, ...) -> the result of reading the edited file, or its findings."""
    monkeypatch.chdir(tmp_path)

    def read(name, *changes):
        text = SHIPPED[name]
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "mine.toml").write_text(text)
        try:
            return read_target("mine.toml"), []
        except DiagnosticError as error:
            return None, [(item.code, item.message, [fix.text for fix in item.fixes]) for item in error.diagnostics]

    return read


def test_every_shipped_target_is_sound_and_every_figure_has_unit_source_and_confidence():
    names = target_names()
    assert {"loihi1", "loihi2", "tiny", "speck2f", "xylo_audio2", "truenorth", "odin", "spinnaker2"} <= set(names)
    for name in names:
        target = read_target(name)
        assert target.name == name
        figures = [item.figure for item in figures_of(target)]
        assert figures
        for figure in figures:
            assert figure.unit
            assert len(figure.source) >= 8


NOUNS = {noun.__name__: noun for top in (Target, *ARCHITECTURES.values()) for noun in (top, *nouns_below(top))}
NUMBERS = {"CostFigure", "Figure", "FigureRange", "FigureList", "FigurePerCore", "FigureTable", "int", "float"}


@pytest.mark.parametrize("name", sorted(set(NOUNS) - NUMBERS))
def test_every_number_of_a_target_has_a_unit_in_its_annotation(name):
    noun = NOUNS[name]
    numbers = {field for field, info in noun.model_fields.items() if NUMBERS & type_names(info.annotation)}
    assert numbers == set(field_units(noun))
    assert set(field_ranges(noun)) <= numbers


def test_every_number_of_a_dialect_has_a_range():
    assert set(field_ranges(Dialect)) == set(field_units(Dialect))


def test_help_and_schema_show_the_unit_of_a_field():
    assert "fan_in: Figure | None, unit synapse, default None. Synapses onto one neuron" in CoreLimits.__doc__
    definitions = Target.model_json_schema()["$defs"]
    assert definitions["CoreLimits"]["properties"]["fan_in"]["unit"] == "synapse"
    assert definitions["NeuronSupport"]["properties"]["resets"]["unit"] == "compartment"
    assert definitions["EventCost"]["properties"]["energy"]["unit"] == "J"


def test_the_unit_of_x_in_a_table_is_checked(edited):
    _, found = edited("tiny.toml", 'x_unit = "tile"', 'x_unit = "tiles"')
    assert [(code, fixes) for code, _, fixes in found] == [("ND029", ["did you mean 'tile'?"])]
    assert "x of field 'energy.round.barrier' must be in 'tile'" in found[0][1]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "says", "fix"),
    [
        ("tiny.toml", 'compartments = {value = 8, unit = "compartment", ', "compartments = {value = 8, ", "ND023", "'limits.compartments.unit' is missing", None),
        ("tiny.toml", 'compartments = {value = 8, unit = "compartment"', 'compartments = {value = 8, unit = ""', "ND023", "'limits.compartments.unit'", None),
        ("tiny.toml", 'unit = "compartment", source = "a small chip made for tests"', 'unit = "compartment", source = "me"', "ND023", "'limits.compartments.source'", None),
        ("tiny.toml", "compartments = {value = 8", "compartments = {value = -8", "ND023", "at least 0 (given: -8)", None),
        ("tiny.toml", "compartments = {value = 8", "compartments = {value = nan", "ND023", "finite", None),
        ("tiny.toml", "compartments = {value = 8", "compartmens = {value = 8", "ND023", "'limits.compartmens' is unknown", "did you mean 'compartments'?"),
        ("tiny.toml", "synapse_memory = {", "synaps_memory = {", "ND023", "'limits.synaps_memory' is unknown", "did you mean 'synapse_memory'?"),
        ("tiny.toml", 'confidence = "ours"', 'confidence = "sure"', "ND023", "'static_power.confidence'", None),
        ("tiny.toml", 'vendor = "neurodeploy"', 'vendor = "neurodeploy"\narchitecture = "layred"', "ND023", "'layred' is not one of loihi, layered", "did you mean 'layered'?"),
        ("speck2f.toml", "kernel_side = {value = 16", "kernel_sid = {value = 16", "ND023", "'limits.kernel_sid' is unknown", "did you mean 'kernel_side'?"),
        ("speck2f.toml", "neuron_memory = {values = [65536", "neuron_memory = {values = [-65536", "ND023", "at least 0", None),
        ("tiny.toml", 'synapse_memory = {value = 16, unit = "word"', 'synapse_memory = {value = 16, unit = "KiB"', "ND029", "must be in 'word', not in 'KiB'", "unit = \"word\""),
        ("tiny.toml", 'value = 1e-05, unit = "s"', 'value = 10, unit = "us"', "ND029", "'barrier_chips' must be in 's', not in 'us'", None),
        ("xylo_imu.toml", 'hidden = {value = 496, unit = "neuron"', 'hidden = {value = 496, unit = "neurons"', "ND029", "must be in 'neuron'", "did you mean 'neuron'?"),
        ("tiny.toml", "compartments = {value = 8", "compartments = {value = 8.5", "ND026", "8.5 compartment is not a whole number", None),
        ("tiny.toml", "cores = {value = 4", "cores = {value = 5", "ND026", "do not fit the mesh of 4 cores", None),
        ("tiny.toml", "cores = {value = 4", "cores = {value = 0", "ND026", "chip.cores is 0; it must be at least 1", None),
        ("tiny.toml", "chips = {value = 2", "chips = {value = 0", "ND026", "boards.pair.chips is 0", None),
        ("tiny.toml", "compartments = {value = 8", "compartments = {value = 0", "ND026", "limits.compartments is 0 compartment; it must be at least 1", None),
        ("tiny.toml", "synapse_memory = {value = 16", "synapse_memory = {value = 0", "ND026", "limits.synapse_memory is 0 word", None),
        ("tiny.toml", "word = {value = 64", "word = {value = 0", "ND026", "rules.plain.word is 0 bit", None),
        ("tiny.toml", "words_per_axon = {value = 1", "words_per_axon = {value = 0", "ND026", "rules.short.words_per_axon is 0 word", None),
        ("tiny.toml", "weight_bits = {values = [2, 4, 8]", "weight_bits = {values = [8, 4, 2]", "ND026", "precision.weight_bits: values must be in ascending order", None),
        ("tiny.toml", "du = {low = 0, high = 4095", "du = {low = 4095, high = 0", "ND026", "precision.du: low 4095 is above high 0", None),
        ("tiny.toml", "delay_steps = {low = 0, high = 3", "delay_steps = {low = 0, high = 4", "ND026", "does not fit delay_bits, which hold up to 3", None),
        ("tiny.toml", "index_bits = {values = [3]", "index_bits = {values = [2]", "ND026", "distinguish 4 targets", None),
        ("tiny.toml", "accumulators = {value = 16", "accumulators = {value = 7", "ND026", "limits.accumulators is 7, but limits.compartments is 8", None),
        ("tiny.toml", "[[1, 1e-07], [2, 2e-07]]", "[[2, 1e-07], [1, 2e-07]]", "ND026", "points must be in ascending order", None),
        ("tiny.toml", 'rule_set = "plain"', 'rule_set = "plane"', "ND026", "rule_set 'plane'", "did you mean 'plain'?"),
        ("speck2f.toml", "bias_memory = {values = [1024, ", "bias_memory = {values = [", "ND026", "limits.kernel_memory has 9", None),
        ("speck2f.toml", 'words = ["power_of_two"]', 'words = ["power_of_too"]', "ND026", "memory_rule must be one of", "did you mean 'power_of_two'?"),
    ],
)  # fmt: skip
def test_a_fault_names_its_field_and_a_fix(edited, file, old, new, code, says, fix):
    target, found = edited(file, old, new)
    assert target is None
    matching = [(message, fixes) for met, message, fixes in found if met == code and says in message]
    assert matching, found
    if fix is not None:
        assert any(fix in text for _, fixes in matching for text in fixes)


def test_every_fault_of_a_file_is_reported_at_once(edited):
    _, found = edited(
        "tiny.toml", "compartments = {value = 8", "compartmens = {value = -8", "du = {low = 0", "du = {lo = 0"
    )
    assert {code for code, _, _ in found} == {"ND023"}
    messages = " ".join(message for _, message, _ in found)
    for part in ("limits.compartmens", "precision.du.low", "precision.du.lo'"):
        assert part in messages
    _, found = edited("tiny.toml", "cores = {value = 4", "cores = {value = 5", 'unit = "word"', 'unit = "byte"')
    assert [code for code, _, _ in found] == ["ND029", "ND026"]


def test_an_architecture_may_be_named_and_need_not(edited):
    target, _ = edited("tiny.toml", 'vendor = "neurodeploy"', 'vendor = "neurodeploy"\narchitecture = "loihi"')
    assert target.model_copy(update={"file": "tiny.toml"}) == load_target("tiny")


def test_a_chip_is_either_compiled_for_or_judged():
    with pytest.raises(DiagnosticError, match="ND028"):
        load_target("speck2f")
    with pytest.raises(DiagnosticError, match="ND028"):
        load_feasibility_target("loihi1")
    with pytest.raises(DiagnosticError, match="ND024"):
        read_target("speck2f", board="pair")
    with pytest.raises(DiagnosticError, match="ND025"):
        read_target("speck2f", rules="nxtf")
    assert isinstance(read_target("tiny", board="pair", rules="short"), Target)


def command(folder, *words):
    code = "import sys; from neurodeploy.cli import main; main()"
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "80"},
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def installed(folder, **contents):
    """A distribution as an installer leaves it: a package of targets and its entry point."""
    (folder / "their_chips").mkdir()
    (folder / "their_chips" / "__init__.py").write_text("")
    for name, text in contents.items():
        (folder / "their_chips" / f"{name}.toml").write_text(text)
    info = folder / "their_chips-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-chips\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[neurodeploy.targets]\ntheirs = their_chips\n")


def test_a_strangers_package_adds_targets_through_its_entry_point(tmp_path):
    installed(
        tmp_path,
        their_core=SHIPPED["tiny.toml"].replace('name = "tiny"', 'name = "their_core"'),
        their_layers=SHIPPED["speck2f.toml"].replace('name = "speck2f"', 'name = "their_layers"'),
    )
    status, out, err = command(tmp_path, "targets", "--json")
    assert status == 0, err
    assert {"their_core", "their_layers", "loihi1"} <= {item["name"] for item in json.loads(out)}
    status, out, err = command(tmp_path, "targets", "show", "their_layers")
    assert status == 0, err
    assert "architecture" in out


def test_a_package_that_shadows_a_target_is_refused(tmp_path):
    installed(tmp_path, loihi1=SHIPPED["loihi1.toml"])
    status, _, err = command(tmp_path, "targets")
    assert status == 1
    assert "error[ND027] target package 'theirs': contains 'loihi1.toml'" in err


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory, and a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def test_a_file_is_shown_by_its_path_or_refused_with_its_faults(here, call):
    (here / "mine.toml").write_text(SHIPPED["xylo_imu.toml"])
    status, out, err = call("targets", "show", "mine.toml")
    assert status == 0, err
    assert "limits.hidden" in out
    assert max(map(len, out.splitlines())) <= 80
    (here / "mine.toml").write_text(SHIPPED["xylo_imu.toml"].replace("value = 496", "value = -496"))
    status, out, err = call("targets", "show", "mine.toml")
    assert status == 1
    assert "error[ND023] file 'mine.toml'" in err
    assert "Traceback" not in err


def test_the_list_has_architectures_limits_and_confidence(here, call):
    _, out, _ = call("targets")
    assert max(map(len, out.splitlines())) <= 80
    for word in (
        "chips, and limits of one core",
        "layered",
        "crossbar",
        "fixed",
        "processors",
        "figures by confidence",
    ):
        assert word in out
    # the figures of a target are as many as its rows in `show`
    row = next(line.split() for line in out.splitlines() if line.startswith("odin ") and "-" in line)
    shown = call("targets", "show", "odin")[1]
    figures = [line for line in shown.splitlines() if line.startswith(("abilities.", "limits.", "signed", "shared"))]
    assert int(row[1]) == len(figures)


def test_kinds_of_figures_are_all_walked():
    kinds = {type(item.figure).__name__ for name in target_names() for item in figures_of(read_target(name))}
    assert kinds == {kind.__name__ for kind in (CostFigure, Figure, FigureList, FigureRange, FigureTable)} | {
        "FigurePerCore"
    }


def test_a_network_compiles_for_a_target_by_name_or_as_it_was_loaded():
    cell = nd.Population(name="a", shape=2, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=2))
    net = network_of((cell,), (), inputs=(), name="two")
    loaded = load_target("loihi1", board="kapoho_bay", rules="nxtf")
    assert nd.compile(net, loaded).target == loaded
    assert nd.compile(net, loaded, board="nahuku8").target.board == "nahuku8"
    assert nd.compile(net, "loihi1", board="nahuku8").target == load_target("loihi1", board="nahuku8")


def test_a_limit_of_several_architectures_has_one_unit():
    """Budgets look up units by the field's name alone."""
    units = {}
    for noun in (CoreLimits, RuleSet, *LIMITS):
        for name, unit in field_units(noun).items():
            assert units.setdefault(name, unit.name) == unit.name
    assert limit_units() == units


@pytest.mark.parametrize("name", sorted(target_names()))
def test_the_template_of_a_target_reads_as_the_target(name, tmp_path):
    path = tmp_path / f"{name}.toml"
    path.write_text(target_template(name), encoding="utf-8")
    assert read_target(path) == read_target(name)


def test_a_template_explains_every_field_and_offers_absent_ones():
    text = target_template("odin")
    assert "# Neurons of one core. Unit: neuron.\nneurons = {value = 256" in text
    assert "# Distinct weights onto one neuron. Unit: weight.\n# weights_per_neuron = {value = 0" in text


def test_the_command_line_prints_a_template(tmp_path):
    status, out, err = command(tmp_path, "targets", "template", "tiny")
    assert (status, out) == (0, target_template("tiny")), err
    status, _, err = command(tmp_path, "targets", "template", "tyni")
    assert status == 1
    assert "error[ND020]" in err
    assert command(tmp_path, "targets", "template")[0] == 2
