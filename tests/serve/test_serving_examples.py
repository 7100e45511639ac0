"""The files of examples/serving: what they name exists, and what the manual says of metrics is what the server exports."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from neurodeploy.serve.observing.figures import FIGURES
from neurodeploy.serve.options import Limits

ROOT = Path(__file__).parents[2]
SERVING = ROOT / "examples" / "serving"
PAGE = (ROOT / "docs" / "how-to" / "deploy-a-server.md").read_text("utf-8")
DASHBOARD: dict[str, Any] = json.loads((SERVING / "grafana" / "dashboards" / "neurodeploy.json").read_text("utf-8"))
COMPOSE = YAML(typ="safe").load((SERVING / "compose.yaml").read_text("utf-8"))
ALERTS = YAML(typ="safe").load((SERVING / "alerts.yml").read_text("utf-8"))
KNOWN = {item.exported: set(item.labels) for item in FIGURES} | {
    f"{item.exported}_{end}": set(item.labels) | {"le"}
    for item in FIGURES
    if item.kind == "histogram"
    for end in ("bucket", "sum", "count")
}
OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
SCRAPED = {"instance", "job"}
"""Labels that Prometheus adds."""


def expressions() -> list[str]:
    """Every expression of the dashboard, the alerts, and the manual."""
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    shown += [item["expr"] for item in DASHBOARD["annotations"]["list"]]
    chosen = [item["definition"] for item in DASHBOARD["templating"]["list"] if item["type"] == "query"]
    alerts = [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]
    told = re.findall(r"^\| [^|`]+ \| `([^`]+)` \|$", PAGE, re.MULTILINE)
    assert min(map(len, (shown, chosen, alerts, told))) > 1
    return [*shown, *chosen, *alerts, *told]


@pytest.mark.parametrize("expression", expressions())
def test_expressions_name_metrics_and_labels_that_exist(expression):
    plain = re.sub(r'"[^"]*"', '""', expression)
    names = set(re.findall(r"\b(?:neurodeploy|process)_\w+|\bup\b", plain))
    assert names
    assert names <= KNOWN.keys() | OTHERS
    labels = set().union(*(KNOWN.get(name, set()) for name in names)) | SCRAPED
    chosen = " ".join(re.findall(r"\{([^}]*)\}", plain))
    used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen))
    for words in re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", plain):
        used |= {word.strip() for word in words.split(",")}
    assert used <= labels


def test_every_panel_of_the_dashboard_has_its_place():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_metrics_are_shown_or_alerted_on():
    """Nobody looks at a metric that is on no panel and in no alert; the others say what runs, or lead to shown ones."""
    asked = " ".join(expressions())
    unseen = {item.name for item in FIGURES if item.exported not in asked}
    assert unseen == {"build_info", "streams", "drift_alarms", "steps"}


def test_the_manual_lists_every_metric():
    rows = [f"| `{item.exported}` | {item.kind} | {', '.join(item.labels)} | {item.text} |" for item in FIGURES]
    listed = [line for line in PAGE.splitlines() if line.startswith("| `neurodeploy_")]
    assert listed == rows


def test_the_compose_file_suits_its_schema():
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", SERVING / "compose.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_files_that_containers_mount_exist():
    """Those of `models` and `secrets` are the user's."""
    mounts = [item for service in COMPOSE["services"].values() for item in service["volumes"]]
    sources = {item.partition(":")[0] for item in mounts if item.startswith("./")} - {"./models"}
    assert sources
    assert all((SERVING / item).exists() for item in sources)
    assert (SERVING / COMPOSE["services"]["neurodeploy"]["build"]["context"]).resolve() == ROOT
    inside = {item.split(":")[1] for item in COMPOSE["services"]["grafana"]["volumes"]}
    provider = YAML(typ="safe").load((SERVING / "grafana/provisioning/dashboards/neurodeploy.yaml").read_text("utf-8"))
    home = COMPOSE["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert provider["providers"][0]["options"]["path"] in inside
    assert Path(home).parent.as_posix() in inside


def test_ports_are_published_on_the_loopback_address_only():
    ports = [port for service in COMPOSE["services"].values() for port in service["ports"]]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def words_of_servers() -> dict[str, list[str]]:
    """File -> arguments of `neurodeploy serve` in it."""
    kubernetes = list(YAML(typ="safe").load_all((SERVING / "kubernetes.yaml").read_text("utf-8")))
    kserve = list(YAML(typ="safe").load_all((SERVING / "kserve.yaml").read_text("utf-8")))
    unit = re.search(r"^ExecStart=\S+ serve (.*)$", (SERVING / "neurodeploy.service").read_text("utf-8"), re.MULTILINE)
    assert unit is not None
    return {
        "compose.yaml": COMPOSE["services"]["neurodeploy"]["command"],
        "kubernetes.yaml": kubernetes[0]["spec"]["template"]["spec"]["containers"][0]["args"],
        "kserve.yaml": kserve[0]["spec"]["containers"][0]["args"],
        "neurodeploy.service": unit[1].split(),
    }


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes.yaml", "kserve.yaml", "neurodeploy.service"])
def test_servers_are_started_with_options_that_exist(name):
    from typer.main import get_command

    from neurodeploy.cli.main import app

    command = get_command(app).commands["serve"]  # type: ignore[attr-defined]
    context = command.make_context("serve", [Path(__file__).as_posix(), *words_of_servers()[name][1:]])
    protected = {"--token-file", "--no-auth"} & {word.partition("=")[0] for word in words_of_servers()[name]}
    assert context.params["host"] == "127.0.0.1" or protected


def test_whatever_stops_a_server_waits_until_it_has_drained():
    drain_s = Limits().drain_s
    kubernetes = next(YAML(typ="safe").load_all((SERVING / "kubernetes.yaml").read_text("utf-8")))
    unit = re.search(r"TimeoutStopSec=(\d+)", (SERVING / "neurodeploy.service").read_text("utf-8"))
    assert unit is not None
    assert int(unit[1]) > drain_s
    assert kubernetes["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > drain_s
    assert int(COMPOSE["services"]["neurodeploy"]["stop_grace_period"].rstrip("s")) > drain_s


def test_the_build_gets_what_a_wheel_is_made_of():
    """The files that the build stage copies, by the rules of the ignore file, are those that the wheel needs."""
    rules = (SERVING / "Dockerfile.dockerignore").read_text("utf-8").split("\n")
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    assert all((ROOT / item).exists() for item in kept)
    wheel = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.search(r'^packages = \["neurodeploy", "backends/neurodeploy_backends", "targets/', wheel, re.MULTILINE)
    assert {"neurodeploy", "backends", "targets", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE"} <= kept
    copied = re.findall(r"^COPY (?!--from)(\S+) /opt", (SERVING / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert copied
    assert all(any(fnmatch.fnmatch(item, rule) for rule in kept) for item in copied)


def test_the_image_has_no_compiler_and_no_rights():
    stages = re.split(r"^FROM ", (SERVING / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(stages) == 2
    assert "gcc" in stages[0]
    assert not re.search(r"gcc|apt-get|pip install", stages[1])
    assert "USER 10001:10001" in stages[1]


@pytest.mark.slow
def test_prometheus_takes_its_files(tmp_path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing and cannot be had: this system has no Debian package of Prometheus")
    settings = (SERVING / "prometheus.yml").read_text("utf-8").replace("/run/secrets/", f"{tmp_path}/")
    (tmp_path / "token").write_text("a token of this test")
    (tmp_path / "prometheus.yml").write_text(settings)
    shutil.copy(SERVING / "alerts.yml", tmp_path)
    shutil.copy(SERVING / "alerts.test.yml", tmp_path)
    for words in (["check", "config", "--lint=all", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]):
        done = subprocess.run([promtool, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
