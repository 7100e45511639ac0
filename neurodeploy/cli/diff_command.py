"""Command `diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.api.commenting import report_markdown
from neurodeploy.api.diffing import differences_of, read_comparable
from neurodeploy.cli.common_options import JsonOutput
from neurodeploy.cli.import_options import with_import_options
from neurodeploy.cli.inputs import OutputFormat
from neurodeploy.cli.output import command, show
from neurodeploy.cli.paths import read_argument, write_option
from neurodeploy.cli.report_options import report_options
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diff import Differences
from neurodeploy.importers import ImportOptions
from neurodeploy.io.archive import write_atomically
from neurodeploy.report import difference_report

__all__ = ["diff", "differing"]

MARKDOWN = "Also write the differences as the comment of a pull request (.md)."
FILES = "A network or program, a recording (.ndr), the output of `run --json`, or a baseline."


def differing(found: Differences) -> tuple[Diagnostic, ...]:
    """Return ND625 if there are differences."""
    if found.same:
        return ()
    count = f"{len(found.rows):,} differences" if len(found.rows) > 1 else "1 difference"
    return (finding("ND625", about("command", "diff"), f"'{found.base}' and '{found.head}' have {count}"),)


@command
@with_import_options
def diff(
    base: Annotated[Path, read_argument("BASE", FILES)],
    head: Annotated[Path, read_argument("HEAD", "Another of the same kind.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with status 1 if they differ.")] = False,
    markdown: Annotated[Path | None, write_option("--markdown", MARKDOWN)] = None,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
    *,
    imports: dict[str, Any],
) -> None:
    """Compare two networks, programs, recordings, profiles or baselines: what moved, by how much, and why.

    The exit status is 0 also if they differ, unless --exit-code is given, as with `git diff`.

    Examples: neurodeploy diff old.ndp new.ndp;  neurodeploy diff old.json new.json --exit-code
    """
    report, options = report_options(head, output_format, json_output=json_output), ImportOptions(**imports)
    one, other = read_comparable(base, options), read_comparable(head, options)
    found = differences_of(one.noun, other.noun, (str(base), str(head)))
    read = tuple(dict.fromkeys((*one.findings, *other.findings)))
    if report.text:
        show(difference_report(found))
    if markdown is not None:
        write_atomically(markdown, report_markdown(found, name=head.stem).encode())
    document = {**found.model_dump(mode="json", exclude={"findings"}), "same": found.same}
    report.finish((*read, *(differing(found) if exit_code else ())), document)
