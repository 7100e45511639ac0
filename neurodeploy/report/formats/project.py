"""The result of a project in every format, as files and as the output of a command."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from neurodeploy.diagnostics import sorted_findings, to_plain
from neurodeploy.project import ProjectResult
from neurodeploy.report.formats.junit import junit_suites
from neurodeploy.report.formats.lines import concise, github
from neurodeploy.report.formats.place import Examined
from neurodeploy.report.formats.sarif import sarif
from neurodeploy.report.project_tables import project_markdown

__all__ = ["ProjectForms", "project_document", "project_forms"]


class ProjectForms(NamedTuple):
    """One result in every format."""

    json: str
    sarif: str
    junit: str
    github: str
    concise: str
    markdown: str


def project_document(result: ProjectResult) -> dict[str, Any]:
    """Return the JSON document of a result, as plain data; `findings` are those of all targets."""
    plain = result.model_dump(mode="json")
    return {
        **plain,
        "passed": result.passed,
        "findings": [to_plain(item) for item in sorted_findings(result.every_finding())],
    }


def project_forms(
    result: ProjectResult, texts: tuple[str, str], *, version: str, status: int, base: ProjectResult | None = None
) -> ProjectForms:
    """Return a result in every format.

    `texts`: content of the model and of the project file, for the lines of findings; empty if they are no texts. `version`:
    of neurodeploy. `status`: exit status of the command. `base`: the result of the base branch, for the Markdown text.
    """
    found = sorted_findings(result.every_finding())
    examined = Examined(result.model, texts[0], result.strict, project=result.project, project_text=texts[1])
    suites = [(result.findings, examined)] if result.findings or not result.targets else []
    suites += [(row.findings, examined._replace(passed=row.met, target=row.label)) for row in result.targets]
    return ProjectForms(
        json=_json(project_document(result)),
        sarif=_json(sarif(found, examined, version=version, status=status)),
        junit=junit_suites(suites),
        github=github(found, examined),
        concise=concise(found, examined),
        markdown=project_markdown(result, base),
    )


def _json(document: object) -> str:
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
