"""A source that sends events and a sink that keeps spikes in shared memory.

lava's own buffers move one element per message between processes, which takes many times as long as the run.
"""

from __future__ import annotations

from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class EventSource(AbstractProcess):
    """Sends a line's spike in the step that its row (step, line) names."""

    def __init__(self, *, size: int, rows: Any, steps: int) -> None:
        bounds = np.searchsorted(rows[:, 0], np.arange(1, steps + 2))
        super().__init__(size=size, lines=np.ascontiguousarray(rows[:, 1]), bounds=bounds)
        self.s_out = OutPort(shape=(size,))


class SpikeSink(AbstractProcess):
    """Keeps (steps, size) spikes; the memory is shared with the process that made it."""

    def __init__(self, *, size: int, steps: int) -> None:
        self.memory = SharedMemory(create=True, size=size * steps)
        self.spikes: Any = np.ndarray((steps, size), dtype=np.uint8, buffer=self.memory.buf)
        self.spikes[:] = 0
        super().__init__(size=size, steps=steps, memory=self.memory.name)
        self.a_in = InPort(shape=(size,))

    def counts(self) -> Any:
        return self.spikes.sum(axis=0, dtype=np.int64)

    def close(self) -> None:
        self.spikes = None
        self.memory.close()
        self.memory.unlink()


@implements(proc=EventSource, protocol=LoihiProtocol)
@requires(CPU)
class EventSourceModel(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters)
        self.lines, self.bounds = parameters["lines"], parameters["bounds"].tolist()
        self.empty = np.zeros(parameters["size"], dtype=np.int32)

    def run_spk(self) -> None:
        spikes, step = self.empty.copy(), self.time_step
        spikes[self.lines[self.bounds[step - 1] : self.bounds[step]]] = 1
        self.s_out.send(spikes)


@implements(proc=SpikeSink, protocol=LoihiProtocol)
@requires(CPU)
class SpikeSinkModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters)
        self.memory = SharedMemory(name=parameters["memory"])
        shape = (parameters["steps"], parameters["size"])
        self.spikes = np.ndarray(shape, dtype=np.uint8, buffer=self.memory.buf)

    def run_spk(self) -> None:
        self.spikes[self.time_step - 1] = self.a_in.recv() != 0
