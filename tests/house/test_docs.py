"""The documentation is what happens: its examples run, outputs are those shown, links and stations of the code exist.

Every page of `docs/` with examples is run from top to bottom in a folder of its own that holds `examples/`:

- a `python` block is run, and its names stay known to the blocks below;
- a `sh` block is typed: lines of `neurodeploy` (with `| head -N`, `| tail -N` and `> FILE`) and of `pytest`;
- a block with a title is a file, and is written;
- a `text` block below `<!-- output -->` holds what the block above it printed;
- `<!-- exit status N -->` above a block says how it ends, and `<!-- not run: REASON -->` leaves it out.

`pytest tests/house/test_docs.py --update-golden` refreshes the outputs.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.hardware import read_target, target_names
from neurodeploy.report import target_rows

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RECIPE = "add-"
"""Recipes change the source, so they are tried by hand; their links are checked."""
BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[^\n]*?) -->\n)?```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NOT_SHOWN = re.compile(r"^compiling [^\n]*\n|^stages: [^\n]*\n(?:[^\n:]+\n)?", re.MULTILINE)
"""What depends on the machine and the day: the notice of a first run, and the time that stages took."""
NOT_COMPARED = re.compile(r"float reference.*|(?:program|digest) [0-9a-f]{12,16}")
"""The last digits of float sums depend on the processor; the README's test compares the digest of a program."""


class Block(NamedTuple):
    """A fenced block of a page."""

    note: str
    kind: str
    title: str | None
    body: str
    span: tuple[int, int]
    """Of the body, in the page."""


def blocks(text: str) -> list[Block]:
    found = BLOCK.finditer(text)
    return [Block(item["note"] or "", item["kind"], item["title"], item["body"], item.span("body")) for item in found]


def pages() -> list[Path]:
    return sorted(path for path in DOCS.rglob("*.md") if "adr" not in path.relative_to(DOCS).parts)


RUN = [
    path
    for path in pages()
    if not path.name.startswith(RECIPE)
    and any(item.kind in ("sh", "python") for item in blocks(path.read_text("utf-8")))
]


class Reader:
    """Does what a page says, as a reader would."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.names = folder, capsys, {"__name__": "__main__"}

    def python(self, body: str) -> tuple[str, int]:
        exec(compile(body, "<page>", "exec"), self.names)
        return self.capsys.readouterr().out, 0

    def sh(self, body: str) -> tuple[str, int]:
        """Return what the commands of a block print, and the last exit status that is not 0."""
        printed, status = "", 0
        for line in body.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                out, code = self.command(words)
                printed, status = printed + out, code or status
        return printed, status

    def command(self, words: list[str]) -> tuple[str, int]:
        words, goal = (words[: words.index(">")], words[-1]) if ">" in words else (words, None)
        words, cut = (words[: words.index("|")], words[words.index("|") + 1 :]) if "|" in words else (words, [])
        if words[0] == "pytest":
            done = subprocess.run(
                [sys.executable, "-m", *words], cwd=self.folder, capture_output=True, text=True, check=False
            )
            return done.stdout + done.stderr, done.returncode
        assert words[0] == "neurodeploy", f"'{words[0]}' cannot be run here: say <!-- not run: why -->"
        with pytest.raises(SystemExit) as left:
            app(words[1:])
        out, err = self.capsys.readouterr()
        if goal:
            Path(self.folder, goal).write_text(out, encoding="utf-8")
            out = ""
        if cut:
            count = int(cut[1].lstrip("-"))
            lines = NOT_SHOWN.sub("", out).splitlines(keepends=True)
            out = "".join(lines[:count] if cut[0] == "head" else lines[-count:])
        return out + err, int(left.value.code or 0)

    def follow(self, item: Block) -> str:
        """Return what a block prints."""
        if item.title:
            path = self.folder / item.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(item.body, encoding="utf-8")
            return ""
        printed, status = self.python(item.body) if item.kind == "python" else self.sh(item.body)
        wanted = re.fullmatch(r"exit status (\d+)", item.note)
        assert status == (int(wanted[1]) if wanted else 0), printed
        lines = [line.rstrip() for line in NOT_SHOWN.sub("", printed).splitlines()]
        return "\n".join(lines).strip("\n") + "\n"


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """A page leaves its figures open; matplotlib warns of many, wherever the last one is opened."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_does_what_it_says(
    page: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    update_golden: bool,
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    reader, printed, changes = Reader(tmp_path, capsys), "", []
    text = page.read_text(encoding="utf-8")
    for item in blocks(text):
        if item.note == "output":
            if update_golden:
                changes.append((item.span, printed))
            else:
                assert NOT_COMPARED.sub("", printed) == NOT_COMPARED.sub("", item.body)
        elif item.title or (item.kind in ("sh", "python") and not item.note.startswith("not run")):
            printed = reader.follow(item)
    for (start, stop), new in reversed(changes):
        text = text[:start] + new + text[stop:]
    if changes:
        page.write_text(text, encoding="utf-8")


def test_blocks_are_not_indented() -> None:
    """An indented block would be shown and not run."""
    for page in RUN:
        assert not re.search(r"^ +```", page.read_text(encoding="utf-8"), re.MULTILINE), page


# --- what pages name


