"""The Network: nouns, and what can be said of one without knowing a chip."""

from neurodeploy.network.build import dense, one_to_one, sparse
from neurodeploy.network.coding import (
    Current,
    Decoder,
    Encoder,
    FirstSpike,
    Latency,
    Membrane,
    Poisson,
    Rate,
    SpikeCount,
    Spikes,
)
from neurodeploy.network.network import Input, Network, Output, Population, Probe, Projection, Time
from neurodeploy.network.neurons import (
    CubaLif,
    Euler,
    Exact,
    Explicit,
    If,
    Li,
    Lif,
    LoihiCuba,
    Neuron,
    Reset,
)
from neurodeploy.network.operations import Dense, OneToOne, Operation, Sparse, WeightFormat

__all__ = [
    "CubaLif", "Current", "Decoder", "Dense", "Encoder", "Euler", "Exact", "Explicit", "FirstSpike", "If", "Input",
    "Latency", "Li", "Lif", "LoihiCuba", "Membrane", "Network", "Neuron", "OneToOne", "Operation", "Output", "Poisson",
    "Population", "Probe", "Projection", "Rate", "Reset", "Sparse", "SpikeCount", "Spikes", "Time", "WeightFormat",
    "dense", "one_to_one", "sparse",
]
