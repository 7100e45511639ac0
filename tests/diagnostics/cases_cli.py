"""Triggers of findings about the command line itself."""

from __future__ import annotations

import errno
import os

from factories import leave, network_of

import neurodeploy as nd
from neurodeploy.cli.output import memory_finding
from neurodeploy.cli.paths import to_read
from neurodeploy.cli.process import lost_output_finding
from neurodeploy.diagnostics import Diagnostic, about
from neurodeploy.worker import data_folder


def misused(monkeypatch, *words):
    """The findings with which a command leaves that is called so."""
    told = list[Diagnostic]()
    monkeypatch.setattr("neurodeploy.cli.usage_errors.finish", lambda found, **_: told.extend(found))
    leave(words, prog_name="neurodeploy")
    return told


def homeless(monkeypatch):
    """Where environments are kept for a user of whom the system knows nothing."""

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", unknown)
    for name in ("NEURODEPLOY_DATA", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    return data_folder()


def biased_in_brian2loihi():
    network = network_of(
        (nd.Population(name="cells", shape=3, neuron=nd.If(v_threshold=1.0, bias=0.25)),), inputs=(), name="own"
    )
    return nd.compile(network, "loihi1", dialect="brian2loihi")


CASES = {
    "ND547": lambda m: [lost_output_finding(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))],
    "ND548": homeless,
    "ND549": lambda _: biased_in_brian2loihi(),
    "ND708": lambda m: misused(m, "check", "net.nd.json", "--bord", "nahuku8"),
    "ND711": lambda _: [memory_finding(MemoryError("Unable to allocate 16.0 GiB"))],
    "ND709": lambda m: to_read(about("argument", "MODEL"))("/dev/zero"),
}
