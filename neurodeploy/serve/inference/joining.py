"""Samples of several requests, encoded as they would be alone and joined to one stimulus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError
from neurodeploy.network import Network
from neurodeploy.serve.inference.nouns import InferRequest
from neurodeploy.serve.inference.prepared import Prepared
from neurodeploy.signals.stimulus import SampleValues, Stimulus
from neurodeploy.simulate.encode import encode, encode_values
from neurodeploy.simulate.events import is_events

__all__ = ["Joined", "encoded_alone", "joined", "key_of"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Joined:
    """Requests whose samples run together."""

    places: tuple[int, ...]
    """Their numbers."""
    ends: tuple[int, ...]
    """One after the last sample of each."""
    stimulus: Stimulus
    """All samples, one request after the other."""
    findings: tuple[tuple[Diagnostic, ...], ...]
    """What the encoding changed of each."""

    def ranges(self) -> Iterator[tuple[int, int, int]]:
        """Yield (number, first sample, one after the last sample) of each request."""
        return zip(self.places, (0, *self.ends), self.ends, strict=False)


def key_of(prepared: Prepared, request: InferRequest) -> tuple[object, ...] | None:
    """Return what requests whose values can be stacked have in common; None where that is not so."""
    network, chosen = prepared.network, request.parameters
    if not prepared.stackable or len(request.inputs) != len(network.inputs):
        return None
    count, parts = chosen.samples, list[Any]()
    for tensor in request.inputs:
        item, array = network.input_by_name.get(tensor.name), tensor.array
        if item is None or array.ndim < 1 or array.dtype.kind not in "iuf" or is_events(item, array):
            return None
        count = len(array) if count is None else count
        if not count or len(array) != count:
            return None
        parts.append((tensor.name, array.shape[1:], array.dtype.char))
    return (chosen.steps, *parts)


def joined(
    prepared: Prepared, requests: Sequence[InferRequest], places: list[int], *, stack: bool
) -> tuple[list[Joined], dict[int, DiagnosticError]]:
    """Return requests in the sets that can run together, and what is wrong with the others.

    `places`: numbers of those among `requests` that are meant. `stack`: whether they have a key in common, so that their values
    can be encoded as those of one request. Only requests that cannot be told apart from it are then encoded so: where
    anything is wrong or noteworthy, each is encoded alone.
    """
    if stack:
        found = _stacked(prepared.network, requests, places)
        if found is not None:
            return [found], {}
    made, faults = list[tuple[int, Stimulus]](), dict[int, DiagnosticError]()
    for place in places:
        try:
            made.append((place, encoded_alone(prepared.network, requests[place])))
        except DiagnosticError as error:
            faults[place] = error
    return list(_sets(made)), faults


def encoded_alone(network: Network, request: InferRequest) -> Stimulus:
    """Return the stimulus of one request, as nd.run encodes it. Raises DiagnosticError: the codes of nd.encode."""
    chosen = request.parameters
    values = SampleValues(values={item.name: item.array for item in request.inputs}, n_samples=chosen.samples)
    return encode(network, values, steps=chosen.steps, seed=chosen.seed)


def _stacked(network: Network, requests: Sequence[InferRequest], places: list[int]) -> Joined | None:
    """Requests encoded as one. None if that has a finding, which must be told to those whom it concerns."""
    first = requests[places[0]]
    names = [item.name for item in first.inputs]
    arrays = zip(*([item.array for item in requests[place].inputs] for place in places), strict=True)
    values = {name: np.concatenate(own) for name, own in zip(names, arrays, strict=True)}
    try:
        stimulus = encode_values(
            network, SampleValues(values=values), steps=first.parameters.steps, seed=first.parameters.seed
        )
    except DiagnosticError:
        return None
    if stimulus.findings and len(places) > 1:
        return None
    ends = np.cumsum([len(requests[place].inputs[0].array) for place in places]).tolist()
    return Joined(tuple(places), tuple(ends), stimulus, (stimulus.findings,) * len(places))


def _sets(made: list[tuple[int, Stimulus]]) -> Iterator[Joined]:
    """Stimuli of equal length and form, joined."""
    alike = dict[Any, list[tuple[int, Stimulus]]]()
    for place, stimulus in made:
        form = (stimulus.n_steps, frozenset(stimulus.spikes), frozenset(stimulus.rasters))
        alike.setdefault(form, []).append((place, stimulus))
    for group in alike.values():
        stimuli = [stimulus for _, stimulus in group]
        ends = np.cumsum([item.n_samples for item in stimuli]).tolist()
        findings = tuple(item.findings for item in stimuli)
        yield Joined(tuple(place for place, _ in group), tuple(ends), _one(stimuli, ends), findings)


def _one(stimuli: list[Stimulus], ends: list[int]) -> Stimulus:
    """All samples in one stimulus, without findings."""
    first = stimuli[0]
    if len(stimuli) == 1:
        return first
    shifts = [np.array([start, 0, 0], dtype=np.int32) for start in (0, *ends[:-1])]
    return Stimulus(
        n_samples=ends[-1],
        n_steps=first.n_steps,
        spikes={
            name: np.concatenate([item.spikes[name] + shift for item, shift in zip(stimuli, shifts, strict=True)])
            for name in first.spikes
        },
        rasters={name: np.concatenate([item.rasters[name] for item in stimuli]) for name in first.rasters},
        currents={name: np.concatenate([item.currents[name] for item in stimuli]) for name in first.currents},
    )
