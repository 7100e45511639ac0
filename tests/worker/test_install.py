"""Environments of simulators: found, installed once, resumed, and reported when something is missing. No package index is needed."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.worker import Environment, data_folder, install, interpreter_of, missing
from neurodeploy.worker.environment import MARKER, marker_of, python_in
from neurodeploy.worker.install import pythons

HERE = "{}.{}".format(*sys.version_info[:2])


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODEPLOY_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("TOY_PYTHON", raising=False)
    return tmp_path / "data"


def toy(**fields):
    plain = {"name": "toy", "python": HERE, "distribution": "no-such-toy", "version": "1.0"}
    return Environment(**{**plain, "requirements": (), "variable": "TOY_PYTHON", **fields})


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def finished(environment, folder):
    """An environment as install leaves it, its interpreter being this one."""
    executable(python_in(folder), f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / MARKER).write_text(json.dumps({"is": marker_of(environment)}))


def test_nothing_there_is_a_finding_with_the_command():
    found = missing(toy(), "toy")
    assert found is not None
    assert found.code == "ND501"
    assert found.fixes[0].text == "neurodeploy backends install toy"
    assert interpreter_of(toy()) is None


def test_a_finished_environment_is_taken_and_made_no_second_time(data):
    finished(toy(), toy().folder())
    said = []
    assert install(toy(), said.append) == python_in(toy().folder())
    assert interpreter_of(toy()).origin == "installed"
    assert missing(toy(), "toy") is None
    assert said == [f"toy: already installed ({python_in(toy().folder())})"]


def test_an_environment_of_other_pins_or_without_a_marker_does_not_count(data):
    finished(toy(requirements=("a==1.0",)), toy().folder())
    assert interpreter_of(toy()) is None
    (toy().folder() / MARKER).unlink()
    assert interpreter_of(toy()) is None


def test_the_variable_comes_first_and_is_checked(data, tmp_path, monkeypatch):
    finished(toy(), toy().folder())
    monkeypatch.setenv("TOY_PYTHON", sys.executable)
    assert interpreter_of(toy()) == (Path(sys.executable), "variable")
    names = f"TOY_PYTHON names '{sys.executable}', which has"
    assert missing(toy(), "toy").message == f"{names} no no-such-toy"
    other = missing(toy(distribution="pytest"), "toy")
    assert other.message == f"{names} pytest {pytest.__version__}, but the adapter is tested with 1.0"
    assert [fix.text for fix in other.fixes] == ["name a Python that has pytest 1.0", "unset TOY_PYTHON"]
    assert missing(toy(distribution="pytest", version=pytest.__version__), "toy") is None
    monkeypatch.setenv("TOY_PYTHON", str(tmp_path / "nothing"))
    assert "which is not an executable program" in missing(toy(), "toy").message


def test_this_interpreter_is_taken_where_it_has_the_simulator_in_the_proven_version():
    """pytest stands for the simulator."""
    environment = toy(distribution="pytest", version=pytest.__version__)
    assert interpreter_of(environment) == (Path(sys.executable), "here")
    assert interpreter_of(environment.model_copy(update={"version": "0.1"})) is None
    assert interpreter_of(environment.model_copy(update={"python": "2.7"})) is None


def test_a_shim_that_fails_is_skipped(tmp_path, monkeypatch):
    """pyenv puts a python3.x on PATH for every version it knows, and it fails where none is chosen."""
    executable(tmp_path / "shims" / f"python{HERE}", "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    there = executable(tmp_path / f"pyenv/versions/{HERE}.9/bin/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    assert list(pythons(HERE)) == [sys.executable, str(there)]
    assert list(pythons("3.1")) == []


def uv_that(tmp_path, monkeypatch, body):
    """A uv that does `body`; it answers --version, and makes environments of this interpreter."""
    made = f'printf \'#!/bin/sh\\nexec {sys.executable} "$@"\\n\' > "$last/bin/python"; chmod +x "$last/bin/python"'
    script = f"""#!/bin/sh
