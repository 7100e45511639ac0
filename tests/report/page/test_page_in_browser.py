"""The page in a real browser, with its scripts on and the network off."""

from __future__ import annotations

import os

import browser
import numpy as np
import pytest
from page_runs import spread_subject

import neurodeploy as nd
from neurodeploy.report.page import report_page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chromium():
    program = browser.found()
    if program is None:
        why = os.environ.get("NEURODEPLOY_NO_CHROMIUM")  # .ci/run sets it where the package could not be installed
        if why:
            pytest.skip(f"Chromium is missing and cannot be had: {why}")
        pytest.skip("Chromium is missing: install it, for example with apt install chromium")
    opened = browser.Browser(program)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    subject = spread_subject()
    wide = nd.compile(subject.program.network, "loihi1")  # whose figures reach up to the board
    recording = nd.run(wide, subject.samples)
    figures = nd.profile(wide, recording, labels=subject.samples.labels)
    (path.parent / "loihi1.html").write_text(
        report_page(subject._replace(program=wide, recording=recording, profile=figures)), encoding="utf-8"
    )
    path.write_text(report_page(subject), encoding="utf-8")
    return path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("name", ["page.html", "loihi1.html"])
def test_the_page_opens_without_a_fault_or_a_request_and_fits_the_screen(chromium, file, name, width, dark):
    chromium.open(file.with_name(name), width=width, dark=dark)
    assert chromium.faults() == []
    assert chromium.requests() == []
    assert chromium.value("document.documentElement.scrollWidth") <= width
    paper = chromium.value("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(18, 23, 30)" if dark else "rgb(255, 255, 255)")
    cut = """[...document.querySelectorAll("svg.bars text")].filter(text => {
        const box = text.getBoundingClientRect(), frame = text.ownerSVGElement.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1;
    }).map(text => text.textContent)"""
    assert chromium.value(cut) == []
    overlapping = """[...document.querySelectorAll("svg.bars g")].map(row => [...row.querySelectorAll("text")].map(
        text => text.getBoundingClientRect())).filter(boxes => boxes.length == 2 && boxes[0].right > boxes[1].left &&
        boxes[0].width && boxes[1].width).length"""
    assert chromium.value(overlapping) == 0


def test_the_policy_refuses_scripts_styles_and_requests(chromium, file):
    chromium.open(file)
    tried = """new Promise(done => {
        const broken = [];
        document.addEventListener("securitypolicyviolation", event => broken.push(event.effectiveDirective));
        const add = (tag, set) => { const made = document.createElement(tag); set(made); document.body.appendChild(made); };
        add("script", made => { made.textContent = "window.scriptRan = true"; });
        add("img", made => { made.src = "http://example.com/a.png"; });
        add("style", made => { made.textContent = "body { background: red }"; });
        fetch("http://example.com/").catch(() => setTimeout(() => done([broken.sort(), window.scriptRan === undefined]), 200));
    })"""
    broken, not_run = chromium.value(tried)
    assert not_run
    assert {"connect-src", "img-src", "script-src-elem", "style-src-elem"} <= set(broken)


def test_the_theme_can_be_chosen_and_is_kept(chromium, file):
    chromium.open(file)
    shown = "[document.documentElement.dataset.theme ?? '', document.getElementById('theme').textContent]"
    press = "document.getElementById('theme').click()"
    assert chromium.value(shown) == ["", "Theme: auto"]
    chromium.value(press)
    assert chromium.value(shown) == ["light", "Theme: light"]
    chromium.value(press)
    assert chromium.value(shown) == ["dark", "Theme: dark"]
    assert chromium.value("getComputedStyle(document.body).backgroundColor") == "rgb(18, 23, 30)"
    chromium.open(file)
    assert chromium.value(shown)[0] == "dark"
    chromium.value(press)
    assert chromium.value(shown) == ["", "Theme: auto"]
    assert chromium.faults() == []


