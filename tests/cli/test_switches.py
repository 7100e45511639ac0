"""Fields that are true or false are a pair of options."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from neurodeploy.cli.convert_options import with_convert_options


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ((), {}),
        (("--bias-correction",), {"bias_correction": True}),
        (("--no-bias-correction",), {"bias_correction": False}),
    ],
)
def test_a_switch_is_given_by_its_name(words, given):
    seen = []
    app = typer.Typer()

    @with_convert_options
    def command(*, conversion: dict) -> None:
        seen.append(conversion)

    app.command()(command)
    assert CliRunner().invoke(app, list(words)).exit_code == 0
    assert seen == [given]
