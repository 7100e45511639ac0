"""A program under hardware faults."""

from __future__ import annotations

from collections.abc import Sequence

from neurodeploy.diagnostics.choices import needs
from neurodeploy.faults.check import require_faults
from neurodeploy.program.fault import Fault
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound

__all__ = ["inject"]


def inject(program: Program, faults: Fault | Sequence[Fault]) -> Program:
    """Return a program that runs under hardware faults. `program` may have some already: `faults` come after them.

    The tables stay what was meant to be stored: both engines of the emulator read them through the faults, in every step in
    which a fault is there. The digest differs from that of the program without faults, and what was sealed is dropped. Several
    faults act in their order: a bit that is flipped twice is as before. docs/reference/faults.md defines each fault.

    Raises DiagnosticError: ND002 (arguments), ND011 (inconsistent program), ND970 (a contradictory fault), ND971 (no such
    place), ND972 (no such bit), ND973 (a fault that is not defined for the program).

    Example: nd.inject(program, nd.Fault(where="neuron", what="dead", population="hidden", neuron=3))
    """
    needs("inject", program=(program, Program), faults=(faults, (Fault, Sequence)))
    added = (faults,) if isinstance(faults, Fault) else tuple(faults)
    needs("inject", **{f"faults[{number}]": (fault, Fault) for number, fault in enumerate(added)})
    require_sound(program)
    require_faults(program, added)
    return program.model_copy(update={"faults": (*program.faults, *added), "golden": None})
