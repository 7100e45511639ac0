"""Networks against targets that are no Loihi-style cores: what a chip cannot express, and which public limits are exceeded.

Judged only: nothing here is compiled, placed or run. "within limits" says that no public limit speaks against the network.
"""

from neurodeploy.feasibility.fixes import judge
from neurodeploy.feasibility.judgement import Judgement, Use

__all__ = ["Judgement", "Use", "judge"]
