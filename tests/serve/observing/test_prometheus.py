"""A real Prometheus scrapes a real server, and every expression of the dashboard, the alerts and the manual has a value."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from asgi_calls import done_of, infer_body, rows_of, tiny_program, tiny_service
from pydantic import SecretStr

from neurodeploy.monitor.counts import calibrated, sample_counts
from neurodeploy.serve.in_thread import running
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.service import Service

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SERVING = ROOT / "examples" / "serving"
TOKEN = "a-token-of-this-test"


def fetched(address: str) -> dict:
    with urllib.request.urlopen(address, timeout=10) as reply:
        return json.load(reply)


def expressions() -> list[str]:
    board = json.loads((SERVING / "grafana" / "dashboards" / "neurodeploy.json").read_text("utf-8"))
    shown = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    page = (ROOT / "docs" / "how-to" / "deploy-a-server.md").read_text("utf-8")
    told = re.findall(r"^\| [^|`]+ \| `([^`]+)` \|$", page, re.MULTILINE)
    filled = [re.sub(r"\$(?:model|version)", ".*", item).replace("$__rate_interval", "1m") for item in shown]
    return [*filled, *(item.replace("[5m]", "[1m]") for item in told)]


def busy(service: Service, address: str) -> None:
    """A little of everything that is counted."""
    model = service.models.by_name["tiny"][-1]
    done = done_of(model, samples=4, waiting_s=(0.001, 0.002))
    service.metrics.batch(done)
    service.monitors.observe(model, sample_counts(done.recording), done.steps)
    stream = service.metrics.stream(model)
    stream.open, stream.opened = 1, stream.opened + 1
    stream.events, stream.spikes, stream.late = stream.events + 9, stream.spikes + 9, stream.late + 1
    for body, status in ((infer_body(), 200), (b"{", 400)):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}/v2/models/tiny/infer", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                assert reply.status == status
        except urllib.error.HTTPError as error:
            assert error.code == status


@pytest.fixture
def prometheus(tmp_path):
    """Start Prometheus on an address of a server; returns its own address."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("Prometheus is missing and cannot be had: this system has no Debian package of it")
    started: list[subprocess.Popen[bytes]] = []

    def start(address: str) -> str:
        settings = (SERVING / "prometheus.yml").read_text("utf-8").replace("neurodeploy:8000", address.split("//")[1])
        settings = settings.replace("/run/secrets/", f"{tmp_path}/").replace("5s", "1s").replace("15s", "1s")
        (tmp_path / "prometheus.yml").write_text(settings)
        (tmp_path / "token").write_text(TOKEN)
        shutil.copy(SERVING / "alerts.yml", tmp_path)
        with socket.create_server(("127.0.0.1", 0)) as free:  # Prometheus does not say which port it was given
            own = f"127.0.0.1:{free.getsockname()[1]}"
        words = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={own}"]
        with (tmp_path / "log").open("wb") as log:
            started.append(subprocess.Popen([binary, *words], cwd=tmp_path, stderr=log, stdout=log))
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{own}/-/ready", timeout=5):
                return f"http://{own}"
            time.sleep(0.1)
        raise AssertionError((tmp_path / "log").read_text())

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


def asked(prometheus: str, expression: str) -> list[dict]:
    found = fetched(f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
    assert found["status"] == "success"
    return [item for item in found["data"]["result"] if item["value"][1] != "NaN"]


def test_every_expression_has_a_value(prometheus):
    program = calibrated(tiny_program(), {"in": rows_of(samples=50)}, steps=10)
    service = Service(tiny_service(program).models, ServeOptions(port=0, token=SecretStr(TOKEN)))
    with running(service) as address:
        busy(service, address)
        own = prometheus(address)
        end = time.monotonic() + 90
        empty = expressions()
        while empty and time.monotonic() < end:
            busy(service, address)
            time.sleep(0.5)
            empty = [item for item in empty if not asked(own, item)]
        assert empty == []
        assert asked(own, "up == 1")
        rules = fetched(f"{own}/api/v1/rules")["data"]["groups"][0]["rules"]
        assert rules
        assert {item["health"] for item in rules} <= {"ok", "unknown"}
