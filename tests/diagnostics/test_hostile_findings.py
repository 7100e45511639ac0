"""Text from files is quoted and shortened in findings, so that it cannot control a terminal or another tool."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

STYLES = ("text", "concise", "json", "sarif", "junit", "github")
ESCAPE, LONG = "\x1b[31mred\x07\x9b2J", "n" * 10_000
COMMAND = "x\n::error file=secret::gotcha%0A\r::set-output name=a::b"
DOCUMENTS = {
    "key": {"schema_version": 1, ESCAPE: 1, LONG: 2, COMMAND: 3},
    "name": {"schema_version": 1, "name": ESCAPE, "time": {"dt_s": COMMAND}, "populations": [{"name": LONG}]},
    "many": {"schema_version": 1, **{f"unknown{i}": i for i in range(3_000)}},
}
LONGEST, LINES = 9_000, 400
"""Letters of a line, and lines, that a file of a few kilobytes may cause."""
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def texts(style, told):
    """Every text that a format holds, as its readers see it."""
    if style == "junit":
        root = ElementTree.fromstring(told)
        return [text for item in root.iter() for text in (item.text or "", *item.attrib.values())]
    if style in ("json", "sarif"):
        found = []

        def walk(item):
            if isinstance(item, str):
                found.append(item)
            for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
                walk(inner)

        walk(json.loads(told))
        return found
    return [told]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_what_a_document_says_steers_nothing(tmp_path, monkeypatch, call, style, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.nd.json").write_text(json.dumps(DOCUMENTS[name]))
    status, out, err = call("check", "net.nd.json", "-t", "tiny", "--format", style)
    told = out + err
    assert status == 1
    assert "error" in told
    for text in (told, *texts(style, told)):
        assert not CONTROL.search(text.replace("\n", "")), repr(CONTROL.search(text.replace("\n", "")))
    assert max(map(len, told.splitlines())) < LONGEST
    assert len(told.splitlines()) < LINES * (8 if style in ("json", "sarif", "junit") else 1)
    if style == "github":
        assert all(line.startswith("::error file=net.nd.json") for line in told.splitlines())


@pytest.mark.parametrize("style", STYLES)
def test_a_path_steers_nothing(tmp_path, monkeypatch, call, style):
    monkeypatch.chdir(tmp_path)
    for path in ("a\x1b[31m\n::error::b.nd.json", "c,title=d:%0A.nd.json"):
        (tmp_path / path).write_text("{]")
        status, out, err = call("check", path, "-t", "tiny", "--format", style)
        assert status == 1
        assert "\x1b" not in out + err
        if style == "github":
            (line,) = out.splitlines()
            assert re.fullmatch(r"::error file=[^,:]*,title=[^,:]*::.*", line)
        if style == "concise":
            assert out.count("\n") == 1


@pytest.mark.parametrize("style", STYLES)
def test_an_option_steers_nothing(call, style):
    for value in (ESCAPE, LONG, COMMAND, "\ud800"):
        status, out, err = call("check", "net.nd.json", "-t", value, f"--dt={value}", "--format", style)
        assert status == 2
        for text in (out + err, *texts(style, out + err)):
            assert not CONTROL.search(text.replace("\n", ""))
        assert len(out + err) < 6_000
