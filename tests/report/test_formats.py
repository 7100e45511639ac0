"""Findings in the formats that other tools read: SARIF, JUnit, GitHub annotations, one line each."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

import neurodeploy as nd
from neurodeploy.diagnostics import about, finding, rules
from neurodeploy.report.formats import Examined, concise, github, junit, place_of, sarif

WIDE = ("check", "wide.nd.json", "--target", "tiny")
FITS = (*WIDE, "--board", "pair")

# What SARIF 2.1.0 says of the objects that we write: (required properties, all allowed ones), from the OASIS standard.
SARIF = {
    "log": ({"version", "runs"}, {"$schema", "version", "runs", "inlineExternalProperties", "properties"}),
    "run": ({"tool"}, {"tool", "invocations", "results", "columnKind", "artifacts", "properties"}),
    "tool": ({"driver"}, {"driver", "extensions", "properties"}),
    "driver": ({"name"}, {"name", "version", "semanticVersion", "informationUri", "rules", "properties"}),
    "rule": (
        {"id"},
        {"id", "name", "shortDescription", "fullDescription", "help", "helpUri", "defaultConfiguration", "properties"},
    ),
    "result": (
        {"message"},
        {
            "ruleId",
            "ruleIndex",
            "level",
            "message",
            "locations",
            "partialFingerprints",
            "fingerprints",
            "properties",
        },
    ),
    "location": (set(), {"id", "physicalLocation", "logicalLocations", "message", "properties"}),
    "physicalLocation": (set(), {"artifactLocation", "region", "contextRegion", "properties"}),
    "artifactLocation": (set(), {"uri", "uriBaseId", "index", "properties"}),
    "region": (set(), {"startLine", "startColumn", "endLine", "endColumn", "properties"}),
    "logicalLocation": (set(), {"name", "fullyQualifiedName", "kind", "index", "properties"}),
    "invocation": ({"executionSuccessful"}, {"executionSuccessful", "exitCode", "commandLine", "properties"}),
    "text": ({"text"}, {"text", "markdown", "properties"}),
}


def keys(kind, item):
    required, allowed = SARIF[kind]
    assert required <= set(item) <= allowed, kind
    return item


def require_sarif(log):
    """Assert that a log is one that SARIF 2.1.0 allows, and return its results."""
    keys("log", log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = keys("driver", keys("tool", keys("run", run)["tool"])["driver"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for rule in driver["rules"]:
        for part in ("shortDescription", "fullDescription", "help"):
            keys("text", keys("rule", rule)[part])
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    for item in run["invocations"]:
        assert isinstance(keys("invocation", item)["executionSuccessful"], bool)
    for result in run["results"]:
        keys("text", keys("result", result)["message"])
        assert result["level"] in ("none", "note", "warning", "error")
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        for location in result["locations"]:
            require_location(keys("location", location))
    return run["results"]


def require_location(location):
    for item in location.get("logicalLocations", ()):
        keys("logicalLocation", item)
    physical = keys("physicalLocation", location.get("physicalLocation", {}))
    if "artifactLocation" in physical:
        assert " " not in keys("artifactLocation", physical["artifactLocation"])["uri"]
    if "region" in physical:
        assert keys("region", physical["region"])["startLine"] >= 1


def test_sarif_of_a_check_is_what_the_standard_allows_and_says_what_the_text_says(wide, call):
    status, out, err = call(*WIDE, "--format", "sarif")
    assert (status, err) == (1, "")
    log = json.loads(out)
    (result,) = require_sarif(log)
    text = call(*WIDE)[2].strip()
    assert result["ruleId"] == "ND401"
    assert result["level"] == "error"
    assert result["message"]["text"] == text
    assert (result["properties"]["found"], result["properties"]["limit"]) == (5, 4)
    assert "--weight-bits 4" in [fix["flag"] for fix in result["properties"]["fixes"]]
    assert log["runs"][0]["invocations"][0] == {"executionSuccessful": True, "exitCode": 1}
    assert log["runs"][0]["tool"]["driver"]["version"] == nd.__version__


def test_sarif_holds_only_the_rules_that_occur_and_points_to_them(wide):
    items = [
        finding("ND603", about("population", "b"), "is silent"),
        finding("ND302", about("population", "a"), "is too large"),
    ]
    log = sarif([*items, items[0]], Examined("x.nd.json"), version="1", status=1)
    results = require_sarif(log)
    assert [item["id"] for item in log["runs"][0]["tool"]["driver"]["rules"]] == ["ND302", "ND603"]
    assert [item["ruleIndex"] for item in results] == [1, 0, 1]
    assert [item["level"] for item in results] == ["warning", "error", "warning"]


def official():
    """SARIF 2.1.0 as the official JSON schema has it, every object of it closed to properties that it does not name."""
    generated = pytest.importorskip(
        "pydantic_sarif.model", reason="pydantic-sarif is missing: it comes with the `test` extra"
    )
    return generated.StaticAnalysisResultsFormatSarifVersion210JsonSchema


def test_logs_are_valid_by_the_official_schema(wide, call):
    schema = official()
    every = [finding(code, about("population", code), "is so", found=5, limit=4) for code in rules()]
    logs = [
        json.loads(call(*WIDE, "--format", "sarif")[1]),
        json.loads(call(*FITS, "--format", "sarif")[1]),
        sarif(every, Examined("wide.nd.json", Path("wide.nd.json").read_text()), version="1", status=1),
        sarif([], Examined(""), version="1", status=0),
    ]
    assert [len(log["runs"][0]["results"]) for log in logs[2:]] == [len(rules()), 0]
    for log in logs:
        schema.model_validate_json(json.dumps(log))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: log.update(version="2.2.0"),
        lambda log: log["runs"][0]["results"][0].update(level="fatal"),
        lambda log: log["runs"][0]["results"][0].update(severity="error"),
        lambda log: log["runs"][0]["results"][0].pop("message"),
        lambda log: log["runs"][0]["results"][0].update(ruleIndex=-2),
    ],
)
def test_the_official_schema_refuses_what_it_does_not_know(spoil):
    schema, log = (
        official(),
        sarif([finding("ND603", about("population", "b"), "x")], Examined(""), version="1", status=1),
    )
    spoil(log)
    with pytest.raises(ValidationError):
        schema.model_validate_json(json.dumps(log))


def test_under_strict_a_warning_is_an_error_in_every_form():
    items, subject = [finding("ND603", about("population", "b"), "is silent")], Examined("x.nd.json", strict=True)
    assert require_sarif(sarif(items, subject, version="1", status=1))[0]["level"] == "error"
    assert ElementTree.fromstring(junit(items, subject)).find("testsuite").get("failures") == "1"
    assert ElementTree.fromstring(junit(items, Examined("x.nd.json"))).find("testsuite").get("failures") == "0"


def test_a_finding_keeps_its_fingerprint_when_its_numbers_change():
    def fingerprint(found):
        item = finding("ND302", about("population", "a"), f"takes {found} words", found=found, limit=4)
        return sarif([item], Examined("x.json"), version="1", status=1)["runs"][0]["results"][0]["partialFingerprints"]

    assert fingerprint(5) == fingerprint(6)


def test_a_finding_points_to_the_line_of_its_object(wide, tmp_path):
    text = (tmp_path / "wide.nd.json").read_text()
    place = place_of(finding("ND603", about("population", "cells"), "is silent"), Examined("wide.nd.json", text))
    lines = text.splitlines()
    assert lines[place.line - 1].strip().startswith('"name": "cells"')
    assert '"populations": [' in "\n".join(lines[: place.line])
    other = place_of(finding("ND603", about("projection", "cells"), "is silent"), Examined("wide.nd.json", text))
    assert other.line != place.line


@pytest.mark.parametrize(
    ("subject", "file", "line"),
    [
        (about("file", "my chip.toml"), "my chip.toml", None),
        (about("population", "nobody"), "net.nd.json", None),
        (about("network", "net"), "net.nd.json", None),
        (about("neurodeploy"), "net.nd.json", None),
    ],
)
def test_a_finding_without_a_line_points_to_a_file(subject, file, line):
    place = place_of(finding("ND603", subject, "x"), Examined("net.nd.json", "{}"))
    assert (place.file, place.line) == (file, line)
    assert unquote(place.uri) == file
    assert " " not in place.uri


def test_without_a_model_nothing_is_pointed_to():
    item = finding("ND705", about("option", "--target"), "is needed")
    assert place_of(item, Examined("")) is None
    assert concise([item], Examined("")) == "error[ND705] option '--target': is needed\n"
    (result,) = require_sarif(sarif([item], Examined(""), version="1", status=2))
    assert "physicalLocation" not in result["locations"][0]


def require_junit(text):
    """Assert that a report is one that the common JUnit schemas allow, and return its suite."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    (suite,) = root
    cases = list(suite)
    assert {item.tag for item in cases} <= {"testcase"}
    assert int(suite.get("tests")) == len(cases)
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
    assert int(suite.get("errors")) == int(suite.get("skipped")) == 0
    names = [(item.get("classname"), item.get("name")) for item in cases]
    assert len(set(names)) == len(names), "a dashboard merges cases of one name"
    for item in cases:
        assert [child.tag for child in item] in ([], ["failure"], ["system-out"])
    return suite


