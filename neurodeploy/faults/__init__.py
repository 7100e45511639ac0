"""Hardware faults: what each means for a program's tables, registers, messages and inputs, and which are possible."""

from neurodeploy.faults.check import fault_findings, require_faults
from neurodeploy.faults.inject import inject
from neurodeploy.faults.schedule import Segment, active_steps, is_active, segments_of
from neurodeploy.faults.space import FaultSpace, FaultStratum, faults_in
from neurodeploy.program.fault import Fault

__all__ = [
    "Fault",
    "FaultSpace",
    "FaultStratum",
    "Segment",
    "active_steps",
    "fault_findings",
    "faults_in",
    "inject",
    "is_active",
    "require_faults",
    "segments_of",
]
