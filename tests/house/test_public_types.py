"""Public signatures say what they take and give: none has a bare Any."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "neurodeploy"
PASSED_ON = (
    "Described.model_json_schema",
    "Group.__init__",
    "Group.format_help",
    "Group.main",
    "Group.resolve_command",
    "Group.shell_complete",
)
"""Overrides of methods whose arguments differ between versions of pydantic and click; they are passed on."""
OF_A_FILE = "neurodeploy/api/files.py: load(return)"
"""What a file holds is known when it is read; a union would make every use of the result an error of a type checker."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Functions and methods whose name, and whose class's name, begins with no underscore; special methods too."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            special = node.name.startswith("__") and node.name.endswith("__")
            if special or not node.name.startswith("_"):
                yield f"{prefix}{node.name}", node


def is_bare_any(annotation: ast.expr | None) -> bool:
    """Whether a type is Any alone, or Any | None; dict[str, Any] and NDArray[Any] say what they can."""
    if isinstance(annotation, ast.BinOp):
        return is_bare_any(annotation.left) or is_bare_any(annotation.right)
    return isinstance(annotation, ast.Name) and annotation.id == "Any"


def bare_any(function: Function) -> list[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    found = [item.arg for item in every if item is not None and is_bare_any(item.annotation)]
    return [*found, "return"] if is_bare_any(function.returns) else found


def untyped(path: Path) -> list[str]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    shown = path.relative_to(ROOT).as_posix()
    return [
        f"{shown}: {name}({', '.join(bare_any(node))})"
        for name, node in public_functions(module.body)
        if bare_any(node) and name not in PASSED_ON
    ]


def test_no_public_signature_has_a_bare_any() -> None:
    found = [fault for path in sorted(CORE.rglob("*.py")) for fault in untyped(path)]
    assert found == [OF_A_FILE]


def test_a_bare_any_is_found() -> None:
    source = "class C:\n  def m(self, a: Any | None, *b: int, **c: Any) -> dict[str, Any]: ...\ndef _f(a: Any): ...\n"
    ((name, node),) = public_functions(ast.parse(source).body)
    assert (name, bare_any(node)) == ("C.m", ["a", "c"])
