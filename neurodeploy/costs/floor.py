"""Floor of a step for each core: time for memory, computing, traffic and the barrier, and which of them binds.

Under an energy profile with the times t, core c spends in the mean step
  memory  = synops * t_synop                                       (reading of synapses that messages touch)
  compute = compartments * t_access + active * t_update + spikes * t_spike
  traffic = messages out * t_message_out + messages in * t_message_in
  learning = updates of plastic synapses * t_synapse_update        (after the spikes of the step)
and is busy for max(compute + messages out * t_message_out, memory + messages in * t_message_in) + learning, step by step. The step
takes the barrier and the longest of these; memory, compute and traffic as bounds of a step follow Yik et al.,
arXiv:2511.21549, and Timcheck et al., arXiv:2601.10035.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.costs.counting import Counts
from neurodeploy.costs.estimate import CoreFloor, Floor
from neurodeploy.hardware.figure import value_of
from neurodeploy.hardware.target import EnergyProfile

__all__ = ["CoreTimes", "core_times", "floors_of"]

Array = NDArray[np.float64]
FLOORS: tuple[Floor, ...] = ("memory", "compute", "traffic", "barrier", "learning")


class CoreTimes(NamedTuple):
    """Seconds by core, each (n_cores,) over all steps or (steps, n_cores)."""

    memory: Array
    compute: Array
    traffic: Array
    learning: Array
    busy: Array


def core_times(part: Counts, rows: Array, active: Array, profile: EnergyProfile) -> CoreTimes:
    """Return the times of all cores in consecutive steps, (steps, n_cores).

    `part`: events of these steps. `rows`: (n_cores,) compartments. `active`: (steps, n_cores) active compartments.
    `profile`: times of events; an absent one takes no time.
    """
    compute = rows * value_of(profile.access.time) + active * value_of(profile.update.time)
    compute = compute + part.spikes * value_of(profile.spike.time)
    send = part.messages_out * value_of(profile.message_out.time)
    receive = part.messages_in * value_of(profile.message_in.time)
    memory = np.zeros(part.spikes.shape)
    for name in ("dense", "sparse", "shared"):
        memory = memory + getattr(part, f"synops_{name}") * value_of(getattr(profile, f"synop_{name}").time)
    learning: Array = np.asarray(part.synapse_updates * value_of(profile.synapse_update.time), dtype=np.float64)
    busy = np.maximum(compute + send, receive + memory) + learning
    return CoreTimes(memory, compute, send + receive, learning, busy)


def floors_of(times: CoreTimes, steps: int, barrier_s: float) -> tuple[CoreFloor, ...]:
    """Return the floor of every core in core order.

    `times`: sums over `steps` steps, at least 1. `barrier_s`: synchronisation in each step, in s.
    """
    busiest = float(times.busy.max(initial=0))
    found = list[CoreFloor]()
    for core in range(times.busy.size):
        mean = [float(item[core]) / steps for item in times]
        kinds = dict(zip(FLOORS, [*mean[:3], barrier_s, mean[3]], strict=True))
        order = sorted(FLOORS, key=lambda name: -kinds[name])
        second = kinds[order[1]]
        found.append(
            CoreFloor(
                core=core,
                memory_s=mean[0],
                compute_s=mean[1],
                traffic_s=mean[2],
                barrier_s=barrier_s,
                learning_s=mean[3],
                busy_s=mean[4],
                binds=order[0],
                margin=kinds[order[0]] / second if second else 0.0,
                share=float(times.busy[core]) / busiest if busiest else 0.0,
            )
        )
    return tuple(found)
