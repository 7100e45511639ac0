"""No code reads a finding back from its texts: its code, subject, message, and a ledger line's note are for people."""

import ast
from pathlib import Path

import pytest

TEXTS = {"code", "message", "subject", "note", "limit_source"}
READERS = {
    *("startswith", "endswith", "split", "rsplit", "partition", "rpartition", "removeprefix", "removesuffix"),
    *("find", "rfind", "index", "rindex", "strip", "lstrip", "rstrip", "replace"),
}
REGEX = {"match", "fullmatch", "search", "findall", "finditer", "sub", "split"}
ROOTS = ("neurodeploy", "backends", "targets")


def is_text(node):
    """`item.message`, `str(item.subject)`, `f"{item.subject}"`."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "str" and node.args:
        return is_text(node.args[0])
    if isinstance(node, ast.JoinedStr):
        return any(is_text(part.value) for part in node.values if isinstance(part, ast.FormattedValue))
    return isinstance(node, ast.Attribute) and node.attr in TEXTS


def parses(node):
    """Whether a node takes a text of a finding apart."""
    if isinstance(node, ast.Compare):
        pairs = zip(node.ops, node.comparators, strict=True)
        return any(isinstance(op, (ast.In, ast.NotIn)) and is_text(right) for op, right in pairs)
    if isinstance(node, ast.Subscript):
        return is_text(node.value)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    method, of = node.func.attr, node.func.value
    if method in READERS and is_text(of) and node.args:  # split() without a separator only joins lines
        return True
    return method in REGEX and any(is_text(argument) for argument in node.args)


def faults(source):
    return [node.lineno for node in ast.walk(ast.parse(source)) if parses(node)]


@pytest.mark.parametrize(
    "line",
    [
        "item.message.startswith('tau')",
        "item.code.startswith('ND3')",
        'str(item.subject).split("\'")',
        "'core' in item.message",
        "item.code[2]",
        "re.match('x', line.note)",
        "pattern.search(f'{item.subject}')",
    ],
)
def test_reading_a_text_is_found(line):
    assert faults(line)


@pytest.mark.parametrize("line", ["item.code in ('ND401',)", "item.subject.kind == 'file'", "f'{item.message}'"])
def test_data_is_no_reading_of_a_text(line):
    assert not faults(line)


def test_no_code_reads_a_finding_back_from_its_texts(root):
    found = [
        f"{path.relative_to(root)}:{line}"
        for folder in ROOTS
        for path in sorted(Path(root, folder).rglob("*.py"))
        for line in faults(path.read_text(encoding="utf-8"))
    ]
    assert found == []
