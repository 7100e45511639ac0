"""Networks against targets without Loihi-style cores: unsupported features, and exceeded public limits.

Nothing here is compiled, placed or run. "within limits" means that the network exceeds no public limit.
"""

from neurodeploy.feasibility.fixes import judge
from neurodeploy.feasibility.judgement import Judgement, Use

__all__ = ["Judgement", "Use", "judge"]
