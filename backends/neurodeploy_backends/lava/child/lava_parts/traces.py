"""Lava process that computes the traces of a target neuron for a rule with third factors, which lava leaves to its user.

It sends y1, y2 and y3 of each step, from the spikes and signals of the step before, as the example RSTDPLIF of lava-nc 0.10.0
does (tests/lava/proc/dense/test_stdp_sim.py).
"""

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

LEAST, MOST = -128, 127
"""Range of a trace that a signal sets."""


class TargetTraces(AbstractProcess):
    """Computes y1, y2 and y3 of `size` neurons.

    `traces`: name -> (impulse, time constant). `thirds`: name of a trace -> (lines that send, weight of each line or target).
    """

    def __init__(self, *, size, traces, thirds):
        super().__init__(size=size, traces=traces, thirds=thirds)
        lines = {name: thirds[name][0] if name in thirds else 1 for name in traces}
        self.s_in = InPort(shape=(size,))
        self.third_y1, self.third_y2, self.third_y3 = (InPort(shape=(lines[name],)) for name in ("y1", "y2", "y3"))
        self.y1, self.y2, self.y3 = (OutPort(shape=(size,)) for _ in range(3))


def following(z, trace, sent):
    """Trace in the next step. `trace`: (impulse, time constant). `sent`: 1 where the neuron has spiked in this step."""
    impulse, tau = trace
    keep = np.exp(-1 / tau) if tau else 0.0
    return np.minimum(np.floor(z * keep + impulse * sent), MOST).astype(np.int32)


@implements(proc=TargetTraces, protocol=LoihiProtocol)
@requires(CPU)
class TargetTracesModel(PyLoihiProcessModel):
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    third_y1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    third_y2: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    third_y3: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    y1: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    y2: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    y3: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, parameters):
        super().__init__(parameters)
        self.traces, self.thirds = parameters["traces"], parameters["thirds"]
        self.values = {name: np.zeros(parameters["size"], dtype=np.int32) for name in self.traces}

    def run_spk(self):
        for name, values in self.values.items():
            getattr(self, name).send(values)
        sent = (self.s_in.recv() != 0).astype(np.int32)
        for name, trace in self.traces.items():
            signal = getattr(self, "third_" + name).recv()
            if name in self.thirds:
                new = np.clip(signal * self.thirds[name][1], LEAST, MOST).astype(np.int32)
                self.values[name] = np.broadcast_to(new, sent.shape)
            else:
                self.values[name] = following(self.values[name], trace, sent)
