"""Options of an import, and its result."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Network
from neurodeploy.signals import SampleValues

__all__ = ["FLAGS", "FORMS", "PRODUCERS", "ImportOptions", "Imported", "ProducerName"]

ProducerName = Literal["norse", "rockpool", "sinabs", "snntorch", "spyx", "nir"]
"""Frameworks that write NIR files. "nir": no framework, the file is read as NIR defines it."""
PRODUCERS: tuple[ProducerName, ...] = ("norse", "rockpool", "sinabs", "snntorch", "spyx")


def _slice(text: str) -> str:
    """The text, if it has the form A:B."""
    if not re.fullmatch(r"\d{0,9}:\d{0,9}", text):
        raise ValueError("must be two numbers of layers, A:B, either of which may be left out")
    return text


class ImportOptions(Noun):
    """Semantics that a file does not specify. None: not specified; the import fails if the file needs the option.

    An option that contradicts the file takes precedence, with a ledger line. An option that does not apply to the kind
    of file is rejected (ND054).
    """

    dt_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds per step, if the file does not contain it (NIR, netx)."""
    reset: Literal["zero", "value", "subtract", "none"] | None = None
    """What a spike does to the voltage, if the file does not contain it (NIR): zero, value (the file's v_reset), subtract or
    none."""
    discretization: Literal["euler", "exact"] | None = None
    """How time constants become factors per step (NIR): euler or exact; default euler."""
    time_unit: Literal["s", "ms", "step"] | None = None
    """Unit of time constants and delays (NIR): s, ms or step; default s."""
    producer: ProducerName | None = None
    """Framework that wrote the file, whose semantics NIR cannot express: norse, rockpool, sinabs, snntorch, spyx; or nir for
    the definitions of NIR."""
    layers: Annotated[str, AfterValidator(_slice)] | None = None
    """Layers to import, A:B for A to B - 1 as numbered in the file (netx); the output of layer A - 1 becomes the input."""
    reset_interval_steps: int | None = Field(default=None, gt=0, le=2**31 - 1)
    """Steps between resets of u and v, each layer a step after the one before, as reset_interval of netx; default no
    resets."""
    reset_offset_steps: int | None = Field(default=None, ge=0, le=2**30)
    """Steps by which all resets come later, as reset_offset of netx; default 0."""
    comparison: Literal[">", ">="] | None = None
    """When a neuron spikes (NIR): v > v_threshold or v >= v_threshold; default >, as NIR defines it, or that of --from."""
    if_gain: Literal["step", "second"] | None = None
    """What r of IF and I nodes counts in (NIR): v gains r * current per step or per second; default step."""
    duration_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds for which the host's input is simulated, as one sample (Nengo); default 1."""
    presentation_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds of each sample, into which the simulated input is cut; each starts from the cleared state (Nengo)."""
    memory_limit_bytes: int | None = Field(default=None, gt=0, le=2**62)
    """Most memory for all values of an HDF5 file (.nir, .net), in bytes, counting 8 bytes for each number. None: 4 GiB, or
    NEURODEPLOY_MEMORY_LIMIT."""
    strict: bool = False
    """Whether assumptions are errors (ND050)."""


class Imported(Noun):
    """An imported network with its ledger, its findings and its samples."""

    network: Network
    """The imported network."""
    ledger: tuple[LedgerLine, ...] = ()
    """Every assumption and every changed value."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes. Errors are raised instead."""
    samples: SampleValues | None = None
    """Samples that came with the model; the command line shows them unless a stimulus is given. None: the model has none."""


FLAGS = {
    "dt_s": "--dt",
    "reset": "--reset",
    "discretization": "--discretization",
    "time_unit": "--time-unit",
    "producer": "--from",
    "layers": "--layers",
    "reset_interval_steps": "--reset-interval",
    "reset_offset_steps": "--reset-offset",
    "comparison": "--comparison",
    "if_gain": "--if-gain",
    "duration_s": "--duration",
    "presentation_s": "--presentation",
}
"""Field of ImportOptions -> its command-line option."""
FORMS = {"layers": "A:B"}
"""Field of ImportOptions that is text -> form of its value, as the help shows it."""
