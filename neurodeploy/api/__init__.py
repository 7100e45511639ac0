"""Public functions, exported by the package. Each command of the command line has one, with the same findings."""

from neurodeploy.api.compiling import check, check_shapes, compile, dialects, fit, judge
from neurodeploy.api.files import load, save
from neurodeploy.api.lookups import BackendInfo, backends, explain, rescan, schema, targets
from neurodeploy.api.running import (
    Comparison,
    accuracy,
    answers,
    compare,
    encode,
    over_budget,
    profile,
    run,
    seal,
    verify,
)

__all__ = [
    "BackendInfo",
    "Comparison",
    "accuracy",
    "answers",
    "backends",
    "check",
    "check_shapes",
    "compare",
    "compile",
    "dialects",
    "encode",
    "explain",
    "fit",
    "judge",
    "load",
    "over_budget",
    "profile",
    "rescan",
    "run",
    "save",
    "schema",
    "seal",
    "targets",
    "verify",
]
