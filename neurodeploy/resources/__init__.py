"""Core resources that neurons use: synapse memory, axons, lists, encodings, limits and lower bounds. Places nothing.

The mapper, the checks and the profile all count with these functions, so their figures agree.
"""

from neurodeploy.resources.limits import core_limits
from neurodeploy.resources.lower_bounds import lower_bounds

__all__ = ["core_limits", "lower_bounds"]
