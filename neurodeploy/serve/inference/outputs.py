"""Outputs of requests, from the recording of the run that they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import read_only
from neurodeploy.network import SpikeCount
from neurodeploy.profile import Estimate, profile
from neurodeploy.program.program import Program
from neurodeploy.serve.inference.nouns import Tensor
from neurodeploy.serve.inference.prepared import Prepared
from neurodeploy.serve.protocol.metadata import OutputInfo
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.decode import decoded, scores
from neurodeploy.simulate.early import early_stop

__all__ = ["Outputs", "counts_by_sample", "cost_of"]

Array = NDArray[Any]
T = TypeVar("T")


def counts_by_sample(program: Program, recording: Recording) -> dict[str, NDArray[np.int64]]:
    """Return population -> (samples, size) numbers of spikes, read-only, of a sound recording of a program."""
    found, n = dict[str, NDArray[np.int64]](), recording.n_samples
    for item in program.populations:
        rows = recording.spikes[item.name]
        flat = rows[:, 0].astype(np.int64) * item.size + rows[:, 2]
        found[item.name] = read_only(np.bincount(flat, minlength=n * item.size).reshape(n, item.size))
    return found


class Outputs:
    """The outputs of all requests of a run. Each is computed once for all samples, when the first request asks for it."""

    def __init__(self, prepared: Prepared, recording: Recording, counts: dict[str, NDArray[np.int64]]) -> None:
        self._prepared, self._recording, self._counts = prepared, recording, counts
        self._found = dict[Any, Any]()

    def tensor(self, info: OutputInfo, low: int, high: int, margin: float | None) -> Tensor:
        """Return the output of samples [low, high). `margin`: the lead that decides a sample early; None: none does.

        Raises DiagnosticError: ND853 (no such margin).
        """
        kind = info.kind
        if kind in ("spikes", "payloads"):
            return Tensor(info.name, info.datatype, self._rows(info, low, high))
        if kind == "answers" or kind == "steps":
            made = self._answers() if margin is None else self._early(margin, kind)
        elif kind == "scores":
            made = self._scores()
        elif kind == "values":
            made = self._decoded()[info.source]
        else:
            made = self._counts[info.source]
        return Tensor(info.name, info.datatype, made[low:high])

    def early_steps(self, margin: float) -> NDArray[np.int64]:
        """Return the (samples,) steps after which answers are decided. Raises DiagnosticError: ND853."""
        return self._early(margin, "steps")

    def _once(self, key: Any, compute: Callable[[], T]) -> T:
        if key not in self._found:
            self._found[key] = compute()
        return self._found[key]

    def _early(self, margin: float, kind: str) -> Array:
        network, units = self._prepared.network, self._prepared.units
        found = self._once(("early", margin), lambda: early_stop(network, self._recording, margin, units))
        return np.asarray(found.answers if kind == "answers" else found.steps, dtype=np.int64)

    def _answers(self) -> Array:
        return self._once("answers", lambda: self._scores().argmax(axis=1))

    def _scores(self) -> Array:
        return self._once("scores", self._made_scores)

    def _made_scores(self) -> Array:
        network, counts = self._prepared.network, self._counts
        output = network.outputs[0]
        if isinstance(output.decoder, SpikeCount):
            own = counts[output.source]
            return own.reshape(len(own), output.decoder.groups or own.shape[1], -1).sum(axis=2).astype(np.float64)
        given = scores(network, self._recording, self._prepared.units)
        assert given is not None, "internal: the network has an output"
        return given

    def _decoded(self) -> dict[str, NDArray[np.float64]]:
        network, units = self._prepared.network, self._prepared.units
        return self._once("decoded", lambda: decoded(network, self._recording, units))

    def _rows(self, info: OutputInfo, low: int, high: int) -> Array:
        """Rows of spikes with samples counted from that of the request, or their values."""
        rows = self._recording.spikes[info.source]
        start, stop = np.searchsorted(rows[:, 0], (low, high)).tolist()
        if info.kind == "payloads":
            return self._recording.payloads[info.source][start:stop].astype(np.int32)
        return rows[start:stop] - np.array([low, 0, 0], dtype=np.int32)


def cost_of(program: Program, recording: Recording) -> dict[str, Any]:
    """Return what an inference costs on the chip, as a reply says it: figures with their intervals, and what is not known.

    `recording`: a run of `program` that counted activity. A figure that is not known is None, and `no_figure` says why.
    Raises DiagnosticError: ND513.
    """
    found = profile(program, recording)
    return {
        "energy_per_inference": _plain(found.energy_per_inference),
        "time_per_inference": _plain(found.time_per_inference),
        "boundary": found.boundary,
        "no_figure": list(found.no_figure),
        "excludes": list(found.excludes),
        "steps_per_inference": found.steps_per_inference,
        "spikes_per_inference": {item.name: item.spikes_per_inference for item in found.populations},
        "synops_per_inference": found.synops_per_inference,
        "messages_per_inference": found.messages_per_inference,
    }


def _plain(estimate: Estimate | None) -> dict[str, Any] | None:
    """A figure with its interval, unit, kind and source."""
    return None if estimate is None else estimate.model_dump()
