"""Pages of the documentation that are made from the source: commands, targets, and the files of the repository's root.

MkDocs calls `on_config` and `on_files`; the functions above them return Markdown and need nothing of MkDocs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parents[1]
FROM_ROOT = {"changelog.md": "CHANGELOG.md", "supported.md": "SUPPORTED.md", "contributing.md": "CONTRIBUTING.md"}
"""Page -> the file of the repository's root that it shows."""


def cell(text: str) -> str:
    """Return text for one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return the lines of a table."""
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


# --- the command line


def commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield (full name, command) for every command below a group, in the order of the help."""
    for name in group.list_commands(None):
        item = group.commands[name]
        if getattr(item, "commands", None):
            yield from commands(item, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", item


def parameter(item: Any) -> tuple[str, str]:
    """Return (option or argument with its metavar, help) of a parameter."""
    metavar = item.metavar or item.name.upper().rpartition("_")[2]
    if item.param_type_name == "argument":
        return f"`{metavar}`", cell(item.help or "")
    names = ", ".join(f"`{name}`" for name in (*item.opts, *item.secondary_opts))
    if item.is_flag:
        return names, cell(item.help or "")
    kind = getattr(getattr(item, "type_descriptor", None), "annotation", None)
    words = [str(word.value) for word in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []
    choices = f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""
    default = "" if item.default in (None, (), [], "") or callable(item.default) else f" Default: `{item.default}`."
    return f"{names} `{metavar}`", cell(item.help or "") + choices + default


EXAMPLES = re.compile(r"\s*Examples?: *(.*)$", re.DOTALL)


STATUSES = [
    ("0", "no error; warnings and notes are possible"),
    ("1", "an error, or a warning under `--strict`"),
    ("2", "usage error (ND7xx)"),
    ("3", "the backend cannot run here"),
    ("70", "internal error (ND901)"),
    ("129, 130, 143", "ended by HUP, Ctrl-C or TERM"),
    ("141", "the reader of the output has gone"),
]


def command_line() -> str:
    """Return the page of every command with every argument and option."""
    import typer

    from neurodeploy.cli.main import app

    lines = ["# Command line", "", "Generated from the program; `neurodeploy COMMAND --help` prints the same.", ""]
    lines += ["## Exit status", "", *table(("status", "meaning"), STATUSES), ""]
    for name, item in commands(typer.main.get_command(app), "neurodeploy"):
        text = " ".join((item.help or "").split())
        shown = EXAMPLES.search(text) or EXAMPLES.search(" ".join((item.epilog or "").split()))
        rows = [parameter(each) for each in item.params if not getattr(each, "hidden", False)]
        lines += [f"## {name}", "", EXAMPLES.sub("", text), ""]
        lines += [*table(("argument or option", "meaning"), rows), ""] if rows else []
        lines += ["```sh", *re.split(r"\s*(?:\||;)\s+", shown[1]), "```", ""] if shown else []
    return "\n".join(lines)


# --- targets


def target_page(name: str) -> str:
    """Return the page of a target: every figure with its unit, confidence and source."""
    from neurodeploy.hardware import Target, read_target
    from neurodeploy.report import target_rows

    target = read_target(name)
    lines = [f"# {target.title}", "", f"Target `{name}`, from `targets/neurodeploy_targets/{target.file}`.", ""]
    if isinstance(target, Target):
        lines += [f"Networks are compiled for it. Dialect `{target.dialect.name}`, rule set `{target.rule_set}`.", ""]
        boards = [(f"`{key}`", board.title, f"{board.chips.value:g}") for key, board in target.boards.items()]
        lines += [*table(("board", "what it is", "chips"), boards), ""] if boards else []
    else:
        lines += [f"Networks are judged against its {target.architecture} architecture, not compiled for it.", ""]
        lines += [f"- Not judged: {line}" for line in target.not_judged] + [""]
    sources: dict[str, int] = {}
    rows: list[tuple[str, ...]] = []
    for row in target_rows(target):
        number = sources.setdefault(row.source, len(sources) + 1)
        rows.append((f"`{row.field}`", cell(row.value), row.confidence, f"[{number}](#sources)"))
    lines += [*table(("figure", "value", "confidence", "source"), rows), ""]
    apart = [(f"`{row.field}`", cell(row.value), cell(row.disagrees)) for row in target_rows(target) if row.disagrees]
    lines += ["## What disagrees", "", *table(("figure", "value", "other sources"), apart), ""] if apart else []
    lines += ["## Sources", ""]
    return "\n".join([*lines, *(f"{number}. {cell(source)}" for source, number in sources.items()), ""])


def targets() -> dict[str, str]:
    """Return page -> Markdown: the list of targets, and one page for each."""
    from neurodeploy.hardware import Target, read_target, target_names

    every = {name: read_target(name) for name in target_names()}
    rows = [
        (f"[`{name}`](targets/{name}.md)", item.title, "compiled" if isinstance(item, Target) else "judged")
        for name, item in sorted(every.items(), key=lambda pair: not isinstance(pair[1], Target))
    ]
    lines = [
        "# Targets",
        "",
        "Every figure has a unit, a source and a confidence; a figure without a source does not load. Limits that are not",
        "public are absent. `neurodeploy targets show NAME` prints the same figures.",
        "",
        *table(("target", "what it is", "networks are"), rows),
        "",
    ]
    return {
        "reference/targets.md": "\n".join(lines),
        **{f"reference/targets/{name}.md": target_page(name) for name in every},
    }


def dialects() -> str:
    """Return the page of all dialects: every switch with its value, and the source of each value."""
    from neurodeploy.hardware import dialect_names, load_dialect

    every = [load_dialect(name) for name in dialect_names()]
    fields = [name for name in type(every[0]).model_fields if name not in ("name", "title", "sources")]
    lines = [
        "# Dialects",
        "",
        "A dialect is the integer arithmetic of one implementation of the neuron core. Two dialects differ in these fields",
        "and nowhere else; [Arithmetic](arithmetic.md) has the equations. A target names its dialect, and `--dialect`",
        "compiles for another.",
        "",
        *table(("dialect", "whose arithmetic"), [(f"`{item.name}`", cell(item.title)) for item in every]),
        "",
        *table(
            ("field", *(f"`{item.name}`" for item in every)),
            [(f"`{name}`", *(plain(getattr(item, name)) for item in every)) for name in fields],
        ),
        "",
    ]
    for item in every:
        sources = [(f"`{name}`", cell(item.sources.get(name, ""))) for name in fields]
        lines += [f"## Sources of {item.name}", "", *table(("field", "source"), sources), ""]
    return "\n".join(lines)


def plain(value: object) -> str:
    """Return a value as the page shows it."""
    return "-" if value is None else str(value)


# --- files of the root


def from_root(page: str) -> str:
    """Return a file of the repository's root with its links rewritten for the site."""
    text = (ROOT / FROM_ROOT[page]).read_text(encoding="utf-8")
    back = {name: shown for shown, name in FROM_ROOT.items()}

    def link(match: re.Match[str]) -> str:
        goal, _, anchor = match[2].partition("#")
        if "://" in goal or not goal:
            return match[0]
        inside = goal[5:] if goal.startswith("docs/") else back.get(goal)
        if inside is None:
            return f"[{match[1]}](https://github.com/neurodeploy/neurodeploy/blob/main/{goal})"
        return f"[{match[1]}]({inside}{'#' + anchor if anchor else ''})"

    return re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", link, text)


def generated() -> dict[str, str]:
    """Return page -> Markdown for every page without a file in docs/."""
    pages = {page: from_root(page) for page in FROM_ROOT}
    return {**pages, "reference/command-line.md": command_line(), "reference/dialects.md": dialects(), **targets()}


# --- MkDocs


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the recipes how-to/add-*.md, the decisions adr/*.md and the pages of targets in the navigation."""
    docs = Path(config.docs_dir)
    assert config.nav is not None
    sections = {title: pages for item in config.nav if isinstance(item, dict) for title, pages in item.items()}
    sections["Extend neurodeploy"] += [f"how-to/{path.name}" for path in sorted(docs.glob("how-to/add-*.md"))]
    decisions = [f"adr/{path.name}" for path in sorted(docs.glob("adr/[0-9]*.md"))]
    reasons = sections["Explanation"]
    reasons[reasons.index("adr/index.md")] = {"Decisions": ["adr/index.md", *decisions]}
    chips = sections["Reference"]
    pages = [page for page in targets() if page != "reference/targets.md"]
    chips[chips.index("reference/targets.md")] = {"Targets": ["reference/targets.md", *pages]}
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    for page, text in generated().items():
        files.append(File.generated(config, page, content=text))
    return files
