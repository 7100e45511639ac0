"""Options of a run: the command line takes their types, ranges and help from RunOptions."""

from __future__ import annotations

import pytest
import typer.main

import neurodeploy as nd
from neurodeploy.base.described import field_meanings
from neurodeploy.cli.main import app
from neurodeploy.cli.options import field_option
from neurodeploy.diagnostics import DiagnosticError

RUN = {option.name: option for option in typer.main.get_command(app).commands["run"].params}
NAMES = {"timeout_s": "timeout"}
ELSEWHERE = {"batch", "record", "probes", "activity", "overflow", "keep_state", "resume", "noise", "learned"}
"""Fields of Python only, and those that commands take as files."""


def test_every_field_has_an_option_or_is_of_python_only():
    assert {NAMES.get(name, name) for name in nd.RunOptions.model_fields if name not in ELSEWHERE} <= RUN.keys()


@pytest.mark.parametrize("field", [name for name in nd.RunOptions.model_fields if name not in ELSEWHERE])
def test_help_is_the_docstring_of_the_field(field):
    assert RUN[NAMES.get(field, field)].help == field_meanings(nd.RunOptions)[field]


@pytest.mark.parametrize("field", ["steps", "until", "seed", "threads"])
def test_the_command_line_and_python_accept_the_same_numbers(field):
    parse = field_option(nd.RunOptions, field).parser
    for value in (-(2**63) - 1, -(2**63), -1, 0, 1, 4096, 4097, 2**31 - 2, 2**31 - 1, 2**63 - 1, 2**63):
        accepted = []
        for make in (parse, lambda value: nd.RunOptions(**{field: value})):
            try:
                make(value)
                accepted.append(True)
            except DiagnosticError:
                accepted.append(False)
        assert accepted[0] == accepted[1], value