def test_junit_of_a_check_fails_where_a_finding_refuses(wide, call):
    status, out, err = call(*WIDE, "--format", "junit")
    assert (status, err) == (1, "")
    suite = require_junit(out)
    (failure,) = suite.findall("testcase/failure")
    assert failure.text == call(*WIDE)[2].strip()
    assert failure.get("type") == "ND401"


def test_junit_of_what_fits_has_a_case_that_passes_and_one_for_each_met_budget(wide, call):
    status, out, _ = call(*FITS, "--format", "junit", "--budget", "cores<=8", "--budget", "chips<=2")
    assert status == 0
    suite = require_junit(out)
    assert suite.get("failures") == "0"
    assert {"nothing refuses", "cores<=8", "chips<=2"} <= {item.get("name") for item in suite}


def test_junit_holds_any_text():
    items = [
        finding("ND001", about("file", 'a\x00<b>&"'), "is \x1b[31mred\x1b[0m"),
        finding("ND001", about("file", 'a\x00<b>&"'), "x"),
    ]
    suite = require_junit(junit(items, Examined("a\x07.json")))
    assert suite.find("testcase").get("name") == "ND001 unreadable-file: file 'a\\x00<b>&\"'"


def test_github_annotations_are_one_line_each_and_escape_what_would_end_them(wide, call):
    status, out, err = call(*WIDE, "--format", "github")
    assert (status, err) == (1, "")
    (line,) = out.splitlines()
    assert line.startswith("::error file=wide.nd.json,title=ND401 ")
    assert "%0A   fix: " in line
    item = finding("ND302", about("file", "a,b:c%d"), "50% of it\nis lost")
    assert github([item], Examined("")) == (
        "::error file=a%2Cb%3Ac%25d,title=ND302 synapse-memory::error[ND302] file 'a,b:c%25d': 50%25 of it%0Ais lost\n"
    )


