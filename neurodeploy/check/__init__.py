"""Check: what does not fit, whatever the mapping, and the counting that mapper, checker and profile share."""

from neurodeploy.check.check import check
from neurodeploy.check.limits import core_limits
from neurodeploy.check.recount import use_of_program

__all__ = ["check", "core_limits", "use_of_program"]