def test_the_map_is_coloured_by_what_is_asked_for(chromium, file):
    chromium.open(file)
    classes = "[...document.querySelectorAll('.map [data-m]')].map(mark => mark.getAttribute('class'))"
    codes = "[...document.querySelectorAll('.map [data-m]')].map(mark => mark.dataset.m)"
    wanted = [code.split() for code in chromium.value(codes)]
    assert len(wanted) == 5
    for mode, kind in enumerate("hshh"):
        chromium.value(f"document.querySelector('[data-mode=\"{mode}\"]').click()")
        assert chromium.value(classes) == [kind + code[mode] for code in wanted]
        hidden = chromium.value("document.querySelector('.key-heat').hidden")
        assert hidden == (kind == "s")
    arrows = "document.querySelector('.arrows').getBoundingClientRect().width > 0"
    assert chromium.value(arrows)
    chromium.value("document.querySelector('[data-arrows]').click()")
    assert not chromium.value(arrows)


def test_hints_are_reached_with_the_keyboard(chromium, file):
    chromium.open(file)
    chromium.value("document.querySelector('.map [data-m]').focus()")
    hint = "document.getElementById('tip').hidden ? null : document.getElementById('tip').textContent"
    first = chromium.value(hint)
    assert first.startswith("core ")
    chromium.key("ArrowRight")
    second = chromium.value(hint)
    assert second.startswith("core ")
    assert second != first
    stops = "document.querySelectorAll('.map [data-m][tabindex=\"0\"]').length"
    assert chromium.value(stops) == 1


def test_the_first_stop_of_the_tab_key_skips_the_navigation(chromium, file):
    chromium.open(file)
    chromium.key("Tab")
    assert chromium.value("document.activeElement.textContent") == "Skip to the report"
    box = chromium.value("document.activeElement.getBoundingClientRect().left")
    assert box >= 0


def test_paper_shows_what_is_folded_and_no_buttons(chromium, file):
    chromium.open(file, dark=True)
    assert chromium.value("document.querySelectorAll('details:not([open])').length") > 0
    chromium.value("dispatchEvent(new Event('beforeprint'))")
    assert chromium.value("document.querySelectorAll('details:not([open])').length") == 0
    chromium.call("Emulation.setEmulatedMedia", media="print")
    shown = chromium.value(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('nav')).display]"
    )
    assert shown == ["rgb(255, 255, 255)", "none"]
    chromium.value("dispatchEvent(new Event('afterprint'))")
    assert chromium.value("document.querySelectorAll('details[open]').length") == 0
    chromium.call("Emulation.setEmulatedMedia", media="")


def test_the_page_can_be_read_without_scripts(chromium, file):
    chromium.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(file, scripts=False)
        hidden = chromium.value("[document.getElementById('theme').hidden, document.querySelector('.choices').hidden]")
        assert hidden == [True, True]
        assert chromium.value("document.querySelectorAll('main > section').length") >= 10
    finally:
        chromium.call("Emulation.setScriptExecutionDisabled", value=False)


def test_contrast_of_all_text_as_it_is_drawn(chromium, file):
    """Colours of text against the nearest background, for every element that has text of its own."""
    from neurodeploy.report.page.palette import contrast

    script = """[...document.querySelectorAll("body *")].filter(item => item.offsetParent !== null &&
        [...item.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(item => {
            let below = item, colour = "rgba(0, 0, 0, 0)";
            while (below && colour === "rgba(0, 0, 0, 0)") { colour = getComputedStyle(below).backgroundColor; below = below.parentElement; }
            return [getComputedStyle(item).color, colour, item.textContent.slice(0, 40)];
        })"""
    for dark in (False, True):
        chromium.open(file, dark=dark)
        found = chromium.value(script)
        assert len(found) > 100
        for ink, paper, text in found:
            pair = [
                "#" + "".join(f"{int(n):02x}" for n in np.array(one[one.index("(") + 1 : -1].split(",")[:3]))
                for one in (ink, paper)
            ]
            assert contrast(*pair) >= 4.5, (dark, text, pair)
