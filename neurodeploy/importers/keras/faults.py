"""Faults of one layer, raised while it is read and collected as findings, one for all layers with the same fault."""

from __future__ import annotations

from collections.abc import Iterable

from neurodeploy.diagnostics import Diagnostic, about, finding

__all__ = ["Faults", "LayerError", "damaged", "unsupported"]


class LayerError(Exception):
    """Why a layer cannot be read."""

    def __init__(self, code: str, message: str, *fixes: str) -> None:
        super().__init__(message)
        self.code, self.message, self.fixes = code, message, fixes


def damaged(message: str) -> LayerError:
    """Return the fault of a layer whose settings, weights and shapes contradict each other."""
    return LayerError("ND803", message)


def unsupported(message: str, *fixes: str) -> LayerError:
    """Return the fault of a layer, or of a setting of a layer, that cannot be converted."""
    return LayerError("ND800", message, *fixes)


class Faults:
    """Faults of a model so far."""

    def __init__(self) -> None:
        self._layers: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._layers)

    def add(self, layer: str, fault: LayerError) -> None:
        """Add the fault of a layer."""
        names = self._layers.setdefault((fault.code, fault.message, fault.fixes), [])
        if layer not in names:
            names.append(layer)

    def findings(self) -> Iterable[Diagnostic]:
        """Return one finding for each fault, with the names of all its layers."""
        for (code, message, fixes), names in self._layers.items():
            yield finding(code, about("layer", *names), message, fixes=fixes)
