"""Options of a compilation, and its result.

A field of CompileOptions changes what the compiler does; a field of Target changes the chip.
"""

from __future__ import annotations

from collections import abc
from typing import Annotated, Literal, TypedDict

from numpy.typing import ArrayLike
from pydantic import Field

from neurodeploy.base.noun import Noun, WholeNumber
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, errors_in
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import Goal, MappingOptions
from neurodeploy.mapping.spend.trade import Trade
from neurodeploy.program.program import Program
from neurodeploy.quantize import Quantized, SoftReset

__all__ = ["Compilation", "CompileChoices", "CompileOptions", "Verdict"]

Verdict = Literal["fits", "proven not to fit", "not placed by this mapper", "refused", "stopped"]


Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Steps = Annotated[WholeNumber, Field(ge=0, le=2**31 - 1)]
Count = Annotated[WholeNumber, Field(ge=1, le=2**31 - 1)]


class CompileOptions(MappingOptions):
    """Options of a compilation, with those of the mapping. Options that edit the network are recorded in the ledger."""

    weight_bits: dict[str, Count] = Field(default_factory=dict[str, Count])
    """Projection -> stored bits of its weights; "*" -> all others. Default: the largest width of the target."""
    prune: dict[str, Fraction] = Field(default_factory=dict[str, Fraction])
    """Projection -> fraction of each neuron's weakest synapses to remove; "*" -> all others."""
    prune_sources: dict[str, Fraction] = Field(default_factory=dict[str, Fraction])
    """Projection -> fraction of its weakest sources to remove with all their synapses; "*" -> all others."""
    max_delay: dict[str, Steps] = Field(default_factory=dict[str, Steps])
    """Projection -> maximum delay in steps; longer delays are clipped; "*" -> all others."""
    share_parameters: dict[str, Count] = Field(default_factory=dict[str, Count])
    """Population -> maximum number of distinct decays, and of distinct thresholds; "*" -> all others."""
    clip_weights: dict[str, Fraction] = Field(default_factory=dict[str, Fraction])
    """Projection -> fraction of its largest weights to clip, so that the others are stored in finer steps; "*" -> all
    others."""
    channel_scales: dict[str, Count] = Field(default_factory=dict[str, Count])
    """Population -> largest power of two by which a channel with small weights is multiplied, threshold included; "*" -> all
    others that can be."""
    doublings: dict[str, Steps] = Field(default_factory=dict[str, Steps])
    """Population -> doublings of its scale, into headroom that sums do not need on real input; "*" -> all others."""
    soft_reset: SoftReset = "autapse"
    """How a spike subtracts the threshold where compartments reset to 0: autapse, a synapse from each neuron to
    itself; or two_compartments, an extension of loihi1 whose arithmetic is not public."""
    strict: bool = False
    """Treat warnings as errors."""
    fixes: bool = True
    """Compute fixes if the network does not fit."""
    fix_time_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Time limit for all fixes together, in seconds; 0: no fixes. Default: three times the compilation time, at least
    10.
    """


class CompileChoices(TypedDict, total=False):
    """Fields of CompileOptions as keyword arguments."""

    level: int
    optimize: Goal
    max_cores: int | None
    placement_seed: int
    time_limit_s: float | None
    avoid_cores: abc.Sequence[int]
    pins: abc.Mapping[str, abc.Sequence[int]]
    rates: abc.Mapping[str, ArrayLike]
    positions: abc.Mapping[str, ArrayLike]
    partitioners: abc.Sequence[str]
    weight_bits: abc.Mapping[str, int]
    prune: abc.Mapping[str, float]
    prune_sources: abc.Mapping[str, float]
    max_delay: abc.Mapping[str, int]
    share_parameters: abc.Mapping[str, int]
    clip_weights: abc.Mapping[str, float]
    channel_scales: abc.Mapping[str, int]
    doublings: abc.Mapping[str, int]
    soft_reset: SoftReset
    strict: bool
    fixes: bool
    fix_time_s: float | None


class Compilation(Noun):
    """The result of a compilation: a program, or the reasons why there is none, with the findings of every stage that
    ran.
    """

    program: Program | None
    """The program; None if the compilation failed for the reasons in `findings`."""
    quantized: Quantized | None = Field(default=None, exclude=True, repr=False)
    """The network in the integers of the target; None if it was not converted."""
    mapping: Mapping | None = Field(default=None, exclude=True, repr=False)
    """The core of each neuron; None if no mapping was found or requested."""
    verdict: Verdict
    """fits; proven not to fit; not placed by this mapper (another mapper may succeed); refused before mapping; stopped
    before mapping.
    """
    findings: tuple[Diagnostic, ...]
    """Findings of every stage that ran, with verified fixes."""
    ledger: tuple[LedgerLine, ...]
    """Every value that was not converted exactly."""
    lower_bounds: dict[str, int] = Field(default_factory=dict)
    """Resource -> minimum number of cores of any mapping."""
    n_cores: int | None = None
    """Cores of the mapping; None if the network was not mapped."""
    trade: Trade | None = Field(default=None, exclude=True, repr=False)
    """Cores against the modelled time and energy of a step; None unless `optimize` is latency or energy."""
    stage_seconds: dict[str, float] = Field(default_factory=dict)
    """Stage -> seconds."""

    def require(self, *, strict: bool = False) -> Program:
        """Return the program. Raises DiagnosticError with all findings if there is none, or for warnings under
        `strict`.
        """
        if self.program is None or errors_in(self.findings, strict=strict):
            raise DiagnosticError("compile", self.findings)
        return self.program
