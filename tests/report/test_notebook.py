"""HTML in notebooks: what it says, that nothing in it is markup of the user, and that a real kernel shows it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from factories import pair_network, wide_network
from IPython.core.formatters import DisplayFormatter
from learners import trained
from nbclient import NotebookClient
from rich.table import Table

import neurodeploy as nd
from neurodeploy.diagnostics import about, finding
from neurodeploy.report.markup import VOID
from neurodeploy.report.notebook.parts import from_rich, table

EVIL = "<script>alert('x')</script><b onclick=\"y\">&"


class Page(HTMLParser):
    """Collects texts and tags, and refuses elements that are not closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.names, self.texts = [], [], set(), []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def ran():
    program = nd.compile(pair_network(probes=("v",)), "tiny")
    return program, nd.run(program, np.ones((3, 4, 2), dtype=np.uint8))


def page(shown):
    return Page(shown._repr_html_())


def test_a_network_shows_its_parts():
    shown = page(pair_network()).text
    for words in (
        "Network pair",
        "2 neurons",
        "lines",
        "cells",
        "dense 2 x 2",
        "answer",
        "SpikeCount()",
        "If(v_threshold=1.0)",
    ):
        assert words in shown


def test_a_program_shows_cores_and_the_fullest_of_each_resource(ran):
    program, recording = ran
    shown = page(program).text
    assert "for tiny · 1 core on 1 chip" in shown
    for item in nd.profile(program, recording).resources:
        if item.limit:
            assert (
                f"{item.name.replace('_', ' ')} {item.worst:,} {item.limit:,.0f} {item.unit} {item.worst / item.limit:.1%}"
                in shown
            )


def test_a_recording_shows_its_spikes_and_a_stroke_for_each(ran):
    recording = ran[1]
    html = recording._repr_html_()
    counts = {**recording.input_spikes, **recording.spikes}
    for name, rows in counts.items():
        assert f"{name} {len(rows)} {len(rows) / 3:.1f}" in Page(html).text
    strokes = re.findall(r'<path d="((?:M[\d.]+ [\d.]+v[\d.]+)+)"', html)
    assert [item.count("M") for item in strokes] == [int((rows[:, 0] == 0).sum()) for rows in counts.values()]
    assert "ran on emulator" in Page(html).text


def test_learned_weights_show_their_spread():
    _, recording = trained(samples=2, learn="apart")
    values = recording.learned.synapses["in_cells.w"]
    shown = recording.learned._repr_html_()
    for cell in ("in_cells.w", "2", "12", f"{values.min():,}", f"{values.mean():,.1f}", f"{values.max():,}"):
        assert f">{cell}</td>" in shown
    assert "learned: in_cells.w" in recording._repr_html_()
    assert "Learned" in nd.Learned(program_digest="", step=0)._repr_html_()


def test_a_profile_is_the_bill_of_the_terminal(ran, capsys):
    from rich.console import Console

    from neurodeploy.report import profile_report

    result = nd.profile(*ran)
    Console(width=300, highlight=False).print(profile_report(result, "Profile"))
    words = capsys.readouterr().out.split()
    assert set(words) <= set(page(result).text.split())


def test_a_conversion_shows_its_network_and_layers():
    from sklearn.linear_model import LogisticRegression

    made = nd.convert(LogisticRegression().fit(np.eye(2), [0, 1]), calibration=np.eye(2), steps=4)
    shown = page(made).text
    assert f"Network {made.network.name}" in shown
    assert f"layers at 4 steps, scheme {made.scheme}" in shown


def test_a_compilation_and_an_error_show_every_finding():
    result = nd.check(wide_network(), "tiny")
    shown = page(result).text
    assert result.verdict in shown
    with pytest.raises(nd.DiagnosticError) as refused:
        nd.compile(wide_network(), "tiny")
    for item in result.findings:
        assert item.message in shown
        assert item.message in page(refused.value).text
        assert all(fix.flag in shown for fix in item.fixes)


