"""The page as a whole: its policy, its themes, its navigation, its bytes, and text that tries to be markup."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from factories import network_of
from page_runs import small_subject

import neurodeploy as nd
from neurodeploy.conformance import corpus, program_of
from neurodeploy.diagnostics import about, finding
from neurodeploy.profile import profile
from neurodeploy.report.markup import VOID
from neurodeploy.report.page import ReportSubject, report_page
from neurodeploy.report.page.palette import PALETTE, contrast, theme_css
from neurodeploy.report.page.shell import asset


class Read(HTMLParser):
    """Elements of a page; every element must be closed in order."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts, self.code = [], [], [], {"style": [], "script": []}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(attrs) == len(dict(attrs)), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in self.code:
            self.code[self.open[-1]].append(data)
        else:
            self.texts.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def subject():
    made = small_subject(probes=(("hidden", "v"),))
    figures = profile(made.program, made.recording, accuracy=0.5, reference_accuracy=0.5)
    found = (finding("ND603", about("population", "hidden"), "an example & <b>more</b>"), *figures.findings)
    return made._replace(profile=figures, findings=found, met_budgets=("cores<=4",), command="neurodeploy report 'a b'")


@pytest.fixture(scope="module")
def page(subject):
    return report_page(subject)


@pytest.fixture(scope="module")
def read(page):
    return Read(page)


def test_the_policy_allows_the_code_of_the_page_and_nothing_else(read):
    (policy,) = (item["content"] for item in read.of("meta") if item.get("http-equiv") == "Content-Security-Policy")
    rules = {words.split()[0]: words.split()[1:] for words in policy.split("; ")}
    assert rules["default-src"] == ["'none'"]
    assert rules["img-src"] == ["data:"]
    assert not re.search("unsafe|http|\\*", policy)
    scripts = [code for code, kind in zip(read.code["script"], read.of("script"), strict=True) if "type" not in kind]
    for name, codes in (("style-src", read.code["style"]), ("script-src", scripts)):
        digests = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in codes]
        assert rules[name] == [f"'sha256-{digest}'" for digest in digests]