def test_github_names_the_line(wide, tmp_path):
    item = finding("ND603", about("population", "cells"), "is silent")
    text = (tmp_path / "wide.nd.json").read_text()
    line = place_of(item, Examined("wide.nd.json", text)).line
    assert github([item], Examined("wide.nd.json", text)).startswith(f"::warning file=wide.nd.json,line={line},title=")


def test_concise_is_one_line_for_each_finding(wide, call):
    status, out, err = call(*WIDE, "--format", "concise")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "wide.nd.json: error[ND401] network 'wide': needs more cores than one chip of target 'tiny' has (this mapper "
        "needs that many; the lower bound, by compartments, is 4) (found 5 core; limit 4 core (1.25x))"
    ]


def test_json_by_format_is_json_by_its_own_option(wide, call):
    def document(*words):
        read = json.loads(call(*WIDE, *words)[1])
        return {key: value for key, value in read.items() if key != "stage_seconds"}

    assert document("--format", "json") == document("--json")


@pytest.mark.parametrize("style", ["concise", "json", "sarif", "junit", "github"])
@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("check", "missing.nd.json", "-t", "tiny"), 1, "ND001"),
        (("check", "wide.nd.json"), 2, "ND705"),
        ((*WIDE, "--budget", "cores=4"), 2, "ND706"),
        (("compile", "wide.nd.json", "-t", "tiny"), 1, "ND401"),
    ],
)
def test_faults_before_the_check_have_the_same_form(wide, call, style, words, status, code):
    met, out, err = call(*words, "--format", style)
    assert (met, err) == (status, "")
    assert code in out
    if style == "sarif":
        require_sarif(json.loads(out))
    if style == "junit":
        assert int(require_junit(out).get("failures")) >= 1


def test_formats_that_contradict_each_other_are_a_fault_of_use(wide, call):
    status, out, err = call(*WIDE, "--json", "--format", "sarif")
    assert status == 2
    assert "ND701" in out + err
    assert call(*WIDE, "--format", "xml")[0] == 2