@pytest.fixture(scope="module")
def hooks() -> Any:
    """The module that makes pages from the source."""
    spec = importlib.util.spec_from_file_location("docs_hooks", DOCS / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generated(hooks: Any) -> dict[str, str]:
    return hooks.generated()


def test_links_lead_somewhere(generated: dict[str, str]) -> None:
    known = {(DOCS / page).resolve() for page in generated} | {path.resolve() for path in DOCS.rglob("*")}
    lost: list[str] = []
    sources = {path: path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    sources |= {DOCS / page: text for page, text in generated.items()}
    for path, text in sources.items():
        plain = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", plain):
            goal = link.partition("#")[0]
            if goal and "://" not in goal and (path.parent / goal).resolve() not in known:
                lost.append(f"{path.relative_to(ROOT)}: {link}")
    assert lost == []


def test_files_of_the_root_link_to_files() -> None:
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SUPPORTED.md"):
        for link in re.findall(r"\]\(([^)#\s]+)", (ROOT / name).read_text(encoding="utf-8")):
            assert "://" in link or (ROOT / link).exists(), f"{name}: {link}"


def test_every_page_is_in_the_navigation(generated: dict[str, str]) -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    by_hook = {page for page in (*written, *generated) if re.match(r"how-to/add-|adr/\d|reference/targets/", page)}
    assert listed == (written | set(generated)) - by_hook


def test_the_command_line_page_names_every_option(
    generated: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    page = generated["reference/command-line.md"]
    for command in re.findall(r"^## neurodeploy (.*)$", page, re.MULTILINE):
        with contextlib.suppress(SystemExit):
            app([*command.split(), "--help"])
        options = set(re.findall(r"^│[ *]*(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}
        section = page.split(f"## neurodeploy {command}\n")[1].split("\n## ")[0]
        assert {name for name in options if f"`{name}`" not in section} == set(), command


@pytest.mark.parametrize("name", sorted(target_names()))
def test_the_page_of_a_target_has_every_figure_and_source(name: str, generated: dict[str, str], hooks: Any) -> None:
    page = generated[f"reference/targets/{name}.md"]
    rows = target_rows(read_target(name))
    assert rows
    for row in rows:
        assert f"| `{row.field}` |" in page
        assert hooks.cell(row.source) in page


# --- the architecture


ARCHITECTURE = DOCS / "architecture.md"
STATION = re.compile(r"`((?:neurodeploy|backends|targets)/[\w/]+\.(?:py|toml)):([\w.]+)`")


def rooms() -> set[str]:
    return {path.parent.name for path in (ROOT / "neurodeploy").glob("*/__init__.py")} | {
        path.parent.name for path in (ROOT / "backends" / "neurodeploy_backends").glob("*/__init__.py")
    }


def test_the_architecture_describes_every_package() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    assert {name for name in rooms() if f"`{name}/`" not in text} == set()


def defined(path: Path) -> set[str]:
    """Names that a module defines, methods as Class.method."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {item.id for item in node.targets if isinstance(item, ast.Name)}
    return found


def test_stations_exist() -> None:
    """A station is `path:function`; the walks of a weight and of a finding consist of them."""
    stations = {(name, path) for page in pages() for path, name in STATION.findall(page.read_text(encoding="utf-8"))}
    assert len(stations) >= 15
    lost = [
        f"{path}:{name}" for name, path in stations if not (ROOT / path).is_file() or name not in defined(ROOT / path)
    ]
    assert lost == []


def test_named_paths_exist() -> None:
    """Folders and files that the architecture names, planned ones aside."""
    text = ARCHITECTURE.read_text(encoding="utf-8").split("## Planned")[0]
    for path in re.findall(r"`((?:neurodeploy|backends|targets|tests|docs|examples)/[\w/.-]*)`", text):
        assert (ROOT / path).exists(), path


# --- the changelog


def test_fragments_of_the_changelog_are_named_as_a_release_collects_them() -> None:
    for path in (ROOT / "changelog.d").glob("*"):
        if path.name not in ("README.md", "template.md.jinja"):
            assert re.fullmatch(r"(\d+|\+[\w-]+)\.(added|changed|fixed|removed)\.md", path.name), path.name
            assert path.read_text(encoding="utf-8").strip()


def test_the_site_loads_nothing_from_elsewhere() -> None:
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in settings
    assert "extra_javascript" not in settings
    assert not re.search("^repo_url", settings, re.MULTILINE)
    drawn = [path for path in pages() if "```mermaid" in path.read_text(encoding="utf-8")]
    assert drawn == [], "mermaid is a script from elsewhere: draw an SVG"


def test_decisions_are_listed_and_have_their_parts() -> None:
    index = (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    for path in sorted((DOCS / "adr").glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        title = text.splitlines()[0].removeprefix("# ")
        assert f"- [{title}]({path.name})" in index
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], path


def test_environment_variables_are_documented() -> None:
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    folders = (ROOT / "neurodeploy", ROOT / "backends")
    sources = [path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")]
    used = {name for text in sources for name in re.findall(r"NEURODEPLOY_[A-Z0-9_]+", text)}
    assert len(used) >= 7
    assert {name for name in used if f"`{name}`" not in page} == set()


def test_the_api_page_has_every_public_name() -> None:
    page = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^::: neurodeploy\.(\w+)$", page, re.MULTILINE)) == set(nd.__all__)
