"""Noun: a Program, all that a backend needs to run, to prove itself and to be costed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import Field

from neurodeploy._noun import FloatArray, IntArray, Name, Noun
from neurodeploy._tensors import digest_of
from neurodeploy.ledger import LedgerLine
from neurodeploy.network import Network
from neurodeploy.program.golden import Golden
from neurodeploy.program.tables import InputRoutes, SynapseFormat, Tables
from neurodeploy.quantize.quantized import QuantizeOptions
from neurodeploy.target.target import Target

__all__ = ["PlacedPopulation", "Program"]


class PlacedPopulation(Noun):
    """What reports and decoders need of a population."""

    name: Name
    size: int
    kind: str
    scale: float | None
    v_frame: FloatArray
    compartments_per_neuron: int
    parameters: dict[str, FloatArray] = Field(default_factory=dict)
    """(size,) each: what only this kind has (see neurodeploy.network.graded), as the network gives it."""


class Program(Noun):
    """A network quantized, cut and placed for one target. Plain data to save, compare, hash and run."""

    format: Literal["neurodeploy-program"] = "neurodeploy-program"
    schema_version: Literal[2] = 2
    network: Network
    target: Target
    quantize_options: QuantizeOptions
    placement_seed: int
    ledger: tuple[LedgerLine, ...]
    populations: tuple[PlacedPopulation, ...]
    formats: tuple[SynapseFormat, ...]
    inputs: tuple[InputRoutes, ...]
    tables: Tables
    golden: Golden | None = None
    """What it is shown and what it then does, so that any backend can be held against it; no part of the digest."""

    def run(
        self,
        samples: Any,
        steps: int | None = None,
        probes: Sequence[str | tuple[str, str]] = (),
        batch: int | None = None,
        *,
        backend: str = "emulator",
        seed: int = 0,
        threads: int | None = None,
    ) -> Any:
        """Return the Recording of samples on a backend.

        `samples`: a Stimulus; input -> array (samples, ...) for the network's encoders, or integer rows (sample, step, line);
        or an iterator of one such mapping per sample (rows then are (step, line)), run `batch` at a time. `steps`: for which
        each sample is shown. `probes`: "population.variable" to record besides the network's own, under that name; v of a
        population whose name stands alone. Raises DiagnosticError: ND501-ND510.
        """
        from neurodeploy.runtime.probes import probes_named
        from neurodeploy.runtime.samples import run_samples
        from neurodeploy.runtime.state import RunOptions

        asked = probes_named(self.network, probes)
        options = RunOptions(seed=seed, threads=threads, probes=asked)
        return run_samples(self, samples, steps=steps, batch=batch, backend=backend, options=options)

    @cached_property
    def table_rows(self) -> dict[str, IntArray]:
        """Population -> its rows of the core tables, in the order of its neurons."""
        order = np.lexsort((self.tables.neuron, self.tables.population))
        ends = np.cumsum([item.size for item in self.populations])
        return {item.name: order[end - item.size : end] for item, end in zip(self.populations, ends, strict=True)}

    @cached_property
    def _digest(self) -> str:
        return digest_of(self, without=("golden",))

    def digest(self) -> str:
        """Return the content hash: equal programs have equal digests on every machine."""
        return self._digest
