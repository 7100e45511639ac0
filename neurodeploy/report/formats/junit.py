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

__all__ = ["junit"]

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow."""


def _clean(text: str) -> str:
    return FORBIDDEN.sub("?", text)


def _case(suite: ElementTree.Element, kind: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", {"name": _clean(name), "classname": f"neurodeploy.{kind}"})


def junit(findings: Iterable[Diagnostic], examined: Examined) -> str:
    """Return the XML text: a test case for each finding and each met budget, and a passed one if there is no error."""
    items = list(findings)
    refused = set(errors_in(items, strict=examined.strict))
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(f"neurodeploy {examined.model}".strip())})
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
    counts = {"tests": len(suite), "failures": len(suite.findall("testcase/failure")), "errors": 0, "skipped": 0}
    for element in (suite, root):
        element.attrib.update(
            (key, str(value)) for key, value in counts.items() if element is suite or key != "skipped"
        )
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
