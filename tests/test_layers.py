"""The house's shape, read from the source: arrows of import run one way, modules and functions stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "neurodeploy"
BACKENDS = ROOT / "backends" / "neurodeploy_backends"
TARGETS = ROOT / "targets" / "neurodeploy_targets"
EXAMPLES = ROOT / "examples"

LAYERS = (
    ("_plain", "_toml"),
    ("_noun",),
    ("_tensors",),
    ("diagnostics", "ledger"),
    ("_archive",),
    ("target", "network"),
    ("importers", "quantize"),
    ("program",),
    ("check",),
    ("mapping",),
    ("compiler", "runtime"),
    ("profile",),
    ("report",),
    ("",),
    ("cli", "testing"),
    ("__main__",),
)
"""A stage imports stages of earlier rows, and itself. The empty name is the package's own front door."""
RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}
PRINTERS = ("cli", "report", "testing")
MODULE_LINES, FUNCTION_LINES, NESTING = 400, 40, 3


def modules(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    assert found, f"{folder} holds no module"
    return found


PACKAGED = [*modules(CORE), *modules(BACKENDS), *modules(TARGETS)]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name), wherever in the module the import stands."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


def stage(dotted: str) -> str:
    return (dotted.split(".") + [""])[1]


def backward_arrows(importer: str, module: ast.Module) -> list[str]:
    """Imports of a core module of stage `importer` that do not point to an earlier row."""
    found: list[str] = []
    for line, name in imports(module):
        if name.startswith("."):
            found.append(f"line {line}: relative import '{name}'")
        elif name.split(".")[0] == "neurodeploy":
            wanted = stage(name)
            if wanted != importer and RANK[wanted] >= RANK[importer]:
                found.append(f"line {line}: '{importer}' imports '{wanted}'")
        elif name.split(".")[0] in ("neurodeploy_backends", "neurodeploy_targets", "backends", "targets"):
            found.append(f"line {line}: core imports '{name}', which is found by entry point only")
    return found


def stage_of(path: Path) -> str:
    parts = path.relative_to(CORE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def test_every_stage_has_a_place_in_the_order() -> None:
    assert {stage_of(path) for path in modules(CORE)} == set(RANK)


@pytest.mark.parametrize("path", modules(CORE), ids=shown)
def test_core_imports_run_one_way(path: Path) -> None:
    assert backward_arrows(stage_of(path), tree(path)) == []


def test_a_backward_arrow_is_seen() -> None:
    """The test above must be able to fail, for each of its reasons."""
    source = "def f():\n    from neurodeploy.mapping import place\nimport neurodeploy_targets\nfrom . import x\n"
    assert backward_arrows("quantize", ast.parse(source)) == [
        "line 3: core imports 'neurodeploy_targets', which is found by entry point only",
        "line 4: relative import '.'",
        "line 2: 'quantize' imports 'mapping'",
    ]
    assert backward_arrows("cli", ast.parse("import neurodeploy.mapping.place")) == []


@pytest.mark.parametrize("path", modules(CORE), ids=shown)
def test_core_does_not_name_the_plugin_packages_in_strings(path: Path) -> None:
    """No import_module("neurodeploy_backends...") behind the back of the test above; docstrings may speak of them."""
    module = tree(path)
    documented = {id(node.body[0].value) for node in ast.walk(module) if has_docstring(node)}
    named = [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
        if node.value.startswith(("neurodeploy_backends", "neurodeploy_targets"))
    ]
    assert named == []


def has_docstring(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node) is not None


@pytest.mark.parametrize("path", modules(TARGETS), ids=shown)
def test_targets_import_nothing(path: Path) -> None:
    assert [name for _, name in imports(tree(path)) if name != "__future__"] == []


@pytest.mark.parametrize("path", modules(BACKENDS), ids=shown)
def test_backends_know_the_core_and_not_each_other(path: Path) -> None:
    own = path.relative_to(BACKENDS).with_suffix("").parts[0]
    names = [name.split(".") for _, name in imports(tree(path))]
    assert not [name for name in names if name[0] == "neurodeploy_targets"]
    assert not [name for name in names if name[0] == "neurodeploy_backends" and name[1:2] != [own]]
    assert not [name for name in names if name[:2] in (["neurodeploy", "cli"], ["neurodeploy", "report"])]


@pytest.mark.parametrize("path", PACKAGED, ids=shown)
def test_modules_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("path", PACKAGED, ids=shown)
def test_modules_say_what_they_are(path: Path) -> None:
    assert ast.get_docstring(tree(path)), "a module's first line says noun, verb or contract"


def functions(module: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from its `def` to its end, the docstring's lines not counted."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    documented = has_docstring(node)
    return total - ((first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0)


@pytest.mark.parametrize("path", PACKAGED, ids=shown)
def test_functions_are_small(path: Path) -> None:
    long = [
        f"{node.name}: {body_lines(node)} lines" for node in functions(tree(path)) if body_lines(node) > FUNCTION_LINES
    ]
    assert long == []


BLOCKS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try)


def depth(node: ast.AST) -> int:
    """Deepest chain of blocks below a node; `elif` is no deeper than its `if`, and an inner function starts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


@pytest.mark.parametrize("path", PACKAGED, ids=shown)
def test_functions_are_shallow(path: Path) -> None:
    deep = [f"{node.name}: {depth(node)} levels" for node in functions(tree(path)) if depth(node) > NESTING]
    assert deep == []


@pytest.mark.parametrize("path", PACKAGED, ids=shown)
def test_only_the_command_line_prints(path: Path) -> None:
    if path.is_relative_to(CORE) and stage_of(path) in PRINTERS:
        pytest.skip("its business is to print")
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert [call.lineno for call in calls if call.func.id == "print"] == []


@pytest.mark.parametrize("path", PACKAGED, ids=shown)
def test_no_bare_assert(path: Path) -> None:
    """An assertion of package code guards an invariant, never a user's input, and says "internal:"."""
    bare = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assert)
        and not (isinstance(node.msg, ast.Constant) and str(node.msg.value).startswith("internal:"))
    ]
    assert bare == []


@pytest.mark.parametrize("path", modules(EXAMPLES), ids=shown)
def test_examples_say_how_to_run_them(path: Path) -> None:
    assert f"python {shown(path)}" in (ast.get_docstring(tree(path)) or "")
