"""Nouns: what the user may choose of a compilation, and what came of it.

A field of CompileOptions changes what the compiler does; a field of Target changes the chip.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import FloatArray, Noun
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, errors_in
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.mapping.options import Level, MappingOptions, Start
from neurodeploy.program.program import Program

__all__ = ["Compilation", "CompileOptions", "Verdict"]

Verdict = Literal["fits", "proven not to fit", "not placed by this mapper", "refused"]


Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class CompileOptions(Noun):
    """Choices of one compilation."""

    weight_bits: dict[str, int] = Field(default_factory=dict)
    """Projection -> stored bits; "*" -> all others."""
    prune: dict[str, Fraction] = Field(default_factory=dict)
    """Projection -> fraction of each neuron's weakest synapses left out; "*" -> all others."""
    prune_sources: dict[str, Fraction] = Field(default_factory=dict)
    """Projection -> fraction of its weakest sources left out whole; "*" -> all others."""
    max_delay: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Projection -> the longest delay in steps; longer ones are shortened to it; "*" -> all others."""
    share_parameters: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Population -> the most distinct decays, and the most distinct thresholds, that it keeps; "*" -> all others."""
    placement_seed: int = Field(default=0, ge=0, le=2**63 - 1)
    """Of the mapping's random choices; equal seeds give equal programs."""
    level: Level = 1
    """Of the mapping: 0 first fit, row by row; 1 placed by traffic too; 2 and 3 move neurons for fewer cores."""
    time_limit_s: float | None = Field(default=None, gt=0)
    """For the search of levels 2 and 3 and the placement."""
    avoid_cores: tuple[int, ...] = ()
    """Physical cores that hold nothing."""
    pins: dict[str, tuple[int, ...]] = Field(default_factory=dict[str, tuple[int, ...]])
    """Population -> physical cores it may lie on."""
    rates: dict[str, FloatArray] = Field(default_factory=dict[str, FloatArray])
    """Population -> (size,) spikes of each neuron in any unit: what traffic is weighed by."""
    positions: dict[str, FloatArray] = Field(default_factory=dict[str, FloatArray])
    """Population -> (size, coordinates) of each neuron: those that lie together fill cores together, from level 1 on."""
    starts: tuple[Start, ...] = ()
    """Partitioners that the search of levels 2 and 3 begins with too."""
    strict: bool = False
    """Warnings refuse too."""
    fixes: bool = True
    """Compute fixes for what does not fit."""
    fix_time_s: float | None = Field(default=None, ge=0)
    """Seconds for all fixes together; None: three times what the compilation took, and 10 s at least."""

    @property
    def mapping(self) -> MappingOptions:
        """What of this the mapper reads."""
        return MappingOptions(
            level=self.level,
            seed=self.placement_seed,
            time_limit_s=self.time_limit_s,
            avoid_cores=self.avoid_cores,
            pins=self.pins,
            rates=self.rates,
            positions=self.positions,
            starts=self.starts,
        )


class Compilation(Noun):
    """A program, or why there is none; with every finding of every stage that could run."""

    program: Program | None
    """None: there is none, and the findings say why."""
    verdict: Verdict
    """fits; proven not to fit; not placed by this mapper, which may not be the last word; refused before it was
    tried."""
    findings: tuple[Diagnostic, ...]
    """Of every stage that could run; the fixes in them were tried."""
    ledger: tuple[LedgerLine, ...]
    """What was not converted exactly as asked, line by line."""
    lower_bounds: dict[str, int] = Field(default_factory=dict)
    """Least cores by resource."""
    n_cores: int | None = None
    """Cores that it takes; None where it was not cut."""
    stage_seconds: dict[str, float] = Field(default_factory=dict)
    """Stage -> seconds that it took."""

    def require(self, *, strict: bool = False) -> Program:
        """Return the program. Raises DiagnosticError with all findings if there is none, or if a warning counts."""
        if self.program is None or errors_in(self.findings, strict=strict):
            raise DiagnosticError("compile", self.findings)
        return self.program
