"""What starts the package loads little: a name, a help or a version must not wait for packages that it does not use."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys

import pytest
import typer

import neurodeploy as nd
from neurodeploy.cli.command_table import COMMANDS as COMMAND_TABLE
from neurodeploy.cli.main import app

OWN = {"neurodeploy", "neurodeploy_backends", "neurodeploy_targets"}
NOUNS = {"numpy", "pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
"""Packages of frozen data, and what they import."""
LEAVE = "try: main()\nexcept SystemExit as left: assert not left.code\n"
LATER = {"tomli"} if sys.version_info < (3, 11) else set[str]()
"""Packages that stand for a module of a later standard library."""
PRINTED = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names), file=sys.stderr)"


def loaded(code: str) -> set[str]:
    """Packages outside the standard library that a fresh interpreter has imported after some code."""
    bare, done = (
        subprocess.run([sys.executable, "-c", each + PRINTED], capture_output=True, text=True, check=True)
        for each in ("pass", code)
    )
    found = set(done.stderr.split()) - set(bare.stderr.split())
    # of the standard library, but not listed; multiprocessing calls the main module so, too
    return {name for name in found if not name.startswith(("_sysconfigdata", "__mp_main__"))}


def test_the_package_is_imported_without_any_other() -> None:
    assert loaded("import neurodeploy") == {"neurodeploy"}


def test_all_public_names_need_no_more_than_numpy_and_pydantic() -> None:
    found = loaded("from neurodeploy import *")
    assert found >= {"numpy", "pydantic"}
    assert found <= OWN | NOUNS | LATER


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_the_list_of_commands_needs_neither_numpy_nor_pydantic(word: str) -> None:
    found = loaded(f"import sys; sys.argv = ['neurodeploy', '{word}']\nfrom neurodeploy.cli import main\n{LEAVE}")
    assert "typer" in found
    assert found & OWN == {"neurodeploy"}
    assert not found & (NOUNS - {"typing_extensions"})


def test_completing_the_name_of_a_command_needs_no_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_NEURODEPLOY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "neurodeploy com")
    monkeypatch.setenv("COMP_CWORD", "1")
    found = loaded(f"import sys; sys.argv = ['neurodeploy']\nfrom neurodeploy.cli import main\n{LEAVE}")
    assert "typer" in found, "which may import pydantic itself"
    assert "numpy" not in found


def typed_imports() -> dict[str, str]:
    """Public name -> the module from which type checkers import it."""
    tree = ast.parse(inspect.getsource(nd))
    (guard,) = (node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    return {alias.name: str(node.module) for node in guard.body for alias in node.names}


def test_every_public_name_is_imported_from_where_type_checkers_see_it() -> None:
    assert typed_imports() == nd._MODULE_OF
    assert sorted(nd._MODULE_OF) == sorted(nd.__all__)
    for name, module in nd._MODULE_OF.items():
        assert getattr(nd, name) is getattr(sys.modules[module], name)


def test_public_names_are_listed_before_they_are_used() -> None:
    code = "import neurodeploy as nd; assert {*nd.__all__, '__version__'} <= {*dir(nd)}; assert 'load' not in vars(nd)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^module 'neurodeploy' has no attribute 'runn'$"):
        nd.runn  # noqa: B018


@pytest.mark.parametrize("name", ["check", "profile"])
def test_a_function_is_not_hidden_by_the_package_of_its_name(name: str) -> None:
    """Whichever is imported first."""
    for code in (f"import neurodeploy.{name}", f"from neurodeploy import {name}; import neurodeploy.{name}"):
        told = f"{code}; import inspect, sys, neurodeploy as nd\nassert inspect.isfunction(nd.{name})\n"
        told += f"from neurodeploy import {name}; assert {name} is nd.{name}\n"
        told += f"assert sys.modules['neurodeploy.{name}'].__path__"
        subprocess.run([sys.executable, "-c", told], check=True)


COMMANDS = typer.main.get_command(app).commands


@pytest.mark.parametrize("name", COMMAND_TABLE)
def test_the_list_of_commands_says_what_the_help_of_each_says(name: str) -> None:
    command, entry = COMMANDS[name], COMMAND_TABLE[name]
    assert " ".join(command.help.split("\n\n")[0].split()) == entry.summary
    assert (command.name, command.hidden, command.deprecated) == (name, False, False)
