"""The page of a campaign holds its figures: bars, cells and rows are read back and compared with them."""

from __future__ import annotations

import re
from html import unescape

import pytest
from campaigns import EVERYWHERE, labels, program, samples

import neurodeploy as nd
from neurodeploy.diagnostics import about, finding
from neurodeploy.report.page.fault_page import fault_page


@pytest.fixture(scope="module")
def campaign():
    options = {"faults": EVERYWHERE, "size": 600, "criterion": "spikes", "rates": (0.01, 0.1), "repeats": 3}
    return nd.fault_campaign(program(), samples(), labels=labels(), **options)


def section(page, name):
    return re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)[0]


def tips(part):
    return [unescape(item) for item in re.findall(r'data-tip="(.*?)"', part, re.DOTALL)]


def test_every_row_is_on_the_page(campaign):
    page = fault_page(campaign)
    rows = [*campaign.by_kind, *campaign.by_layer, *campaign.by_bit, *campaign.by_core]
    cells = re.findall(r"<tr>(.*?)</tr>", section(page, "rows"), re.DOTALL)
    read = [[unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in cells]
    read = [row for row in read if row[1] != "faults"]
    assert [row[0] for row in read] == [row.name for row in rows]
    assert [int(row[2].replace(",", "")) for row in read] == [row.n_drawn for row in rows]
    for shown, row in zip(read, rows, strict=True):
        if row.critical is not None:
            assert float(shown[3].rstrip("%")) == pytest.approx(100 * row.critical.value, abs=0.051)
            assert float(shown[5].rstrip("%")) == pytest.approx(100 * row.masked.value, abs=0.051)
            assert int(shown[1].replace(",", "")) == row.n_faults


def test_the_summary_has_the_shares_of_all_faults(campaign):
    part = re.sub("<.*?>", " ", section(fault_page(campaign), "summary"))
    for name, share in (("critical", campaign.critical), ("masked", campaign.masked)):
        shown = re.search(rf"{name} +([\d.]+)%? +([\d.]+)% - ([\d.]+)%", part)
        figures = [100 * share.value, 100 * share.low, 100 * share.high]
        assert [float(item) for item in shown.groups()] == pytest.approx(figures, abs=0.051)


def test_bars_begin_and_end_where_the_interval_does(campaign):
    for name, rows in (("kinds", campaign.by_kind), ("layers", campaign.by_layer)):
        part = section(fault_page(campaign), name)
        spans = re.findall(r'<rect x="([\d.]+)%" y="[\d.]+" width="([\d.]+)%"', part)
        wanted = [row.critical for row in rows if row.critical is not None]
        assert [float(low) for low, _ in spans] == pytest.approx([100 * share.low for share in wanted], abs=0.01)
        ends = [float(low) + float(width) for low, width in spans]
        assert ends == pytest.approx([100 * max(share.high, share.low + 0.002) for share in wanted], abs=0.02)


def test_the_darkest_cell_is_the_most_critical_bit(campaign):
    part = section(fault_page(campaign), "bits")
    cells = re.findall(r'class="h(\d)" data-tip="(.*?)\n', part)
    rows = {row.name: row.critical.value for row in campaign.by_bit if row.critical is not None}
    assert sorted(unescape(name) for _, name in cells) == sorted(rows)
    shades = {unescape(name): int(shade) for shade, name in cells}
    most = max(rows.values())
    assert {name for name, shade in shades.items() if shade == 7} >= {name for name, v in rows.items() if v == most}
    assert all(shades[name] == 0 for name, value in rows.items() if value == 0)


def test_rates_and_worst_faults(campaign):
    page = fault_page(campaign)
    assert tips(section(page, "rates")) == ["3 draws", "3 draws"]
    assert "rate 0.01: " in section(page, "rates")
    assert section(page, "worst").count("<tr>") == 1 + len(campaign.worst)


def test_a_campaign_that_stopped_says_so(campaign):
    stopped = finding("ND983", about("network", "classifier"), "has met 3 of 600 planned faults")
    page = fault_page(campaign.model_copy(update={"complete": False, "findings": (stopped,)}))
    assert "of 600 planned" in section(page, "summary")
    assert "has met 3 of 600 planned faults" in section(page, "summary")


def test_a_notebook_shows_its_tables(campaign):
    html = campaign._repr_html_()
    assert html.count("<table") == 5  # kinds, layers, bits, worst faults, rates
    assert all(row.name in html for row in campaign.by_layer)


def test_text_of_a_model_cannot_become_markup(campaign):
    evil = "</script></style><img src=x onerror=alert(1)>\"'&amp;"
    row = campaign.by_layer[0].model_copy(update={"name": evil})
    page = fault_page(campaign.model_copy(update={"by_layer": (row,)}), command=evil)
    assert "<img" not in page
    assert page == fault_page(campaign.model_copy(update={"by_layer": (row,)}), command=evil)
