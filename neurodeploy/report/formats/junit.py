"""JUnit report of findings: errors are failures, met budgets are passed tests.

Source of the elements and their order: the schema that the Jenkins xUnit plug-in validates against. It has no timestamps,
so that equal findings give equal bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree

from neurodeploy.diagnostics import Diagnostic, errors_in, render, rule
from neurodeploy.report.formats.place import Examined

__all__ = ["junit", "junit_suites"]

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow."""


def _clean(text: str) -> str:
    return FORBIDDEN.sub("?", text)


def _case(suite: ElementTree.Element, kind: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", {"name": _clean(name), "classname": f"neurodeploy.{kind}"})


def junit(findings: Iterable[Diagnostic], examined: Examined) -> str:
    """Return the XML text: a test case for each finding and each met budget, and a passed one if there is no error."""
    return junit_suites([(findings, examined)])


def junit_suites(suites: Iterable[tuple[Iterable[Diagnostic], Examined]]) -> str:
    """Return the XML text with a suite for each pair of findings and what was examined."""
    root = ElementTree.Element("testsuites")
    for findings, examined in suites:
        _suite(root, list(findings), examined)
    _count(root, root.findall("testsuite/testcase"))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(root: ElementTree.Element, items: list[Diagnostic], examined: Examined) -> None:
    refused = set(errors_in(items, strict=examined.strict))
    name = f"neurodeploy {examined.model}".strip() + (f" on {examined.target}" if examined.target else "")
    suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(name)})
    if not refused:
        _case(suite, "check", "nothing refuses")
    for text in examined.passed:
        _case(suite, "budget", text)
    seen: Counter[str] = Counter()
    for item in items:
        name = f"{item.code} {rule(item.code).name}: {item.subject}"
        seen[name] += 1
        case = _case(suite, item.code, name if seen[name] == 1 else f"{name} #{seen[name]}")
        if item in refused:
            attributes = {"type": item.code, "message": _clean(item.message)}
            ElementTree.SubElement(case, "failure", attributes).text = _clean(render(item))
        else:
            ElementTree.SubElement(case, "system-out").text = _clean(render(item))
    _count(suite, list(suite), skipped="0")


def _count(element: ElementTree.Element, cases: list[ElementTree.Element], **more: str) -> None:
    """Set the numbers of tests of a suite, or of all suites."""
    failures = sum(case.find("failure") is not None for case in cases)
    element.attrib.update({"tests": str(len(cases)), "failures": str(failures), "errors": "0", **more})
