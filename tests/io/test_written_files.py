"""Files are written whole or not at all: through links, devices and pipes, with their permissions, by concurrent writers."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.io import write
from neurodeploy.io.archive import write_atomically
from neurodeploy.network import files
from neurodeploy.network.files import load_network, save_network

posix = pytest.mark.skipif(
    os.name != "posix", reason="POSIX links, pipes and modes are missing and cannot be had: this is another system"
)


def network(value=1.0, size=2, name="net"):
    return one_layer(nd.If(v_threshold=1), np.full((size, size), value), output="out", name=name)


def names(folder: Path):
    return sorted(item.name for item in folder.iterdir())


@posix
def test_modes_stay_and_new_files_have_that_of_the_process(tmp_path):
    path = tmp_path / "a.bin"
    write_atomically(path, b"1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~write.UMASK
    for mode in (0o600, 0o640):
        path.chmod(mode)
        write_atomically(path, b"2")
        assert stat.S_IMODE(path.stat().st_mode) == mode
    save_network(network(), tmp_path / "net.nd.json")
    (tmp_path / "net.nd.npz").chmod(0o600)
    save_network(network(2.0), tmp_path / "net.nd.json")
    assert stat.S_IMODE((tmp_path / "net.nd.npz").stat().st_mode) == 0o600


@posix
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.nd.json"
    link.symlink_to(tmp_path / "real" / "net.nd.json")
    for value in (1.0, 2.0):
        save_network(network(value), link)
        assert link.is_symlink()
        assert load_network(link) == load_network(tmp_path / "real" / "net.nd.json") == network(value)
    assert names(tmp_path / "real") == ["net.nd.json", "net.nd.npz"]


@posix
def test_devices_and_pipes_take_the_bytes(tmp_path):
    write_atomically(Path("/dev/null"), b"1")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DiagnosticError) as error:
        write_atomically(pipe, b"1")  # nobody reads
    assert error.value.diagnostics[0].code == "ND007"
    read = list[bytes]()
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    content = bytes(1 << 20)
    while True:
        try:
            write_atomically(pipe, content)
            break
        except DiagnosticError:
            continue
    reader.join()
    assert read == [content]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(
    not os.path.exists("/dev/full"),
    reason="/dev/full is missing and cannot be had: this system has no device that is always full",
)
def test_a_full_device_a_folder_and_names_that_no_file_has(tmp_path):
    for path in (Path("/dev/full"), tmp_path, tmp_path / "none" / "a", tmp_path / "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(DiagnosticError) as error:
            write_atomically(path, b"1")
        assert [item.code for item in error.value.diagnostics] == ["ND007"]
        with pytest.raises(DiagnosticError) as error:
            save_network(network(), path)
        assert [item.code for item in error.value.diagnostics] == ["ND007"]
    assert names(tmp_path) == []


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "net.nd.json"
    save_network(network(1.0), path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(write.os, "replace", full)
    with pytest.raises(DiagnosticError, match="No space left"):
        save_network(network(2.0), path)
    monkeypatch.undo()
    assert names(tmp_path) == ["net.nd.json", "net.nd.npz"]
    assert load_network(path) == network(1.0)


@pytest.mark.parametrize("last", range(4))
def test_wherever_a_writer_is_stopped_a_network_is_left(tmp_path, monkeypatch, last):
    """0: before the tensors wait; 1: before the document; 2: before the tensors take their place; 3: at the end."""
    path, made = tmp_path / "net.nd.json", []
    save_network(network(1.0), path)

    class Stopped(BaseException):
        pass

    def replace(source, target):
        if len(made) == last:
            raise Stopped
        made.append(target)
        os.rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", replace)
        if last < 3:
            with pytest.raises(Stopped):
                save_network(network(2.0), path)
        else:
            save_network(network(2.0), path)
    assert load_network(path) == network(2.0 if last > 1 else 1.0)
    save_network(network(3.0), path)
    assert load_network(path) == network(3.0)
    assert names(tmp_path) == ["net.nd.json", "net.nd.npz"]


WRITER = """
import sys, numpy as np
sys.path[:0] = sys.argv[3:5]
from test_written_files import network
from neurodeploy.network.files import save_network
for k in range(int(sys.argv[2])):
    save_network(network(float(k), 40, sys.argv[5]), sys.argv[1])
"""


def writer(path, times, name):
    words = [sys.executable, "-c", WRITER, str(path), str(times), *map(str, Path(__file__).parents[:2]), name]
    return subprocess.Popen(words)


@pytest.mark.slow
@posix
def test_two_writers_and_a_reader(tmp_path):
    path = tmp_path / "net.nd.json"
    save_network(network(0.0, 40, "one"), path)
    seen = set()
    for _ in range(20):  # a busy machine may show the reader networks of one writer only
        with writer(path, 20, "one") as one, writer(path, 20, "two") as two:
            writers = (one, two)
            while any(process.poll() is None for process in writers):
                seen.add(load_network(path).name)
        assert [process.returncode for process in writers] == [0, 0]
        assert load_network(path).projections[0].operation.weights[0, 0] == 19
        if len(seen) > 1:
            break
    assert seen == {"one", "two"}
    assert names(tmp_path) == ["net.nd.json", "net.nd.npz"]


@pytest.mark.slow
@posix
def test_killed_writers_leave_a_network_and_the_next_one_sweeps(tmp_path):
    path = tmp_path / "net.nd.json"
    save_network(network(0.0, 40), path)
    for wait in (0.0, 0.05, 0.1):
        process = writer(path, 1000, "net")
        while load_network(path).projections[0].operation.weights[0, 0] < 3 and process.poll() is None:
            pass
        threading.Event().wait(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert load_network(path).name == "net"
        save_network(network(0.0, 40), path)
    left = tmp_path / f".nd-{write.HOST}-{process.pid}-00ff.tmp"
    left.write_bytes(b"half")
    mine = tmp_path / f".nd-{write.HOST}-{os.getpid()}-00ff.tmp"
    mine.write_bytes(b"half")
    write._swept.clear()
    save_network(network(), path)
    assert names(tmp_path) == [mine.name, "net.nd.json", "net.nd.npz"]
