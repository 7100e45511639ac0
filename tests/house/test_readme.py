"""The README is correct: its Python runs, its commands print what it shows, and what it names exists.

`pytest tests/house/test_readme.py --update-golden` refreshes the outputs that it shows.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from factories import wide_network, write_nir_neuron

import neurodeploy as nd

PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
OUTPUT = r"(<!-- output of: {} -->\n```text\n)(.*?)(```\n)"
NOT_SHOWN = re.compile(r"^compiling .*?\n|^stages: [^\n]*\n([^\n]+\n)?", re.MULTILINE)
"""Depends on the machine and the day: the notice of a first run, and the time that stages took."""
NOT_COMPARED = re.compile(r"float reference.*|(?<=\d)  +[\d.]+%(?=  +[\d.]+%  )")
"""The last digits of float sums depend on the processor: the accuracy of floats, in a line or in a table by steps."""


@pytest.fixture
def readme(root):
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def printed(call, monkeypatch):
    """Return a function: a command and its folder -> both outputs, at 80 columns."""

    def run(command, folder):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "80")
        _, out, err = call(*command.split()[1:])
        lines = [line.rstrip() for line in (out + err).splitlines()]
        return NOT_SHOWN.sub("", "\n".join(lines) + "\n")

    return run


def compare(root, readme, command, printed, update):
    pattern = re.compile(OUTPUT.format(re.escape(command)), re.DOTALL)
    assert pattern.search(readme), f"README has no output of {command}"
    if update:
        readme = pattern.sub(lambda match: match[1] + printed + match[3], readme)
        (root / "README.md").write_text(readme, encoding="utf-8")
    shown = pattern.search(readme)[2]
    assert NOT_COMPARED.sub("", shown) == NOT_COMPARED.sub("", printed)


def test_the_first_command_prints_what_is_shown(root, readme, printed, update_golden):
    command = "neurodeploy run examples/digits/digits.nd.json --target loihi1"
    assert f"pip install -e . && {command}\n" in readme
    assert 'pip install -e ".[test]" && pytest\n' in readme
    compare(root, readme, command, printed(command, root), update_golden)


@pytest.mark.slow
def test_a_trained_network_is_converted_as_shown(root, readme, printed, tmp_path, update_golden):
    options = "--evaluate examples/digits/digits.stimulus.npz --target loihi1 --steps 16 -o"
    files = "examples/digits_cnn/digits_cnn.onnx --calibrate examples/digits_cnn/calibration.npz"
    assert f"neurodeploy convert {files} \\\n    {options} digits_cnn.nd.json\n" in readme
    command = f"neurodeploy convert {files} {options}"
    found = printed(f"{command} {tmp_path / 'digits_cnn.nd.json'}", root)
    compare(root, readme, f"{command} digits_cnn.nd.json", found.partition("\nblame by layer")[0], update_golden)


def test_what_does_not_fit_is_reported_as_shown(root, tmp_path, readme, printed, update_golden):
    nd.save(wide_network(source="sensor", output="loudest"), tmp_path / "wide.nd.json")
    command = "neurodeploy check wide.nd.json --target tiny"
    compare(root, readme, command, printed(command, tmp_path), update_golden)


def test_its_python_runs(readme, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_nir_neuron("model.nir")
    network, nir, _ = PYTHON.findall(readme)
    names = {}
    exec(network, names)
    printed = capsys.readouterr().out
    assert printed.startswith("1 ")
    assert (tmp_path / "echo.nd.json").exists()
    assert nd.load("echo.nd.json") == names["network"]
    exec(nir, names)
    assert names["network"].populations[0].name == "lif"


def test_its_test_passes(root, readme, monkeypatch, neurodeploy_run):
    monkeypatch.chdir(root)
    names = {"nd": nd, "np": np}
    exec(PYTHON.findall(readme)[2], names)
    names["test_it_still_fits_and_answers"](neurodeploy_run)


def test_what_it_names_exists(root, readme):
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (root / link.partition("#")[0]).exists(), link
    neurons = re.search(r"Neurons: (.*?), whose", readme)[1]
    for name in re.findall(r"`(\w+)`", neurons):
        assert hasattr(nd, name)