for last; do :; done
case "$1" in
--version) echo uv 1.0;;
venv) mkdir -p "$last/bin"; {made};;
pip) {body};;
esac
"""
    path = executable(tmp_path / "bin" / "uv", script)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")


def goes_on(tmp_path, monkeypatch):
    """A second try, with an index that can be reached."""
    uv_that(tmp_path, monkeypatch, "exit 0")
    said = []
    install(toy(), said.append)
    assert interpreter_of(toy()).origin == "installed"
    assert not any("from" in line for line in said), "the environment itself was there and is not made again"


def test_what_fails_is_told_and_a_second_try_goes_on(tmp_path, monkeypatch):
    uv_that(tmp_path, monkeypatch, "echo 'error: no index can be reached' >&2; exit 2")
    with pytest.raises(DiagnosticError) as caught:
        install(toy(), lambda _: None)
    (found,) = caught.value.diagnostics
    assert found.code == "ND544"
    assert "no index can be reached" in found.message
    assert [fix.text.split(" (")[0] for fix in found.fixes] == [
        "allow access to the package index",
        "then continue: neurodeploy backends install toy",
    ]
    assert interpreter_of(toy()) is None
    goes_on(tmp_path, monkeypatch)


def test_two_who_install_at_once_make_it_once(tmp_path, monkeypatch):
    uv_that(tmp_path, monkeypatch, f"echo run >> {tmp_path}/runs; sleep 0.5; exit 0")
    said = []
    threads = [threading.Thread(target=install, args=(toy(), said.append)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "runs").read_text() == "run\n"
    assert "another process is installing it: waiting" in said


def test_the_folder_is_the_users_data_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("NEURODEPLOY_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert data_folder() == tmp_path / "neurodeploy"


def test_progress_is_told_as_it_comes_and_noise_is_not(tmp_path, monkeypatch):
    lines = "Using Python 3.10\nResolved 7 packages in 5ms\nDownloading numpy (17.4MiB)\n + numpy==1.26.4\nInstalled 7 packages in 9ms"
    uv_that(tmp_path, monkeypatch, f"printf '{lines}\\n' >&2; exit 0")
    said = []
    install(toy(), said.append)
    told = [line for line in said if line.startswith("  ")]
    assert told == ["  Resolved 7 packages in 5ms", "  Downloading numpy (17.4MiB)", "  Installed 7 packages in 9ms"]


@pytest.mark.slow
def test_no_uv_and_no_index_is_a_finding(tmp_path, monkeypatch):
    """No uv on PATH, none beside this interpreter, and an index at a port where nobody listens."""
    alone = tmp_path / "alone"
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr("sys.executable", str(python_with_pip(alone)))
    for name, value in {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DiagnosticError) as caught:
        install(toy(), lambda _: None)
    (found,) = caught.value.diagnostics
    assert found.code == "ND544"
    assert found.message.startswith("uv is not installed and could not be downloaded from the package index: ")
    assert found.fixes[0].text.startswith("install uv so that it is on PATH")


def python_with_pip(folder):
    """This interpreter under another name, so that no uv stands beside it."""
    return executable(folder / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')


def test_no_python_and_no_network_is_a_finding(tmp_path, monkeypatch):
    """uv as it answers when it may fetch nothing."""
    uv_that(tmp_path, monkeypatch, "exit 0")
    uv = tmp_path / "bin" / "uv"
    uv.write_text(
        uv.read_text().replace("venv) ", "venv) echo 'error: No interpreter found for Python 3.99' >&2; exit 2; ")
    )
    with pytest.raises(DiagnosticError) as caught:
        install(toy(python="3.99"), lambda _: None)
    (found,) = caught.value.diagnostics
    assert found.message == (
        "Python 3.99 is not installed and could not be downloaded: error: No interpreter found for Python 3.99"
    )
    assert [fix.text for fix in found.fixes][:1] == ["put python3.99 on PATH"]


def test_an_installation_that_is_killed_goes_on(tmp_path, monkeypatch):
    """Killed while it fetches: nothing counts as installed; the next call takes up the environment that is there."""
    uv_that(tmp_path, monkeypatch, f"echo begun > {tmp_path}/begun; exec sleep 60")
    code = f"""
from neurodeploy.worker import Environment, install
install(Environment(name="toy", python={HERE!r}, distribution="no-such-toy", version="1.0", requirements=(), variable="TOY_PYTHON"), print)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    assert interpreter_of(toy()) is None
    goes_on(tmp_path, monkeypatch)


def lives(pid):
    """Whether a process runs; one that nobody has waited for is dead all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_ctrl_c_ends_what_is_fetching(tmp_path, monkeypatch):
    uv_that(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid; echo Resolved 1 package; exec sleep 60")

    def press(line):
        if "Resolved" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(toy(), press)
    pid = int((tmp_path / "pid").read_text())
    until = time.monotonic() + 20
    while lives(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not lives(pid)
