"""Nouns: what a judgement of a network against another architecture says. Decides nothing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy._noun import Name, Noun
from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.target.figure import Figure
from neurodeploy.target.files import cite_figure
from neurodeploy.target.other import OtherTarget

__all__ = ["CANNOT", "Judgement", "Use", "over", "use_of"]

CANNOT = ("ND340", "ND341", "ND342")
"""Codes that say: the target cannot express it, whatever its size."""


class Use(Noun):
    """One limited resource of the chip, used by the whole network or by its fullest part."""

    name: str
    found: float
    limit: float
    unit: str
    source: str

    @property
    def share(self) -> float | None:
        """found / limit; None where the limit is 0."""
        return self.found / self.limit if self.limit else None


class Judgement(Noun):
    """A network against one target."""

    network: Name
    target: Name
    verdict: Literal["within limits", "over limits", "not expressible"]
    findings: tuple[Diagnostic, ...]
    uses: tuple[Use, ...]
    cores: dict[Name, int] = Field(default_factory=dict)
    """Population -> core, where the architecture gives each one."""


def use_of(target: OtherTarget, field: str, found: float) -> Use | None:
    """Return the use of `limits.<field>`; None where the target has no such figure."""
    figure = getattr(target.limits, field)
    if not isinstance(figure, Figure):
        return None
    source = cite_figure(target.file, f"limits.{field}", figure)
    return Use(name=field, found=found, limit=figure.value, unit=figure.unit, source=source)


def over(code: str, where: str, message: str, target: OtherTarget, field: str, found: float) -> tuple[Diagnostic, ...]:
    """Return the finding that `limits.<field>` is exceeded, with whose limit it is; nothing if it is not, or unknown."""
    use = use_of(target, field, found)
    if use is None or found <= use.limit:
        return ()
    told = finding(code, where, message, found=found, limit=use.limit, unit=use.unit, limit_source=use.source)
    return (told,)
