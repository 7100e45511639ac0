"""Compilation: named stages from a network to a program, and fixes for networks that do not fit."""

from typing import get_args

from neurodeploy.compiler.compile import compile_network
from neurodeploy.compiler.fit import FitRow, fit_network
from neurodeploy.compiler.options import Compilation, CompileOptions
from neurodeploy.compiler.stages import StageName

STAGES: tuple[StageName, ...] = get_args(StageName)
"""Stages of a compilation, in order."""

__all__ = ["STAGES", "Compilation", "CompileOptions", "FitRow", "StageName", "compile_network", "fit_network"]
