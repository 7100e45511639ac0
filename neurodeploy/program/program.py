"""The compiled program: all that a backend needs to run it, verify it and estimate its cost."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.io.tensors import digest_of
from neurodeploy.network import Network
from neurodeploy.program.golden import Golden
from neurodeploy.program.tables import InputRoutes, SynapseFormat, Tables
from neurodeploy.quantize.quantized import QuantizeOptions
from neurodeploy.signals import Progress, Recording, RunChoices, RunOptions, Samples

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["PlacedPopulation", "Program", "Runner", "register_runner"]


class PlacedPopulation(Noun):
    """What reports and decoders need of a population."""

    name: Name
    """Of the population."""
    size: int
    """Neurons."""
    kind: str
    """Of its neurons."""
    scale: float | None
    """Integer units of v per unit of the network's v; None: the network was integers already."""
    v_frame: FloatArray
    """(size,): the network's v is integer v / scale + v_frame."""
    compartments_per_neuron: int
    """That one neuron takes."""
    parameters: dict[str, FloatArray] = Field(default_factory=dict)
    """(size,) each: what only this kind has (see neurodeploy.network.graded), as the network gives it."""


class Program(Noun):
    """A network quantized, cut and placed for one target. Plain data to save, compare, hash and run."""

    format: Literal["neurodeploy-program"] = "neurodeploy-program"
    schema_version: Literal[3] = 3
    network: Network
    """That it was compiled from."""
    target: Target
    """That it was compiled for, on its board and under its rules."""
    quantize_options: QuantizeOptions
    """What was chosen of the conversion to integers."""
    placement_seed: int
    """Of the mapping."""
    ledger: tuple[LedgerLine, ...]
    """What was not converted exactly as asked, line by line."""
    populations: tuple[PlacedPopulation, ...]
    """What reports and decoders need of each."""
    formats: tuple[SynapseFormat, ...]
    """Of synapses, which segments refer to."""
    inputs: tuple[InputRoutes, ...]
    """Where the lines of each input go."""
    tables: Tables
    """What every core holds."""
    golden: Golden | None = None
    """What it is shown and what it then does, so that any backend can be held against it; no part of the digest."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes of its compilation, which whoever is handed the program may not have seen; no part of the digest."""

    def run(
        self,
        samples: Samples = None,
        *,
        backend: str = "emulator",
        options: RunOptions | None = None,
        progress: Progress | None = None,
        **choices: Unpack[RunChoices],
    ) -> Recording:
        """Run the program on samples: shorthand of nd.run(program, samples, ...), which documents the arguments."""
        return _runner()(self, samples, backend=backend, options=options, progress=progress, **choices)

    @cached_property
    def table_rows(self) -> dict[str, IntArray]:
        """Population -> its rows of the core tables, in the order of its neurons."""
        order = np.lexsort((self.tables.neuron, self.tables.population))
        ends = np.cumsum([item.size for item in self.populations])
        return {item.name: order[end - item.size : end] for item, end in zip(self.populations, ends, strict=True)}

    @cached_property
    def _digest(self) -> str:
        return digest_of(self, without=("golden", "findings"))

    def digest(self) -> str:
        """Return the content hash: equal programs have equal digests on every machine."""
        return self._digest


class Runner(Protocol):
    """Signature of nd.run, which Program.run calls. Simulation is a later stage and registers itself."""

    def __call__(
        self,
        program: Program,
        samples: Samples = None,
        *,
        backend: str = "emulator",
        options: RunOptions | None = None,
        progress: Progress | None = None,
        **choices: Unpack[RunChoices],
    ) -> Recording:
        """Return the recording of the samples."""
        ...


_registered = list[Runner]()


def register_runner(runner: Runner) -> None:
    """Let Program.run call `runner`."""
    _registered[:] = [runner]


def _runner() -> Runner:
    assert _registered, "internal: neurodeploy imports neurodeploy.simulate, which registers its runner"
    return _registered[0]
