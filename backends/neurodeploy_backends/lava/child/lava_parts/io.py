"""Lava processes for input and output: sources that send the input of a job, and a sink that stores what arrives.

Sending arrays between lava processes takes far longer than the run itself, one element per message. Here arrays are memory
shared by fork: nothing is sent, and no named segment can be left behind. `STORE` holds them by key and is filled before lava
forks.
"""

import mmap

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

STORE = {}


def shared(shape, dtype):
    """Zeros in memory that processes forked from this one can write and this one can read."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, max(size, 1)), dtype=dtype, count=int(np.prod(shape))).reshape(shape)


class EventSource(AbstractProcess):
    """Sends 1 on a line in each step given by a row (step, line) of the store."""

    def __init__(self, *, size, key):
        super().__init__(size=size, key=key)
        self.s_out = OutPort(shape=(size,))


class ValueSource(AbstractProcess):
    """Sends the row of a table (steps, lines) of the store in each step."""

    def __init__(self, *, size, key):
        super().__init__(size=size, key=key)
        self.s_out = OutPort(shape=(size,))


class Sink(AbstractProcess):
    """Writes what arrives in each step to a row of a table (steps, neurons) of the store."""

    def __init__(self, *, size, key, neurons=None):
        super().__init__(size=size, key=key, neurons=neurons)
        self.a_in = InPort(shape=(size,))


@implements(proc=EventSource, protocol=LoihiProtocol)
@requires(CPU)
class EventSourceModel(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, parameters):
        super().__init__(parameters)
        rows = STORE[parameters["key"]]
        self.lines, self.steps = rows[:, 1], rows[:, 0]
        self.empty = np.zeros(parameters["size"], dtype=np.int32)

    def run_spk(self):
        first, last = np.searchsorted(self.steps, [self.time_step, self.time_step + 1])
        spikes = self.empty.copy()
        spikes[self.lines[first:last]] = 1
        self.s_out.send(spikes)


@implements(proc=ValueSource, protocol=LoihiProtocol)
@requires(CPU)
class ValueSourceModel(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, parameters):
        super().__init__(parameters)
        self.table = STORE[parameters["key"]].astype(np.int32)

    def run_spk(self):
        self.s_out.send(self.table[self.time_step - 1].copy())


@implements(proc=Sink, protocol=LoihiProtocol)
@requires(CPU)
class SinkModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, parameters):
        super().__init__(parameters)
        self.table, neurons = STORE[parameters["key"]], parameters["neurons"]
        self.columns = slice(None) if neurons is None else neurons
        self.clock = STORE["clock"]

    def run_spk(self):
        self.table[self.time_step - 1, self.columns] = self.a_in.recv()
        self.clock[0] = max(self.clock[0], self.time_step)