def test_the_page_asks_for_nothing(page, read):
    for tag, attributes in read.elements:
        assert not {"srcset", "action", "formaction", "background", "poster", "ping", "style"} & set(attributes), tag
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("src", "href", "data", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
    for css in read.code["style"]:
        assert not re.search(r"@import|url\((?!\"?data:)|@font-face", css)
    assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|sendBeacon|importScripts", "".join(read.code["script"]))
    assert "http-equiv" in page


def test_links_of_the_page_lead_somewhere(read):
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {item["href"][1:] for item in read.of("a")} | {item["aria-labelledby"] for item in read.of("section")}
    assert wanted <= set(ids)
    assert [item["href"][1:] for item in read.of("a")[1:]] == [item["id"] for item in read.of("section")]


def test_sections_come_in_the_order_of_questions(read):
    named = [item["id"] for item in read.of("section")]
    wanted = "verdict ran accuracy bill map floorline resources raster rates traces quantization responses traffic ledger findings reproduce"
    assert named == [name for name in wanted.split() if name in named]
    assert {"verdict", "accuracy", "bill", "map", "floorline", "raster", "traces", "quantization", "ledger"} <= set(
        named
    )


def test_every_section_is_left_out_without_its_data(subject):
    bare = ReportSubject(subject.program)
    named = [item["id"] for item in Read(report_page(bare)).of("section")]
    assert named == ["verdict", "map", "resources", "quantization", "ledger", "findings", "reproduce"]
    assert "uPlot" not in report_page(bare)


def test_a_run_that_was_stopped_before_its_first_sample_is_said_and_not_shown(subject):
    recording = subject.recording
    empty = {name: rows[:0] for name, rows in recording.spikes.items()}
    none = {name: rows[:0] for name, rows in recording.input_spikes.items()}
    fields = {"n_samples": 0, "complete": False, "spikes": empty, "input_spikes": none, "states": {}}
    stopped = recording.model_copy(update={**fields, "active_updates": None})
    page = nd.report(subject.program, stopped, samples=subject.samples)
    assert [item["id"] for item in Read(page).of("section")][:2] == ["verdict", "map"]
    assert "ND507" in page
    assert "No sample of a run is complete" in page


def test_the_same_subject_gives_the_same_bytes(subject, page, tmp_path):
    assert report_page(subject) == page
    nd.save(subject.program, tmp_path / "a.ndp")
    nd.save(subject.recording, tmp_path / "a.ndr")
    loaded = subject._replace(program=nd.load(tmp_path / "a.ndp"), recording=nd.load(tmp_path / "a.ndr"))
    assert report_page(loaded) == page


def test_text_of_a_model_is_text(subject):
    evil = "</script></style><img src=x onerror=alert(1)>\"'&amp;"
    line = subject.program.ledger[0].model_copy(update={"note": evil, "asked": evil})
    program = subject.program.model_copy(update={"ledger": (line,)})
    hostile = finding("ND603", about("population", evil), evil, fixes=[evil])
    page = report_page(subject._replace(program=program, findings=(hostile,), command=evil, met_budgets=(evil,)))
    read = Read(page)
    assert not [item for item in read.of("img") if item.get("src") == "x"]
    assert sum(text.count(evil) for text in read.texts) >= 6
    assert len(read.of("script")) == len(Read(report_page(subject)).of("script"))


@pytest.mark.parametrize("theme", [0, 1])
def test_text_and_marks_have_contrast_in_both_themes(theme):
    shade = {name: colours[theme] for name, colours in PALETTE.items()}
    text = [
        name for name in shade if name in ("ink", "ink-soft", "accent", "warn", "error", "good") or "series" in name
    ]
    for name, below in itertools.product(text, ("paper", "panel")):
        assert contrast(shade[name], shade[below]) >= 4.5, (name, below)
    steps = [contrast(shade[f"heat-{level}"], shade["paper"]) for level in range(8)]
    assert steps == sorted(steps), "a fuller core stands out more from the page"
    for level in range(8):
        on = shade["ink"] if level <= 3 else shade["paper"]
        assert contrast(on, shade[f"heat-{level}"]) >= 4.5, level
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_colour_that_is_used_is_defined():
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", asset("page.css") + asset("plots.css")))
    assert used <= set(PALETTE)
    assert theme_css().count("--ink:") == 4, "light, dark by the system, dark by the reader, and paper"


def test_digits_fit_in_two_hundred_kilobytes():
    folder = Path(__file__).parents[3] / "examples" / "digits"
    network, samples = nd.load(folder / "digits.nd.json"), nd.load(folder / "digits.stimulus.npz")
    program = nd.compile(network, "loihi1")
    recording = nd.run(program, samples)
    page = nd.report(program, recording, samples=samples, reference=nd.run(program, samples, backend="reference"))
    assert len(page.encode()) <= 200_000
    assert "99.17%" in page
    assert page.count("Permission is hereby granted") == 1, "the page is a copy of uPlot, whose licence goes with it"


@pytest.mark.slow
def test_a_hundred_thousand_neurons_fit_in_two_megabytes():
    """Fifty layers of 2,000 neurons on a board, every neuron of which fires."""
    size, names = 2_000, [f"layer{number}" for number in range(50)]
    neuron = nd.If(v_threshold=0.5)
    network = network_of(
        [nd.Population(name=name, shape=size, neuron=neuron) for name in names],
        [nd.one_to_one(*pair, 1.0) for pair in itertools.pairwise(["in", *names])],
        inputs=size,
        outputs=names[-1],
        name="large",
        steps_per_sample=10,
    )
    draw = np.random.default_rng(2)
    samples = nd.SampleValues(values={"in": (draw.random((4, 10, size)) < 0.3).astype(np.uint8)})
    program = nd.compile(network, "loihi1", board="nahuku32")
    recording = nd.run(program, samples)
    assert sum(map(len, recording.spikes.values())) > 1_000_000
    page = nd.report(program, recording, samples=samples)
    assert len(page.encode()) <= 2_000_000
    assert "100,000 neurons in 50 populations" in page


def drawn_whole(case):
    """Read the page of a case of the conformance corpus; every coordinate is a number."""
    program = program_of(case, None)
    read = Read(nd.report(program, nd.run(program, case.stimulus)))
    named = ("x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy", "r", "d", "viewBox", "stroke-width")
    for tag, attributes in read.elements:
        for name in named:
            value = attributes.get(name, "0")
            assert not re.search("nan|inf", value), (case.name, tag, name, value)
            if name in ("width", "height", "r"):
                assert not value.startswith("-"), (case.name, tag, name, value)
    return len(read.of("section"))


def test_pages_of_some_features_are_whole():
    assert min(map(drawn_whole, corpus()[::20])) >= 10


@pytest.mark.slow
def test_pages_of_every_feature_are_whole():
    assert min(map(drawn_whole, corpus())) >= 10
