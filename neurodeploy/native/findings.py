"""The finding that kernels are missing, so that their definitions run instead."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.native.library import Missing, missing, switched_off
from neurodeploy.native.sources import installed_folders

__all__ = ["all_kernel_findings", "kernel_findings", "missing_finding"]


def missing_finding(found: Missing) -> Diagnostic:
    """ND902 for a reason."""
    message = f"runs without its compiled kernels, which is much slower: {found.reason}"
    return finding("ND902", about("neurodeploy"), message, fixes=found.fixes)


def kernel_findings(*folders: Path) -> tuple[Diagnostic, ...]:
    """ND902 for each reason why folders have no kernels here. None where a folder needs none, or the user wants none."""
    if switched_off():
        return ()
    reasons = dict.fromkeys(missing(folder) for folder in folders if any(folder.glob("*.c")))
    return tuple(missing_finding(item) for item in reasons if item.reason)


def all_kernel_findings() -> tuple[Diagnostic, ...]:
    """ND902 for each reason why installed packages have no kernels here."""
    return kernel_findings(*installed_folders())
