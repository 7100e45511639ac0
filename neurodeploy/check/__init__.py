"""Check: what does not fit, whatever the mapping, and the counting that mapper, checker and profile share."""

from neurodeploy.check.bounds import StateBounds, state_bounds
from neurodeploy.check.check import check
from neurodeploy.check.domain import DomainVerdict, dialect_verdict, domain_findings
from neurodeploy.check.limits import core_limits
from neurodeploy.check.recount import use_of_program

__all__ = [
    "DomainVerdict",
    "StateBounds",
    "check",
    "core_limits",
    "dialect_verdict",
    "domain_findings",
    "state_bounds",
    "use_of_program",
]
