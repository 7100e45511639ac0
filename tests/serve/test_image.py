"""The commands of the Dockerfile, outside of a container: they build the wheel, and what they install serves as another user."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from asgi_calls import infer_body, tiny_program

import neurodeploy as nd

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux", reason="the system of the image is missing and cannot be had: this is not Linux"
    ),
]

ROOT = Path(__file__).parents[2]
SERVING = ROOT / "examples" / "serving"
DOCKERFILE = (SERVING / "Dockerfile").read_text("utf-8")
PLACES = {"/opt/neurodeploy": "installed", "/wheels": "wheels"}
USER = 10001
TOKEN = "a-token-of-this-test"


def commands() -> list[str]:
    """The RUN commands of the first stage but those of the package manager."""
    first = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1]
    found = re.findall(r"^RUN ((?:.*\\\n)*.*)$", first, re.MULTILINE)
    return [item for item in found if not item.startswith("apt-get")]


def context(folder: Path) -> Path:
    """What the build gets of the checkout, by the rules of the ignore file."""
    source = folder / "source"
    for rule in (SERVING / "Dockerfile.dockerignore").read_text("utf-8").splitlines():
        if rule.startswith("!"):
            path, goal = ROOT / rule[1:], source / rule[1:]
            goal.parent.mkdir(parents=True, exist_ok=True)
            left_out = shutil.ignore_patterns("__pycache__", "*.pyc", "*.so")
            shutil.copytree(path, goal, ignore=left_out) if path.is_dir() else shutil.copy(path, goal)
    return source


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that the image has as /opt/neurodeploy."""
    folder = tmp_path_factory.mktemp("image")
    for parent in (folder, *folder.parents):
        if parent.owner() == folder.owner() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)  # another user will run it
    source = context(folder)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    settings = re.findall(r"^ENV (NEURODEPLOY_BUILD)=(\w+)$", DOCKERFILE, re.MULTILINE)
    assert settings
    places = {**{place: str(folder / name) for place, name in PLACES.items()}, "python -m": f"{sys.executable} -m"}
    for item in commands():
        words = ["/bin/sh", "-ec", re.sub("|".join(places), lambda found: places[found[0]], item)]
        done = subprocess.run(words, cwd=source, env=env | dict(settings), capture_output=True, text=True, check=False)
        if "No matching distribution" in done.stderr or "Failed to establish a new connection" in done.stderr:
            pytest.skip("the packages that the image installs are missing and cannot be had: pip does not reach PyPI")
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "installed"


def changes_user() -> bool:
    folders = Path(sys.base_prefix).resolve()
    open_to_others = all(path.stat().st_mode & 0o001 for path in (folders, *folders.parents))
    return not os.geteuid() and shutil.which("setpriv") is not None and open_to_others


def as_user(words: list[str]) -> list[str]:
    """The words of a command as the user of the image, where this may be done and others may run this Python."""
    if not changes_user():
        return words
    return [
        "setpriv",
        f"--reuid={USER}",
        f"--regid={USER}",
        "--clear-groups",
        "--no-new-privs",
        "--inh-caps=-all",
        *words,
    ]


def answered(address: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(address + path, body, headers), timeout=10) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_what_is_installed_serves_as_a_user_without_rights(installed, tmp_path):
    assert not (installed / "bin" / "pip").exists()
    models = installed.parent / "models"
    models.mkdir(mode=0o755)
    nd.save(tiny_program(), models / "model.ndp")
    (models / "token").write_text(TOKEN)
    for item in models.iterdir():
        item.chmod(0o644)
    words = [installed / "bin" / "neurodeploy", "serve", models / "model.ndp", "--host=127.0.0.1", "--port=0"]
    words += [f"--token-file={models / 'token'}", "--log=json", "--json"]
    env = {"PATH": f"{installed / 'bin'}:/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    before = {path: path.stat().st_mtime_ns for path in installed.rglob("*")}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            as_user([str(word) for word in words]), cwd="/", env=env, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            address = told["address"]
            assert answered(address, "/v2/models/tiny/infer", infer_body())[0] == 200
            assert b'engine="native"' in answered(address, "/metrics")[1]
            if changes_user():
                assert Path(f"/proc/{told['pid']}").stat().st_uid == USER
            check = (SERVING / "healthcheck.py").read_text("utf-8").replace("8000", address.rpartition(":")[2])
            healthy = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False)
            assert healthy.returncode == 0, healthy.stderr
        finally:
            server.send_signal(signal.SIGTERM)
            status = server.wait(60)
            if server.stdout is not None:
                server.stdout.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert status == 0, lines
    assert [line["status"] for line in lines if line["event"] == "request"][:2] == [200, 200]
    assert {path: path.stat().st_mtime_ns for path in installed.rglob("*")} == before
    end = time.monotonic() + 10
    while time.monotonic() < end and Path(f"/proc/{told['pid']}").exists():
        time.sleep(0.05)
    failed = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False)
    assert failed.returncode == 1
