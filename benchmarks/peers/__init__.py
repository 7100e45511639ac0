"""The peers: requirements, exactness, and the steps of each workload that are enough to time them.

They are installed into separate environments by `race.py install` and are never dependencies of the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PEERS", "Environment", "Peer"]

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its folder, its Python, and the pinned packages."""

    name: str
    python: str
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """One peer, as raced."""

    key: str
    title: str
    script: str
    options: tuple[str, ...]
    environment: Environment
    licence: str
    exact: bool
    """Whether its arithmetic is ours, so that the spikes of every neuron must be equal."""
    note: str
    steps: dict[str, int] = field(default_factory=dict)
    """Steps per timed run, about two seconds; workloads without an entry are skipped, for the reason in `refused`."""
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return HERE / self.script


_BRIAN2 = Environment("brian2", "3.12", ("brian2==2.10.1", "numpy==2.5.5", "cython==3.1.3", "setuptools==84.2.1"))

PEERS = [
    Peer(
        "brian2-cpp",
        "Brian2 C++ standalone",
        "brian2_peer.py",
        ("cpp_standalone",),
        _BRIAN2,
        "CeCILL 2.1",
        True,
        "integer map written in its equations, without wraps and limits; its own timer of the compiled binary",
        {"w1": 100_000, "w2": 20_000, "w3": 4_000, "w4": 200, "w5": 100, "w6": 1_000, "tiny": 100_000},
    ),
    Peer(
        "brian2-cython",
        "Brian2 cython",
        "brian2_peer.py",
        ("cython",),
        _BRIAN2,
        "CeCILL 2.1",
        True,
        "as above, in Brian2's default mode",
        {"w1": 5_000, "w2": 3_000, "w3": 2_000, "w4": 200, "w5": 100, "w6": 1_000, "tiny": 5_000},
    ),
    Peer(
        "lava",
        "lava-nc fixed_pt",
        "lava_peer.py",
        (),
        Environment("lava", "3.10", ("lava-nc==0.10.0",)),
        "BSD-3-Clause and LGPL-2.1-or-later",
        True,
        "Dense and Sparse processes; spikes go through shared memory, lava's own buffers take ten times the run",
        {"w1": 2_000, "w2": 600, "w3": 400, "w4": 60, "w5": 40, "w6": 200, "tiny": 2_000},
    ),
    Peer(
        "nengo-loihi",
        "nengo-loihi emulator",
        "nengo_peer.py",
        (),
        Environment("nengo-loihi", "3.10", ("nengo-loihi==1.1.0", "nengo==4.1.0", "numpy<2")),
        "Apache-2.0; nengo itself GPL-2.0",
        True,
        "blocks of integers, one per layer, limits not checked",
        {"w1": 3_000, "w2": 1_000, "w3": 300, "w4": 60, "w5": 30, "w6": 150, "tiny": 3_000},
    ),
    Peer(
        "brian2-loihi",
        "brian2-loihi (cython)",
        "brian2loihi_peer.py",
        (),
        Environment(
            "brian2-loihi",
            "3.10",
            ("brian2-loihi==0.5.2", "brian2==2.9.0", "numpy<2", "cython==3.3.1", "setuptools==84.2.1"),
        ),
        "MIT",
        True,
        "",
        {"w1": 3_000, "w2": 1_000, "w3": 500, "w5": 40},
        dict.fromkeys(("w4", "w6", "tiny"), "it has no bias"),
    ),
    Peer(
        "sanafe",
        "SANA-FE",
        "sanafe_peer.py",
        (),
        Environment("sanafe", "3.12", ("sanafe==2.2.9", "numpy==2.5.5")),
        "GPL-3.0",
        False,
        "no current filter, float state; models the time of every message as well (simple timing model)",
        {"w1": 3_000, "w2": 500, "w3": 100, "w4": 30, "w6": 100, "tiny": 3_000},
        {"w5": "153,004 neurons and inputs, its Loihi chip has 131,072"},
    ),
    Peer(
        "nest",
        "NEST iaf_psc_exp",
        "nest_peer.py",
        (),
        Environment("nest", "3.11", ("nest-simulator==3.10.0", "numpy==2.4.6")),
        "GPL-2.0-or-later",
        False,
        "floats, exact integration instead of Euler steps",
        {"w1": 20_000, "w2": 3_000, "w3": 400, "w4": 60, "w5": 40, "w6": 200, "tiny": 10_000},
    ),
]
