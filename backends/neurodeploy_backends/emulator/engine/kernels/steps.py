# pyright: basic, reportCallIssue=false
"""The loop over samples and steps, compiled as one function with everything that it calls.

Step t of a sample: (1) each population takes the sums that have arrived, updates its state and lists its spikes, and each
input lists its own; (2) what is listed is recorded; (3) each block of synapses adds to its target, in the slot of step
t + 1 + delay. Nothing here reads a name or a number of any chip.
"""

from pathlib import Path

from neurodeploy.base.numba_cache import cached_njit, source_digest
from neurodeploy_backends.emulator.engine.kernels.delivery import deliver
from neurodeploy_backends.emulator.engine.kernels.intrinsics import CHECKED, lent, meet, njit, view
from neurodeploy_backends.emulator.engine.kernels.kinds import update_kind
from neurodeploy_backends.emulator.engine.kernels.layout import INPUT, TERNARY, VALUES
from neurodeploy_backends.emulator.engine.kernels.listing import list_input, list_values, scan
from neurodeploy_backends.emulator.engine.kernels.narrow import update_narrow
from neurodeploy_backends.emulator.engine.kernels.rows import count_active, probe, write_rows
from neurodeploy_backends.emulator.engine.kernels.wide import fold_planes, update_wide

__all__ = ["is_compiled", "run"]

compiled = njit(nogil=True) if CHECKED else cached_njit(nogil=True)


@njit
def _is_silent(pop, state):
    """Whether u, v and refractory steps of all neurons are 0."""
    u, v, dead = (
        view(state.u, pop.start, pop.size),
        view(state.v, pop.start, pop.size),
        view(state.refract, pop.start, pop.size),
    )
    bits = u[0] & 0
    for i in range(pop.size):
        bits |= u[i] | v[i] | dead[i]
    return bits == 0


@njit
def _reset_states(pop, layout, state):
    """Bring a population to its initial state; refractory steps and accumulators stay."""
    for i in range(pop.start, pop.start + pop.padded):
        state.u[i] = 0
        state.v[i] = 0
    if state.memory.shape[1] > 0:
        for i in range(pop.start, pop.start + pop.size):
            state.memory[0, i] = layout.initial[0, i]
            state.memory[1, i] = layout.initial[1, i]


@njit(forceinline=True)
def _update(pop, number, layout, state, stimuli, output, parity, seed, sample, step, wide):
    """Advance one population by a step and list its spikes; return how many. A silent one is skipped until a spike is due."""
    if state.asleep[number] != 0:
        if state.pending[number] < step:
            return 0
        state.asleep[number] = 0
    if pop.reset_every > 0 and step % pop.reset_every == pop.reset_at:
        _reset_states(pop, layout, state)
    slot = pop.acc + (step % pop.slots) * pop.padded
    if pop.planes > pop.ports:
        fold_planes(pop, layout, state, slot)
    if output.active.shape[2] > 0:
        count_active(pop, layout, state, slot, output.active[sample, step - output.first])
    if wide is None:
        count = update_narrow(pop, layout, state, slot, parity)
    else:
        if pop.model <= TERNARY:
            update_wide(pop, layout, state, stimuli, output.watch, slot, seed, sample, step)
        else:
            update_kind(pop, layout, state, slot)
        count = scan(state, pop, parity, 0, pop.size, 0)
    if count == 0 and pop.sleeps == 1 and step & 15 == 0 and state.pending[number] <= step:
        state.asleep[number] = _is_silent(pop, state)
    return count


@njit
def _clear(layout, state, me):
    """Clear the state of this thread's populations for the next sample."""
    for p in range(layout.populations.size):
        pop = layout.populations[p]
        if pop.owner == me and pop.kind not in (INPUT, VALUES):
            _reset_states(pop, layout, state)
            for i in range(pop.start, pop.start + pop.padded):
                state.refract[i] = 0
            for i in range(pop.acc, pop.acc + pop.planes * pop.slots * pop.padded):
                state.acc[i] = 0
            state.pending[p] = 0
            state.asleep[p] = 0


@njit
def _has_room(layout, written):
    """Whether the buffers hold one more step in which every recorded neuron spikes."""
    for p in range(layout.populations.size):
        pop = layout.populations[p]
        if pop.room > 0 and pop.room - written[p] < pop.size:
            return False
    return True


@njit(forceinline=True)
def _update_all(layout, state, stimuli, output, control, parity, sample, step, wide):
    """Update this thread's populations, list what they and its inputs send, and record it."""
    for p in range(layout.populations.size):
        pop = layout.populations[p]
        if pop.owner != control.thread:
            continue
        if pop.kind == INPUT:
            count = list_input(pop, state, stimuli, parity, sample, step)
        elif pop.kind == VALUES:
            count = list_values(pop, state, stimuli, parity, sample, step)
        else:
            count = _update(pop, p, layout, state, stimuli, output, parity, control.seed, sample, step, wide)
        state.counts[parity, p] = count
        if pop.room > 0:
            write_rows(pop, layout, state, output, p, count, parity, sample, step)


@njit(forceinline=True)
def _deliver_all(layout, state, control, parity, step, wide):
    """Deliver this thread's blocks whose sources sent anything."""
    for b in range(layout.blocks.size):
        block = layout.blocks[b]
        if block.owner != control.thread or state.counts[parity, block.source] == 0:
            continue
        source, target = layout.populations[block.source], layout.populations[block.target]
        state.pending[block.target] = max(state.pending[block.target], step + target.slots)
        if block.bytes == 1:
            deliver(layout, state, layout.weights8, block, source, target, step, parity, control.thread, wide)
        else:
            deliver(layout, state, layout.weights16, block, source, target, step, parity, control.thread, wide)


@compiled
def run(layout, state, stimuli, output, control, wide):
    """Run from (control.sample, control.step) until `control.stop`, the call's share of steps, or a full recording.

    `wide`: () for a wide layout, None for a narrow one. Returns the sample and step to continue from, and the steps made.
    Threads that share samples call with their own number and the same control otherwise; they meet once in each step. What
    is published in a step stands in the half of its parity, which is not written again before all have met once more: all
    threads read the same, and all return after the same step.
    """
    layout, state, stimuli, output = lent(layout), lent(state), lent(stimuli), lent(output)
    sample, step, made = control.sample, control.step, 0
    while sample < control.stop:
        if step == control.first and control.first == 1 and control.threads == 1:
            _clear(layout, state, control.thread)
        while step <= control.steps:
            parity = made & 1
            if made == control.todo or not _has_room(layout, output.written[1 - parity]):
                return sample, step, made
            made += 1
            _update_all(layout, state, stimuli, output, control, parity, sample, step, wide)
            if output.probe_row.size > 0:
                probe(layout, state, output, control.thread, sample, step - control.first)
            if control.threads > 1:
                meet(state.arrived, made * control.threads)
            _deliver_all(layout, state, control, parity, step, wide)
            step += 1
        sample, step = sample + 1, control.first
    return sample, step, made


def is_compiled():
    """Whether the kernels are compiled, in this process or in numba's cache on disk."""
    if CHECKED or run.signatures:
        return bool(run.signatures)
    digest = source_digest(str(Path(__file__).parent))
    return any(Path(str(run.stats.cache_path)).glob(f"steps.run*.src{digest}.*nbi"))
