"""C declarations of nouns, with their docstrings as comments: `python -m neurodeploy.native.header MODULE > FILE`."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from neurodeploy.native.structs import Span, fields_of

__all__ = ["header_of"]


def header_of(module: ModuleType) -> str:
    """The C header of all nouns and integer constants of a module, in the order of its source."""
    tree = ast.parse(inspect.getsource(module))
    guard = f"ND_{module.__name__.rpartition('.')[2].upper()}_H"
    lines = [f"/* Generated from {module.__name__} by neurodeploy.native.header; do not edit. */"]
    lines += [f"#ifndef {guard}", f"#define {guard}", '#include "kernels.h"', ""]
    for number, node in enumerate(tree.body):
        following = tree.body[number + 1] if number + 1 < len(tree.body) else None
        if isinstance(node, ast.Assign):
            lines += _constants(node, following, module)
        elif isinstance(node, ast.ClassDef) and hasattr(getattr(module, node.name), "_fields"):
            lines += _struct(node, getattr(module, node.name), module)
    return "\n".join([*lines, f"#endif  /* {guard} */", ""])


def _comment(text: str, indent: str = "") -> list[str]:
    """A C comment; lines keep their breaks."""
    body = inspect.cleandoc(text).splitlines()
    joined = [f"{indent}/* {body[0]}", *(f"{indent}   {line}".rstrip() for line in body[1:])]
    joined[-1] += " */"
    return joined


def _docstring(node: ast.stmt | None) -> str:
    plain = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return node.value.value if plain else ""  # type: ignore[union-attr,return-value]


def _constants(node: ast.Assign, following: ast.stmt | None, module: ModuleType) -> list[str]:
    names = [item.id for target in node.targets for item in ast.walk(target) if isinstance(item, ast.Name)]
    values = {name: getattr(module, name) for name in names if name.isupper()}
    if not values or not all(type(value) is int for value in values.values()):
        return []
    text = _docstring(following)
    listed = ", ".join(f"{name} = {value}" for name, value in values.items())
    large = any(value >= 1 << 31 for value in values.values())
    defined = (
        [f"#define {name} INT64_C({value})" for name, value in values.items()] if large else [f"enum {{{listed}}};"]
    )
    return [*(_comment(text) if text else []), *defined, ""]


def _struct(node: ast.ClassDef, noun: Any, module: ModuleType) -> list[str]:
    kinds = dict(fields_of(noun))
    lines = [*_comment(ast.get_docstring(node) or ""), "typedef struct {"]
    for number, item in enumerate(node.body):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            following = node.body[number + 1] if number + 1 < len(node.body) else None
            text = _docstring(following)
            lines += _comment(text, "  ") if text else []
            lines.append(f"  {_type_name(kinds[item.target.id])} {item.target.id};")
    lines += [f"}} {noun.__name__};"]
    used = f"span_{noun.__name__}"
    arrays = (kind for other in vars(module).values() if hasattr(other, "_fields") for _, kind in fields_of(other))
    if any(isinstance(kind, Span) and kind.name == used for kind in arrays):
        lines.append(f"typedef struct {{ const {noun.__name__} *at; int64_t n; }} {used};")
    return [*lines, ""]


def _type_name(kind: Any) -> str:
    if isinstance(kind, Span):
        return kind.name
    return {int: "int64_t", float: "double"}.get(kind) or kind.__name__


def main() -> None:
    """Write the header of a module, named by its import path, into the file that its HEADER names."""
    for name in sys.argv[1:]:
        module = importlib.import_module(name)
        Path(str(module.__file__)).with_suffix(".h").write_text(header_of(module))


if __name__ == "__main__":
    main()
