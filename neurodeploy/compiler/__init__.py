"""Compiler: the stages in order, and fixes that were recomputed."""

from neurodeploy.compiler.compile import compile_network
from neurodeploy.compiler.fit import FitRow, fit_network
from neurodeploy.compiler.options import Compilation, CompileOptions

__all__ = ["Compilation", "CompileOptions", "FitRow", "compile_network", "fit_network"]
