"""Checks of a quantized network or a program: what cannot fit under any mapping, overflow, dialects, backend support."""

from neurodeploy.check.dialects import DomainVerdict, dialect_verdict, domain_findings
from neurodeploy.check.fit import check
from neurodeploy.check.state_bounds import StateBounds, state_bounds

__all__ = ["DomainVerdict", "StateBounds", "check", "dialect_verdict", "domain_findings", "state_bounds"]
