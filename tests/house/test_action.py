"""The steps of `action.yml` and the recipes of workflows: schemas, and the scripts as a runner would call them.

There is no runner here: what GitHub does between the steps is not tried, and `uses:` steps are left out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
OWN = ROOT / "examples" / "ci"
FORKS = ROOT / "docs" / "how-to" / "github.md"
PINNED = re.compile(r"^[\w./-]+@[0-9a-f]{40}$")


def parsed(text):
    return YAML(typ="safe", pure=True).load(text)


def fenced(page, title):
    """The block of a page that is written to the file `title`."""
    found = re.search(
        rf'^```yaml title="{re.escape(title)}"\n(.*?)^```$', page.read_text(encoding="utf-8"), re.M | re.S
    )
    assert found, f"{page} has no {title}"
    return found[1]


def valid(schema, *files):
    words = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_and_workflows_meet_the_schemas_of_github(tmp_path):
    recipes = {
        name: fenced(FORKS, f".github/workflows/{name}") for name in ("neurodeploy.yml", "neurodeploy-comment.yml")
    }
    for name, text in recipes.items():
        (tmp_path / name).write_text(text)
    valid("vendor.github-actions", ACTION)
    valid("vendor.github-workflows", OWN / ".github/workflows/neurodeploy.yml", *(tmp_path / name for name in recipes))
    (tmp_path / "gitlab.yml").write_text(fenced(ROOT / "docs/how-to/test-in-ci.md", ".gitlab-ci.yml"))
    valid("vendor.gitlab-ci", tmp_path / "gitlab.yml")


def used(document):
    """Every `uses` of an action or a workflow."""
    if isinstance(document, dict):
        own = [document["uses"]] if isinstance(document.get("uses"), str) else []
        return own + [item for value in document.values() for item in used(value)]
    return [item for value in document for item in used(value)] if isinstance(document, list) else []


def test_other_actions_are_pinned_by_commit():
    texts = [
        ACTION.read_text(),
        fenced(FORKS, ".github/workflows/neurodeploy.yml"),
        fenced(FORKS, ".github/workflows/neurodeploy-comment.yml"),
    ]
    every = [item for text in texts for item in used(parsed(text))]
    open_ones = {item for item in every if not PINNED.match(item)}
    assert len(every) >= 6
    assert open_ones <= {"neurodeploy/neurodeploy@v0.1.0", "github/codeql-action/upload-sarif@v3"}


def test_only_the_workflow_without_foreign_code_may_write():
    tested = parsed(fenced(FORKS, ".github/workflows/neurodeploy.yml"))
    comment = parsed(fenced(FORKS, ".github/workflows/neurodeploy-comment.yml"))
    assert set(tested["permissions"].values()) == {"read"}
    assert comment["permissions"]["pull-requests"] == "write"
    assert not [item for item in used(comment) if "checkout" in item], (
        "the code of a fork must not run with rights to write"
    )


def test_hooks_of_pre_commit_are_commands():
    for hook in parsed((ROOT / ".pre-commit-hooks.yaml").read_text()):
        assert hook["entry"].split()[0] == "neurodeploy"
        assert re.search(hook["files"], "neurodeploy.toml")
        assert re.search(hook["files"], "nets/flowers.nd.json")


def git(folder, *words):
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=own", "-c", "user.email=own@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **plain})


class Runner:
    """Runs the `run` steps of action.yml in order, with files and variables as GitHub gives them."""

    def __init__(self, folder, temporary, **inputs):
        self.folder, self.temporary = folder, temporary
        self.action = parsed(ACTION.read_text())
        self.inputs = {name: item["default"] for name, item in self.action["inputs"].items()} | {"base": ""} | inputs
        self.outputs = {}
        temporary.mkdir()
        for name in ("summary", "output"):
            (temporary / name).touch()

    def value(self, text):
        known = {f"inputs.{name}": value for name, value in self.inputs.items()}
        known |= {f"steps.test.outputs.{name}": value for name, value in self.outputs.items()}
        return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda item: known.get(item[1], ""), text)

    def step(self, name):
        step = next(item for item in self.action["runs"]["steps"] if item.get("name") == name)
        own = {key: self.value(value) for key, value in step.get("env", {}).items()}
        files = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output"}
        given = {key: str(self.temporary / file) for key, file in files.items()}
        given |= {"RUNNER_TEMP": str(self.temporary), "GITHUB_ACTION_PATH": str(ROOT), "COLUMNS": "120"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        env = {**os.environ, **given, **own, "PATH": path}
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False, env=env)
        lines = (self.temporary / "output").read_text().splitlines()
        self.outputs = dict(line.split("=", 1) for line in lines)
        return done

    @property
    def summary(self):
        return (self.temporary / "summary").read_text()


@pytest.fixture
def repository(tmp_path):
    """The repository of `examples/ci` in a folder of another, with a branch main and a change in the working tree."""
    folder = tmp_path / "own" / "nets"
    shutil.copytree(OWN, folder)
    git(folder.parent, "init", "-q", "-b", "main")
    git(folder.parent, "add", "-A")
    git(folder.parent, "commit", "-q", "-m", "start")
    git(folder.parent, "switch", "-q", "-c", "change")
    text = (folder / "neurodeploy.toml").read_text()
    (folder / "neurodeploy.toml").write_text(text + "\n[compile.pins]\nclock = [0]\ndense_1 = [0]\ndense_2 = [1]\n")
    return folder


def test_the_steps_annotate_summarise_and_compare_with_the_base(repository, tmp_path):
    runner = Runner(repository, tmp_path / "runner", base="main", targets="loihi1", report="out")
    assert runner.step("Test the base branch").stdout.startswith("base: ")
    done = runner.step("Test")
    assert done.returncode == 0, done.stderr
    assert runner.outputs == {"status": "1", "passed": "false", "report": "out"}
    annotations = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert annotations[0].startswith(
        "::error file=neurodeploy.toml,line=5,title=ND604 budget::error[ND604] budget 'cores<=1'"
    )
    assert "| cores | 1 | 2 | +1 (+100 %) | **not met**: \\<= 1 |" in runner.summary
    assert "| messages | 5,481 | 10,012 | +4,531 (+82.7 %) |  |" in runner.summary
    assert len(runner.summary.encode()) < 2**20, "what GitHub shows of a step"
    log = json.loads((repository / "out/neurodeploy.sarif").read_text())
    assert {item["ruleId"] for item in log["runs"][0]["results"]} >= {"ND604", "ND620"}
    assert runner.step("Pass or fail").returncode == 1


@pytest.mark.slow
def test_the_steps_pass_where_nothing_changed_and_without_a_base(repository, tmp_path):
    git(repository, "checkout", "-q", ".")
    runner = Runner(repository, tmp_path / "same", base="main")
    runner.step("Test the base branch")
    runner.step("Test")
    assert runner.outputs["passed"] == "true"
    assert "### loihi1: nothing moved" in runner.summary
    assert runner.step("Pass or fail").returncode == 0
    alone = Runner(repository, tmp_path / "alone", base="gone", baseline="false")
    assert "nothing is compared" in alone.step("Test the base branch").stdout
    alone.step("Test")
    assert alone.outputs["passed"] == "true"
    assert "compared with the base" not in alone.summary


@pytest.mark.slow
def test_a_project_that_is_not_there_fails_without_a_report(repository, tmp_path):
    runner = Runner(repository, tmp_path / "gone", project="gone.toml")
    done = runner.step("Test")
    assert "title=ND781" in done.stdout
    assert runner.outputs == {"status": "2", "passed": "false"}
    assert runner.step("Pass or fail").returncode == 2
