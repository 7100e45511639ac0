"""The comment of a pull request: what it says, how long it is, and that nothing in it acts."""

from __future__ import annotations

import re

import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import neurodeploy as nd
from neurodeploy.diagnostics import about, finding
from neurodeploy.diff import Reason, difference
from neurodeploy.profile import Measure, read_budgets
from neurodeploy.report import MarkdownSection, comment_markdown
from neurodeploy.report.markdown import BREAK, LONGEST, escaped

READER = MarkdownIt("commonmark").enable("table")
HOSTILE = (
    "a|b",
    "`rm -rf`",
    "<script>alert(1)</script>",
    "</details><img src=x onerror=y>",
    "@everyone look",
    "#12 and GH-12",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "www.evil.example",
    "--> out",
    "\\|\\`",
    "$x$ and ~~no~~ **yes** _no_",
    "line\nbreak\r\n| cell |",
    "\x1b[31mred",
    "\u202ereversed",
)


def compared(*rows, reasons=(), findings=()):
    reasons = tuple(Reason(kind="weights", text=text) for text in reasons)
    return nd.Differences(of="baseline", base="base", head="head", rows=rows, reasons=reasons, findings=findings)


def cells_of(text):
    """Rows of all tables as a reader of Markdown sees them."""
    tokens, found = READER.parse(text), []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            found.append([])
        elif token.type in ("td_open", "th_open"):
            found[-1].append("".join(child.content for child in tokens[index + 1].children or ()))
    return found


def test_what_moved_is_on_top_and_the_rest_folded():
    rows = [difference(about("program"), "cores", 4, 5, "core"), difference(about("program"), "accuracy", 0.95, 0.9)]
    budgets = read_budgets(["cores<=4", "hops<=9"], ["cores", "hops"])
    over = finding("ND604", about("budget", "cores<=4"), "'cores' is not <= 4", found=5, limit=4)
    section = MarkdownSection(
        "net", compared(*rows, reasons=["weights changed: projection a_b"]), {"cores": 5, "spikes": 12},
        {"hops": Measure(7, "hop")}, budgets, (over, finding("ND603", about("population", "x"), "is silent")), "program 1",
    )  # fmt: skip
    text = comment_markdown("net", [section])
    assert text.splitlines()[:2] == ["<!-- neurodeploy:net -->", "### net: 2 figures moved, 1 budget not met"]
    assert cells_of(text)[:4] == [
        ["metric", "base", "head", "delta", "budget"],
        ["cores", "4", "5", "+1 (+25 %)", "not met: <= 4"],
        ["accuracy", "0.95", "0.9", "-0.05 (-5.26 %)", ""],
        ["hops", "", "7", "", "met: <= 9"],
    ]
    top, _, rest = text.partition("<details>")
    assert ("spikes" in top, "spikes" in rest, "ND603" in top, "ND603" in rest) == (False, True, False, True)
    assert "a\\_b" in top


def test_without_a_baseline_it_says_so():
    text = comment_markdown("net", [MarkdownSection("net", None, {"cores": 5})])
    assert "### net: nothing to compare with" in text
    assert "### net: no figures" in comment_markdown("net", [MarkdownSection("net")])


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_acts(text):
    row = difference(about("population", "x"), "cores", text, text)
    other = difference(about("population", text), "cores", 1, 2)
    bad = finding("ND620", about("file", text), text)
    found = comment_markdown(
        text, [MarkdownSection(text, compared(row, other, reasons=[text]), {}, {}, (), (bad,), text)]
    )
    outside = re.sub(r"<!-- neurodeploy:[\w.-]+ -->|</?(details|summary|sub)>", "", found)
    assert not re.search(r"(?<!\\)<", outside)
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.", outside)
    tokens = [child for token in READER.parse(outside) for child in (token, *(token.children or ()))]
    kinds = {token.type for token in tokens}
    assert not kinds & {
        "link_open",
        "image",
        "html_block",
        "html_inline",
        "code_inline",
        "fence",
        "code_block",
        "em_open",
    }
    assert all(len(cells) == 5 for cells in cells_of(found))


@settings(max_examples=examples(300, quick=80), deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_a_cell_reads_as_its_text(text):
    found = cells_of(f"| a |\n|---|\n| x{escaped(text)}x |\n")[1][0]
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))
    assert found.replace(BREAK, "") == f"x{plain}x".replace(BREAK, "")


def test_long_texts_are_cut():
    assert len(escaped("a" * 10_000)) == LONGEST + 3


@pytest.mark.parametrize(("n_sections", "n_rows"), [(1, 5_000), (3, 2_000), (200, 10), (54, 100)])
def test_it_is_never_too_long(n_sections, n_rows):
    rows = [difference(about("population", f"p{i}" * 20), f"figure_{i}", i, i + 1) for i in range(n_rows)]
    found = [finding("ND603", about("population", f"p{i}"), "\u00fc" * 500) for i in range(n_rows)]
    errors = [finding("ND620", about("file", f"p{i}"), "\u00fc" * 500) for i in range(20)]
    figures = {f"other_{i}": i for i in range(n_rows)}
    section = MarkdownSection(
        "net", compared(*rows, reasons=["x" * 900] * 20), figures, {}, (), (*found, *errors), "note"
    )
    text = comment_markdown("net", [section] * n_sections)
    assert len(text.encode()) < 65_536
    assert "left out" in text
    assert text.count("<details>") == text.count("</details>")
    assert text.count("### net: ") == min(n_sections, 54)


def test_of_python():
    base = nd.report_markdown(compared(), name="a b/c", budgets=())
    assert base.startswith("<!-- neurodeploy:a-b-c -->\n### a b/c: nothing moved")