def test_no_text_is_markup():
    item = finding("ND302", about("population", EVIL), EVIL, fixes=[EVIL], limit_source=EVIL)
    plain = page(finding("ND302", about("population", "a"), "b", fixes=["c"], limit_source="d"))
    for shown in (page(item), page(nd.DiagnosticError(EVIL, (item,)))):
        assert not {"script", "onclick"} & {*shown.tags, *shown.names}
        assert EVIL in "".join(shown.texts)
    assert page(item).tags == plain.tags
    made = Table(title=EVIL)
    made.add_column(EVIL)
    made.add_row(EVIL)
    assert "script" not in Page(from_rich(made)).tags


def test_names_of_files_and_engines_are_escaped(ran):
    program, recording = ran
    noted = recording.model_copy(update={"engine": EVIL, "findings": (finding("ND507", about("file", EVIL), EVIL),)})
    assert "script" not in page(noted).tags
    assert (
        "script"
        not in page(nd.profile(program, recording).model_copy(update={"engine_note": EVIL, "no_figure": (EVIL,)})).tags
    )


def test_long_tables_say_how_much_is_left():
    shown = Page(table(("a",), [[str(k)] for k in range(100)]))
    assert shown.tags.count("tr") == 31
    assert "and 70 more" in shown.text


def test_ipython_takes_html_where_there_is_some(ran):
    formatter = DisplayFormatter()
    for shown in (*ran, ran[0].network, nd.profile(*ran)):
        data, _ = formatter.format(shown)
        assert data["text/html"].startswith("<div")
        assert data["text/plain"] == repr(shown) or data["text/plain"]
        assert len(data["text/html"]) < 30_000
    assert "text/html" not in formatter.format(nd.Time(dt_s=1e-3))[0]


def test_inline_styles_suit_light_and_dark_notebooks(ran):
    """Text has the colour of the notebook; what has a colour of its own has a contrast of 2.5:1 on white and on black."""

    def luminance(colour):
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    found = {
        item
        for shown in (*ran, nd.check(wide_network(), "tiny"))
        for item in re.findall(r"#[0-9a-f]{6}", shown._repr_html_())
    }
    assert len(found) >= 3
    for colour in found:
        assert 1.05 / (luminance(colour) + 0.05) > 2.5, colour
        assert (luminance(colour) + 0.05) / 0.05 > 2.5, colour


def test_progress_is_silent_where_output_is_no_terminal(ran, capsys):
    bar = nd.progress("silent")
    bar._began -= 10
    nd.run(ran[0], np.ones((3, 4, 2), dtype=np.uint8), progress=bar)
    bar("partition", 1, 2)
    bar.close()
    nd.compile(pair_network(), "tiny", progress=nd.progress())
    assert capsys.readouterr() == ("", "")


CELLS = (
    "import numpy as np, neurodeploy as nd\n"
    "cells = nd.If(v_threshold=1.0)\n"
    "net = nd.Network(name='n', time=nd.Time(dt_s=1e-3, steps_per_sample=4), inputs=[nd.Input(name='a', shape=2, encoder='rate')],\n"
    "    populations=[nd.Population(name='b', shape=2, neuron=cells)], projections=[nd.dense('a', 'b', np.eye(2))])\nnet",
    "nd.compile(net, 'tiny').run(np.ones((1, 2)))",
    "bar = nd.progress('long')\nbar._began -= 10\nbar(1, 4)\nbar._drawn = 0\nbar('stage', 2, 4)",
    "bar = nd.progress('done')\nbar._began -= 10\nbar(1, 2)\nbar(2, 2)",
    "%matplotlib inline\nprogram = nd.compile(net, 'tiny')\nnd.plot.raster(program, program.run(np.ones((1, 2))));",
)


@pytest.mark.slow
def test_a_kernel_shows_html_bars_and_pictures():
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    outputs = [cell.outputs[-1]["data"] for cell in book.cells]
    assert "Network n" in Page(outputs[0]["text/html"]).text
    assert "<svg" in outputs[1]["text/html"]
    assert '<progress value="2" max="4"' in outputs[2]["text/html"]
    assert "long: stage 2 of 4" in Page(outputs[2]["text/html"]).text
    assert outputs[3]["text/html"] == ""
    assert "image/png" in outputs[4]
