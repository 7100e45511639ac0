"""The structure of the source: packages import in one direction, modules and functions stay small."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "neurodeploy"
BACKENDS = ROOT / "backends" / "neurodeploy_backends"
TARGETS = ROOT / "targets" / "neurodeploy_targets"
EXAMPLES = ROOT / "examples"

LAYERS = (
    ("base",),
    ("diagnostics",),
    ("io", "native"),
    ("hardware", "network"),
    ("trained",),
    ("quantize", "signals", "feasibility", "exporters"),
    ("importers",),
    ("convert",),
    ("resources",),
    ("program",),
    ("faults",),
    ("costs",),
    ("check",),
    ("mapping",),
    ("compiler", "simulate"),
    ("metrics", "stream", "c_export"),
    ("tuning",),
    ("worker",),
    ("conformance",),
    ("profile",),
    ("sweep",),
    ("monitor",),
    ("campaign",),
    ("diff",),
    ("baseline",),
    ("blame",),
    ("project",),
    ("report", "plot"),
    ("api",),
    ("",),
    ("serve",),
    ("cli", "testing"),
    ("__main__",),
)
"""A package imports packages of earlier rows, and itself. The empty name stands for `neurodeploy/__init__.py`."""
RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}
PRINTERS = ("cli", "report", "testing")
MODULE_LINES, FUNCTION_LINES, NESTING = 400, 40, 3
BLOCKS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Try)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    assert found, f"{folder} holds no module"
    return found


PACKAGED = [*modules(CORE), *modules(BACKENDS), *modules(TARGETS)]


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import in a module, inside functions too."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


def package_in(dotted: str) -> str:
    return (dotted.split(".") + [""])[1]


def backward_imports(importer: str, module: ast.Module) -> list[str]:
    """Imports in a module of the package `importer` that do not point to an earlier row of `LAYERS`."""
    found: list[str] = []
    for line, name in imports(module):
        if name.startswith("."):
            found.append(f"line {line}: relative import '{name}'")
        elif name.split(".")[0] == "neurodeploy":
            wanted = package_in(name)
            if wanted != importer and RANK[wanted] >= RANK[importer]:
                found.append(f"line {line}: '{importer}' imports '{wanted}'")
        elif name.split(".")[0] in ("neurodeploy_backends", "neurodeploy_targets", "backends", "targets"):
            found.append(f"line {line}: core imports '{name}', which is found by entry point only")
    return found


def violations(paths: list[Path], of: Callable[[Path, ast.Module], Sequence[object]]) -> list[str]:
    """The violations in all modules as "path: violation", so that one failure shows every one."""
    return [f"{shown(path)}: {violation}" for path in paths for violation in of(path, tree(path))]


def has_docstring(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node) is not None


def package_of(path: Path) -> str:
    parts = path.relative_to(CORE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def test_every_package_has_a_place_in_the_order() -> None:
    assert {package_of(path) for path in modules(CORE)} == set(RANK)


def test_core_imports_run_one_way() -> None:
    assert violations(modules(CORE), lambda path, module: backward_imports(package_of(path), module)) == []


def test_a_backward_import_is_found() -> None:
    """The test above can fail for each of its reasons."""
    source = "def f():\n    from neurodeploy.mapping import place\nimport neurodeploy_targets\nfrom . import x\n"
    assert backward_imports("quantize", ast.parse(source)) == [
        "line 3: core imports 'neurodeploy_targets', which is found by entry point only",
        "line 4: relative import '.'",
        "line 2: 'quantize' imports 'mapping'",
    ]
    assert backward_imports("cli", ast.parse("import neurodeploy.mapping.place.place")) == []


def plugin_strings(path: Path, module: ast.Module) -> list[str]:
    """String constants that name a plugin package, as `import_module` takes them; docstrings may name them."""
    documented = {id(node.body[0].value) for node in ast.walk(module) if has_docstring(node)}
    return [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
        if node.value.startswith(("neurodeploy_backends", "neurodeploy_targets"))
    ]


def test_core_does_not_name_the_plugin_packages_in_strings() -> None:
    assert violations(modules(CORE), plugin_strings) == []


def test_targets_import_nothing() -> None:
    assert violations(modules(TARGETS), lambda _, module: [n for _, n in imports(module) if n != "__future__"]) == []


def forbidden_imports(path: Path, module: ast.Module) -> list[str]:
    """Imports that a backend must not have: targets, other backends, the command line, reports, testing."""
    own = path.relative_to(BACKENDS).with_suffix("").parts[0]
    forbidden = {("neurodeploy", "cli"), ("neurodeploy", "report"), ("neurodeploy", "testing")}
    found: list[str] = []
    for line, name in imports(module):
        first, second = (*name.split("."), "")[:2]
        other = first == "neurodeploy_backends" and second != own
        if other or first == "neurodeploy_targets" or (first, second) in forbidden:
            found.append(f"line {line}: {name}")
    return found


def test_backends_import_the_core_and_not_each_other() -> None:
    assert violations(modules(BACKENDS), forbidden_imports) == []


def test_modules_are_small_and_have_a_docstring() -> None:
    assert violations(PACKAGED, lambda path, _: [n for n in (n_lines(path),) if n > MODULE_LINES]) == []
    assert violations(PACKAGED, lambda _, module: [] if ast.get_docstring(module) else ["no docstring"]) == []


def n_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(module: ast.Module) -> list[Function]:
    return [node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def body_lines(node: Function) -> int:
    """Lines of a function's body without its docstring."""
    body = node.body[1:] if has_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def depth(node: ast.AST) -> int:
    """Deepest nesting of branches and loops; `elif` is as deep as its `if`, and inner functions count separately."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


def test_functions_are_small() -> None:
    def long(_: Path, module: ast.Module) -> list[str]:
        return [
            f"{node.name}: {body_lines(node)} lines" for node in functions(module) if body_lines(node) > FUNCTION_LINES
        ]

    assert violations(PACKAGED, long) == []


def test_functions_are_shallow() -> None:
    def deep(_: Path, module: ast.Module) -> list[str]:
        return [f"{node.name}: {depth(node)} levels" for node in functions(module) if depth(node) > NESTING]

    assert violations(PACKAGED, deep) == []


def test_nesting_is_counted() -> None:
    """`for` is level 1, `if` 2, `while` 3; `elif` stays at 2, and `with` does not count."""
    source = "for a in b:\n  with c:\n    if d:\n      while e: pass\n    elif f:\n      g()\n"
    assert depth(ast.parse(source)) == 3


def test_only_the_command_line_prints() -> None:
    def prints(path: Path, module: ast.Module) -> list[str]:
        if path.is_relative_to(CORE) and package_of(path) in PRINTERS:
            return []
        calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
        return [f"line {call.lineno}" for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]

    assert violations(PACKAGED, prints) == []


def test_assertions_of_package_code_are_invariants() -> None:
    """Assertions state invariants of the code, never of input, and their messages begin with "internal:"."""

    def bare(_: Path, module: ast.Module) -> list[str]:
        asserts = [node for node in ast.walk(module) if isinstance(node, ast.Assert)]
        return [f"line {node.lineno}" for node in asserts if "internal:" not in ast.unparse(node.msg or node.test)]

    assert violations(PACKAGED, bare) == []


def test_examples_say_how_to_run_them() -> None:
    def silent(path: Path, module: ast.Module) -> list[str]:
        return [] if f"python {shown(path)}" in (ast.get_docstring(module) or "") else ["no command"]

    assert violations(modules(EXAMPLES), silent) == []
