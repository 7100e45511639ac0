"""The compiled program: everything that a backend needs to run it, verify it and estimate its cost."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from neurodeploy.base.noun import FloatArray, Int16Column, IntArray, Name, Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.io.tensors import digest_of
from neurodeploy.network import Network, WeightFormat
from neurodeploy.program.activity import Activity
from neurodeploy.program.fault import Fault
from neurodeploy.program.golden import Golden
from neurodeploy.program.tables import InputRoutes, SynapseFormat, Tables
from neurodeploy.quantize.quantized import QuantizeOptions
from neurodeploy.signals import Progress, Recording, RunChoices, RunOptions, Samples

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Generated", "PlacedPopulation", "Program", "Runner", "register_runner"]


class Generated(Noun):
    """How the synapses of a program come from its network, so that a file need not hold them."""

    mantissas: dict[str, Int16Column]
    """Projection -> mantissas in the order of the weights of its connectivity."""
    weight_formats: dict[str, WeightFormat]
    """Projection -> format of its weights."""
    listed: tuple[Name, ...]
    """Projections whose windows are stored as lists."""
    shared_axons: bool
    """Whether sources may share input axons."""
    tables_digest: str
    """Digest of the formats, routes and tables that the rule gives."""


class PlacedPopulation(Noun):
    """A population of a program, as reports and decoders need it."""

    name: Name
    """Name of the population."""
    size: int
    """Number of neurons."""
    kind: str
    """Kind of its neurons."""
    scale: float | None
    """Integer units of v per unit of the network's v; None if the network was already integer."""
    v_frame: FloatArray
    """(size,) offset: the network's v is the integer v / scale + v_frame."""
    compartments_per_neuron: int
    """Compartments of one neuron."""
    parameters: dict[str, FloatArray] = Field(default_factory=dict)
    """Name -> (size,) parameters that only this kind has (see neurodeploy.network.graded), as in the network."""


class Program(Noun):
    """A network quantized, partitioned and placed for one target: plain data to save, compare, hash and run."""

    later: ClassVar[tuple[str, ...]] = ("activity", "faults", "generated")
    format: Literal["neurodeploy-program"] = "neurodeploy-program"
    schema_version: Literal[3] = 3
    network: Network
    """Source network."""
    target: Target
    """Target, with its board and rule set."""
    quantize_options: QuantizeOptions
    """Options of the quantization."""
    placement_seed: int
    """Seed of the mapping."""
    ledger: tuple[LedgerLine, ...]
    """Differences between the source network and the converted network, one line each."""
    populations: tuple[PlacedPopulation, ...]
    """Populations, in the order of the network."""
    formats: tuple[SynapseFormat, ...]
    """Synapse formats, indexed by segments."""
    inputs: tuple[InputRoutes, ...]
    """Routes of the lines of each input."""
    tables: Tables
    """Contents of every core."""
    golden: Golden | None = None
    """Sealed input and output for verifying backends. Not part of the digest."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes of the compilation. Not part of the digest."""
    activity: Activity | None = None
    """Spikes per sample over the samples of a calibration, for `monitor`. Not part of the digest."""
    faults: tuple[Fault, ...] = ()
    """Hardware faults under which it runs; the tables hold what was meant (see neurodeploy.faults)."""
    generated: Generated | None = None
    """How synapses come from the network, if some of them are generated. Not part of the digest."""

    def run(
        self,
        samples: Samples = None,
        *,
        backend: str = "emulator",
        options: RunOptions | None = None,
        progress: Progress | None = None,
        **choices: Unpack[RunChoices],
    ) -> Recording:
        """Run the program on samples: shorthand for nd.run(program, samples, ...), which documents the arguments."""
        return _runner()(self, samples, backend=backend, options=options, progress=progress, **choices)

    @cached_property
    def table_rows(self) -> dict[str, IntArray]:
        """Population -> (size,) rows of the core tables, in neuron order."""
        order = np.lexsort((self.tables.neuron, self.tables.population))
        ends = np.cumsum([item.size for item in self.populations])
        return {item.name: order[end - item.size : end] for item, end in zip(self.populations, ends, strict=True)}

    @cached_property
    def _digest(self) -> str:
        return digest_of(self, without=("golden", "findings", "activity", "generated"))

    def digest(self) -> str:
        """Return the content hash, which is the same for equal programs on every machine."""
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
    if not _registered:
        import_module("neurodeploy.simulate")  # registers its runner; a program that was never run has not needed it
    return _registered[0]
