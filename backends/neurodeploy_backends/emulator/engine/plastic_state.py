"""What plastic projections of a job learn: the state of each sample for the kernels, kept states, and learned weights."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import read_only
from neurodeploy.native.structs import lend
from neurodeploy.network import Pes
from neurodeploy.signals import Learned, RunOptions, RunState
from neurodeploy.simulate.learning_draws import epoch_draws
from neurodeploy.simulate.probes import ProbedVariable
from neurodeploy_backends.emulator.engine.pes_state import PesRoom, cleared_part, kept_part, unstored
from neurodeploy_backends.emulator.engine.plastic_tables import (
    DRAWS,
    MOST_LEVELS,
    TRACE_VALUES,
    Plasticity,
)
from neurodeploy_backends.emulator.lowering.plastic import NO_PLASTICITY, Link, PlasticLayout
from neurodeploy_backends.emulator.lowering.rules import TRACES
from neurodeploy_backends.emulator.spec_learning import LIMITS
from neurodeploy_backends.emulator.spec_plastic import NEXT, kept_names

__all__ = ["Learning", "Run", "lent_plasticity"]

Array = NDArray[Any]
SYNAPTIC = ("w", "d", "t")


@cache
def _lent_nothing() -> Any:
    return lend(NO_PLASTICITY)


def lent_plasticity(state: Plasticity) -> Any:
    """The C struct of a state; that of no plastic projection is made once."""
    return _lent_nothing() if state is NO_PLASTICITY else lend(state)


class Run(NamedTuple):
    """The extent of a job."""

    options: RunOptions
    steps: int
    """Last step of each sample."""
    length: int
    """Steps that are run."""
    samples: int
    number: int
    """Number of the first sample among all that are run."""
    endless: bool = False
    """Whether its last step is unknown, so that draws are made while it runs, by who runs it."""


class Learning:
    """The plastic projections of one job."""

    def __init__(self, layout: PlasticLayout | None, run: Run, probes: list[ProbedVariable], most_neurons: int) -> None:
        self.layout, self.run, self.neurons = layout, run, most_neurons
        self.sequential = layout is not None and run.options.learn == "sequential"
        self.place = {name: at for link in layout.links for name, at in self._places(link)} if layout else {}
        columns = [self.place[probe.population, probe.variable] for probe in probes]
        self.widths = {probe.name: at.stop - at.start for probe, at in zip(probes, columns, strict=True)}
        places = [_codes(at, probe.variable) for probe, at in zip(probes, columns, strict=True)]
        self.probe_place = np.concatenate([*places, np.zeros(0, dtype=np.int64)]).astype(np.int64)
        self.probes = np.zeros((run.samples, run.length, self.probe_place.size), dtype=np.int64)
        self.carried: dict[str, Array] | None = None

    @property
    def _shared(self) -> Plasticity:
        return self.layout.shared if self.layout is not None else NO_PLASTICITY

    def _places(self, link: Link) -> list[tuple[tuple[str, str], slice]]:
        """(projection, variable) and its elements, in `learned` or `traces`."""
        found, row, synapses = list[tuple[tuple[str, str], slice]](), self._row(link), link.item.synapses
        for k, variable in enumerate(SYNAPTIC):
            start = int(row["learned"]) + k * synapses.pre.size
            found.append(((link.item.projection.name, variable), slice(start, start + synapses.pre.size)))
        start = int(row["trace"])
        for variable in TRACES:
            size = synapses.n_source if variable.startswith("x") else synapses.n_target
            found.append(((link.item.projection.name, variable), slice(start, start + size)))
            start += size
        return found

    def _row(self, link: Link) -> Any:
        links = self.layout.links if self.layout is not None else []
        return self._shared.links[next(k for k, item in enumerate(links) if item is link)]

    # --- the state of a sample

    def begin(self, sample: int) -> Plasticity:
        """The state of a sample (its position in the stimulus) before its first step."""
        if self.layout is None:
            return NO_PLASTICITY
        learns = self.run.options.learn != "off"
        state = self._cleared(learns)
        room = PesRoom.of([link.item for link in self.layout.links])
        state = state._replace(pes=cleared_part(state.pes, room, self.run.number + sample))
        for number, link in enumerate(self.layout.links):
            self._start(link, state, sample)
            if learns and not isinstance(link.rule, Pes) and not self.run.endless:
                rule, steps = link.rule, self.run.steps
                state.draws[number] = np.stack(epoch_draws(rule, steps, self.run.number + sample))
            if self.run.options.resume is not None:
                self._restore(number, link, state, self.run.options.resume, sample)
            state.counts[number, 2] = self._unsettled(link, state)
        return state

    def _cleared(self, learns: bool) -> Plasticity:
        shared, links = self._shared, self.layout.links if self.layout else []
        synapses = sum(link.item.synapses.pre.size for link in links)
        targets, sources = (
            sum(getattr(link.item.synapses, name) for link in links) for name in ("n_target", "n_source")
        )
        products = [
            (link.item.synapses, sum(map(len, (link.products.dw, link.products.dd, link.products.dt))))
            for link in links
        ]
        traces, steps = 2 * sources + 3 * targets, self.run.steps if learns and not self.run.endless else 0
        return shared._replace(
            kinds=shared.kinds.copy(),
            learns=int(learns),
            drawn_from=1,
            steps=steps,
            draws=np.zeros((len(links), DRAWS, steps)),
            learned=np.zeros(3 * synapses, dtype=np.int16),
            traces=np.zeros(traces, dtype=np.int16),
            own=np.zeros(traces, dtype=np.int16),
            final=np.zeros(traces, dtype=np.int16),
            spiked_at=np.zeros(sources + targets, dtype=np.int32),
            listed=np.zeros(sources + targets, dtype=np.int32),
            counts=np.zeros((len(links), 3), dtype=np.int64),
            sent=np.zeros(targets, dtype=np.uint8),
            next=np.zeros(3 * targets, dtype=np.int64),
            levels=np.zeros(len(TRACES) * (MOST_LEVELS + 1) * TRACE_VALUES, dtype=np.int16),
            left=np.zeros(sum(count * item.n_source for item, count in products), dtype=np.int32),
            right=np.zeros(sum(count * item.n_target for item, count in products), dtype=np.int32),
            room=np.zeros(2 * self.neurons, dtype=np.int32),
            probe_place=self.probe_place,
            probes=self.probes,
        )

    def _start(self, link: Link, state: Plasticity, sample: int) -> None:
        given, name = self.run.options.learned, link.item.projection.name
        for variable in SYNAPTIC:
            values = link.item.start[variable]
            if variable in link.rule.variables and self.carried is not None and values.size:
                values = self.carried[f"{name}.{variable}"]
            elif variable in link.rule.variables and given is not None and values.size:
                all_samples = given.synapses[f"{name}.{variable}"]
                values = all_samples[0 if len(all_samples) == 1 else sample]
            state.learned[self.place[name, variable]] = values

    def _restore(self, number: int, link: Link, state: Plasticity, kept: RunState, sample: int) -> None:
        arrays = self._arrays(link, state)
        for variable in kept_names(link.rule):
            arrays[variable][:] = kept.learning[f"{link.item.projection.name}.{variable}"][sample]
        if isinstance(link.rule, Pes):
            return
        for k, variable in enumerate(TRACES):
            state.kinds["live"][len(TRACES) * number + k] |= int(arrays[variable].any())
        for side, variable in enumerate(("tx", "ty")):
            spiked = np.flatnonzero(arrays[variable])
            start = int(self._row(link)["spiked"]) + side * link.item.synapses.n_source
            state.listed[start : start + spiked.size] = spiked
            state.counts[number, side] = spiked.size

    def _unsettled(self, link: Link, state: Plasticity) -> int:
        """1 if the end of an epoch changes a synapse whose neurons did not spike: one outside its range, or the least tag."""
        wrong = False
        if isinstance(link.rule, Pes):
            return int(unstored(link.item, state.learned[self.place[link.item.projection.name, "w"]]))
        for variable in SYNAPTIC:
            low, high = LIMITS[link.item.synapses.sign_mode if variable == "w" else variable]
            values = state.learned[self.place[link.item.projection.name, variable]]
            low += int(variable == "t")  # the accumulator does not reach the least tag
            wrong = wrong or bool((values < low).any() or (values > high).any())
        return int(wrong)

    def _arrays(self, link: Link, state: Plasticity) -> dict[str, Array]:
        """Views of the state as `RunState.learning` names its arrays."""
        row, synapses, name = self._row(link), link.item.synapses, link.item.projection.name
        found: dict[str, Array] = {variable: state.learned[self.place[name, variable]] for variable in SYNAPTIC}
        found |= {variable: state.traces[self.place[name, variable]] for variable in TRACES}
        if row["pes"] >= 0:
            return found | kept_part(state.pes, int(row["pes"]), link.item)
        start, target = int(row["spiked"]), int(row["target_at"])
        found["tx"] = state.spiked_at[start : start + synapses.n_source]
        found["ty"] = state.spiked_at[start + synapses.n_source :][: synapses.n_target]
        found["sent"] = state.sent[target : target + synapses.n_target]
        for k in range(3):
            found[f"y{k + 1}{NEXT}"] = state.next[3 * target + k * synapses.n_target :][: synapses.n_target]
        return found

    # --- results

    def end(self, state: Plasticity) -> dict[str, Array]:
        """What a sample has learned, "projection.variable" -> (n_synapses,) int16; the next one begins with it in sequence."""
        learned = dict[str, Array]()
        for link in self.layout.links if self.layout else ():
            arrays = self._arrays(link, state)
            if link.item.synapses.pre.size:
                learned |= {f"{link.item.projection.name}.{name}": arrays[name].copy() for name in link.rule.variables}
        self.carried = learned if self.sequential else None
        return learned

    def learned(self, parts: list[dict[str, Array]], digest: str) -> Learned | None:
        """What the whole samples have learned; the last one alone if they learn in sequence."""
        parts = parts[-1:] if self.sequential else parts
        if self.layout is None or not parts:
            return None
        synapses = {name: read_only(np.stack([part[name] for part in parts])) for name in parts[0]}
        return Learned(program_digest=digest, step=self.run.steps, synapses=synapses)

    def kept(self, states: list[Plasticity]) -> dict[str, Array]:
        """The states of all samples as `RunState.learning` holds them."""
        found = dict[str, Array]()
        for link in self.layout.links if self.layout else ():
            each = [self._arrays(link, state) for state in states]
            for variable in kept_names(link.rule):
                found[f"{link.item.projection.name}.{variable}"] = np.stack(
                    [arrays[variable] for arrays in each]
                ).astype(np.int64)
        return found

    def states(self, samples: int, length: int) -> dict[str, Array]:
        """Probed variables, probe -> (samples, length, values)."""
        found, column = dict[str, Array](), 0
        for name, width in self.widths.items():
            found[name] = self.probes[:samples, :length, column : column + width]
            column += width
        return found


def _codes(at: slice, variable: str) -> Array:
    """Elements as `Plasticity.probe_place` names them."""
    places = np.arange(at.start, at.stop, dtype=np.int64)
    return places if variable in SYNAPTIC else -1 - places
