"""Nengo networks whose import is compared with nengo-loihi's emulator. Only the interpreter of nengo-loihi runs this file."""

# ruff: noqa: F841  (the variables name the probes)

import nengo
import numpy as np
from nengo.processes import PresentInput, WhiteSignal

IMAGES = np.random.RandomState(3).uniform(-1, 1, size=(5, 1, 8, 8))


def sine(frequency=1.0):
    return nengo.Node(lambda t: np.sin(2 * np.pi * frequency * t), label="sine")


def ensemble():
    """A one-dimensional ensemble, decoded."""
    with nengo.Network(seed=1) as net:
        a = nengo.Ensemble(100, 1)
        nengo.Connection(sine(), a)
        value = nengo.Probe(a, synapse=0.02)
    return net


def three_dimensions():
    """A three-dimensional ensemble."""
    with nengo.Network(seed=2) as net:
        signal = nengo.Node(WhiteSignal(1.0, high=5, seed=2), size_out=3)
        a = nengo.Ensemble(200, 3)
        nengo.Connection(signal, a)
        value = nengo.Probe(a, synapse=0.02)
    return net


def square():
    """A function on a connection between two ensembles."""
    with nengo.Network(seed=3) as net:
        a, b = nengo.Ensemble(80, 1), nengo.Ensemble(70, 1)
        nengo.Connection(sine(), a)
        nengo.Connection(a, b, function=np.square)
        value = nengo.Probe(b, synapse=0.02)
    return net


def product():
    """A product of two inputs, with an unusual radius."""
    with nengo.Network(seed=4) as net:
        a, b = nengo.Ensemble(150, 2, radius=1.5), nengo.Ensemble(60, 1)
        nengo.Connection(sine(1), a, transform=[[1], [0]])
        nengo.Connection(nengo.Node(0.6), a, transform=[[0], [1]])
        nengo.Connection(a, b, function=lambda x: x[0] * x[1])
        value = nengo.Probe(b, synapse=0.03)
    return net


def integrator():
    """A recurrent attractor that keeps its value."""
    with nengo.Network(seed=5) as net:
        pulse = nengo.Node(lambda t: float(t < 0.2))
        a = nengo.Ensemble(120, 1)
        nengo.Connection(pulse, a, transform=0.1, synapse=0.1)
        nengo.Connection(a, a, synapse=0.1)
        value = nengo.Probe(a, synapse=0.02)
    return net


def oscillator():
    """A recurrent oscillator that is started by a pulse."""
    with nengo.Network(seed=6) as net:
        start = nengo.Node(lambda t: [float(t < 0.1), 0])
        a = nengo.Ensemble(200, 2)
        nengo.Connection(start, a)
        nengo.Connection(a, a, synapse=0.1, function=lambda x: [x[0] - 0.8 * x[1], x[1] + 0.8 * x[0]])
        value = nengo.Probe(a, synapse=0.02)
    return net


def neurons_to_neurons():
    """Dense synapses between neurons, with the spikes of both probed."""
    with nengo.Network(seed=7) as net:
        a, b = nengo.Ensemble(40, 1), nengo.Ensemble(30, 1)
        nengo.Connection(sine(), a)
        weights = np.random.RandomState(7).normal(0, 2e-3, size=(30, 40))
        nengo.Connection(a.neurons, b.neurons, transform=weights, synapse=0.01)
        nengo.Probe(b.neurons)
    return net


def sparse():
    """A sparse transform between neurons."""
    with nengo.Network(seed=8) as net:
        a, b = nengo.Ensemble(60, 1), nengo.Ensemble(50, 1)
        nengo.Connection(sine(), a)
        rng = np.random.RandomState(8)
        pairs = np.unique(np.stack([rng.randint(50, size=300), rng.randint(60, size=300)], axis=1), axis=0)
        transform = nengo.Sparse((50, 60), indices=pairs, init=rng.normal(0, 5e-3, size=len(pairs)))
        nengo.Connection(a.neurons, b.neurons, transform=transform, synapse=None)
    return net


def _equal(n, label=None):
    """Neurons that all have the same gain, as a convolution needs."""
    kind = nengo.SpikingRectifiedLinear()
    return nengo.Ensemble(
        n, 1, neuron_type=kind, gain=nengo.dists.Choice([100]), bias=nengo.dists.Choice([0]), label=label
    )


def convolution():
    """Images through a convolution from the host's neurons, channels last."""
    with nengo.Network(seed=9) as net:
        images = nengo.Node(PresentInput(IMAGES.reshape(5, -1), 0.2))
        pixels, features = _equal(64), _equal(36 * 4)
        nengo.Connection(images, pixels.neurons, synapse=None)
        conv = nengo.Convolution(4, (8, 8, 1), kernel_size=(3, 3), init=nengo.dists.Uniform(-0.3, 0.6))
        nengo.Connection(pixels.neurons, features.neurons, transform=conv, synapse=0.005)
    return net


def two_convolutions():
    """Two convolutions, channels first, the first with a stride, then a dense readout of the host."""
    import nengo_loihi

    with nengo.Network(seed=10) as net:
        nengo_loihi.add_params(net)
        images = nengo.Node(PresentInput(IMAGES.reshape(5, -1), 0.2))
        pixels, first, second = _equal(64), _equal(3 * 9), _equal(5 * 4)
        net.config[pixels].on_chip = False
        nengo.Connection(images, pixels.neurons, synapse=None)
        one = nengo.Convolution(3, (1, 8, 8), kernel_size=(3, 3), strides=(2, 2), channels_last=False)
        two = nengo.Convolution(5, (3, 3, 3), kernel_size=(2, 2), channels_last=False)
        nengo.Connection(pixels.neurons, first.neurons, transform=one, synapse=0.005)
        nengo.Connection(first.neurons, second.neurons, transform=two, synapse=0.005)
        scores = nengo.Node(size_in=10)
        weights = np.random.RandomState(10).normal(0, 0.01, size=(10, 20))
        nengo.Connection(second.neurons, scores, transform=weights, synapse=0.02)
        nengo.Probe(scores)
    return net


def slices():
    """Slices of ensembles and of neurons as sources."""
    with nengo.Network(seed=11) as net:
        a, b = nengo.Ensemble(80, 2), nengo.Ensemble(80, 3)
        nengo.Connection(nengo.Node(lambda t: [np.sin(7 * t), np.cos(9 * t)]), a)
        nengo.Connection(a[1], b, transform=[[0], [0], [1]])
        nengo.Connection(a[[1, 0]], b, transform=[[1, 0.5], [0, 1], [0, 0]])
        nengo.Connection(a.neurons[10:30], b.neurons, transform=1e-3 * np.ones((80, 20)), synapse=0.01)
        value = nengo.Probe(b, synapse=0.02)
        nengo.Probe(a.neurons[::3])
    return net


def presentation():
    """Values that are presented one after the other."""
    with nengo.Network(seed=12) as net:
        shown = nengo.Node(PresentInput([[-0.9, 0.3], [0.1, 0.8], [0.7, -0.5]], presentation_time=0.15))
        a = nengo.Ensemble(90, 2)
        nengo.Connection(shown, a)
        value = nengo.Probe(a, synapse=0.01)
    return net


def voltages():
    """A long refractory period, with voltage and current probed."""
    with nengo.Network(seed=13) as net:
        a = nengo.Ensemble(30, 1, neuron_type=nengo.LIF(tau_ref=0.005), max_rates=nengo.dists.Uniform(80, 150))
        nengo.Connection(sine(2), a)
        voltage, current = nengo.Probe(a.neurons, "voltage"), nengo.Probe(a.neurons, "input")
    return net


def time_constants():
    """Membranes and synapses of several time constants."""
    with nengo.Network(seed=14) as net:
        rates = nengo.dists.Uniform(60, 180)
        slow = nengo.Ensemble(60, 1, neuron_type=nengo.LIF(tau_rc=0.08, tau_ref=0.001), max_rates=rates)
        fast = nengo.Ensemble(60, 1, neuron_type=nengo.LIF(tau_rc=0.007, tau_ref=0.003), max_rates=rates)
        nengo.Connection(sine(), slow, synapse=0.03)
        nengo.Connection(slow, fast, synapse=0.05)
        nengo.Connection(sine(3), fast, synapse=0.003)
        value = nengo.Probe(fast, synapse=0.1)
    return net


def ensemble_array():
    """An array of ensembles, with its nodes removed, into another ensemble."""
    with nengo.Network(seed=15) as net:
        signal = nengo.Node(WhiteSignal(1.0, high=4, seed=15), size_out=4)
        array = nengo.networks.EnsembleArray(40, 4)
        total = nengo.Ensemble(80, 1, radius=2)
        nengo.Connection(signal, array.input)
        nengo.Connection(array.output, total, transform=0.5 * np.ones((1, 4)))
        value = nengo.Probe(total, synapse=0.02)
    return net


def one_neuron():
    """A single neuron."""
    with nengo.Network(seed=16) as net:
        a = nengo.Ensemble(1, 1, intercepts=[-0.5], max_rates=[100], encoders=[[1]])
        nengo.Connection(sine(), a)
        voltage, value = nengo.Probe(a.neurons, "voltage"), nengo.Probe(a, synapse=0.05)
    return net


def two_neurons():
    """The pair of neurons of nengo-loihi's introduction: one for each sign of the input."""
    with nengo.Network(seed=17) as net:
        pair = nengo.Ensemble(2, 1, intercepts=[-0.5, -0.5], max_rates=[100, 100], encoders=[[1], [-1]])
        nengo.Connection(sine(8 / 6.28), pair)
        value, spikes = nengo.Probe(pair, synapse=0.01), nengo.Probe(pair.neurons)
    return net


def direct():
    """A host ensemble in direct mode before the chip."""
    with nengo.Network(seed=18) as net:
        exact, a = nengo.Ensemble(1, 2, neuron_type=nengo.Direct()), nengo.Ensemble(70, 1)
        nengo.Connection(nengo.Node(lambda t: [np.sin(9 * t), 0.5]), exact)
        nengo.Connection(exact, a, function=lambda x: x[0] * x[1])
        value = nengo.Probe(a, synapse=0.02)
    return net


def rectified():
    """Neurons without a leak."""
    with nengo.Network(seed=19) as net:
        kind = nengo.SpikingRectifiedLinear()
        a = nengo.Ensemble(60, 1, neuron_type=kind, max_rates=nengo.dists.Uniform(50, 120))
        b = nengo.Ensemble(60, 1, neuron_type=kind, max_rates=nengo.dists.Uniform(50, 120))
        nengo.Connection(sine(), a)
        nengo.Connection(a, b, transform=-0.5)
        value = nengo.Probe(b, synapse=0.02)
    return net


def weight_solver():
    """A solver of whole weight matrices, without relay neurons."""
    with nengo.Network(seed=20) as net:
        a, b = nengo.Ensemble(50, 1), nengo.Ensemble(50, 1)
        nengo.Connection(sine(), a)
        nengo.Connection(a, b, solver=nengo.solvers.LstsqL2(weights=True))
        value = nengo.Probe(b, synapse=0.02)
    return net


def host_neurons():
    """Spikes of an ensemble on the host, into neurons of the chip."""
    import nengo_loihi

    with nengo.Network(seed=21) as net:
        nengo_loihi.add_params(net)
        a, b = nengo.Ensemble(40, 1), nengo.Ensemble(40, 1)
        net.config[a].on_chip = False
        nengo.Connection(sine(), a)
        nengo.Connection(a.neurons, b.neurons, transform=2e-3, synapse=0.01)
        value = nengo.Probe(b, synapse=0.02)
    return net


def split():
    """Ensembles of more neurons than a core has, and of a shape that the user divides."""
    import nengo_loihi

    with nengo.Network(seed=22) as net:
        nengo_loihi.add_params(net)
        a, b = nengo.Ensemble(1300, 1), nengo.Ensemble(120, 1)
        net.config[b].block_shape = nengo_loihi.BlockShape((50,), (120,))
        nengo.Connection(sine(), a)
        nengo.Connection(a, b)
        value = nengo.Probe(b, synapse=0.02)
        nengo.Probe(b.neurons)
    return net


def negative_voltages():
    """Membranes that may become negative, and inhibition between neurons."""
    with nengo.Network(seed=23) as net:
        a, b = nengo.Ensemble(50, 1), nengo.Ensemble(50, 1, neuron_type=nengo.LIF(min_voltage=-1))
        nengo.Connection(sine(), a)
        nengo.Connection(sine(3), b)
        nengo.Connection(a.neurons, b.neurons, transform=-2e-3 * np.ones((50, 50)))
        value, voltage = nengo.Probe(b, synapse=0.02), nengo.Probe(b.neurons, "voltage")
    return net


def regular_spiking():
    """Neurons of type RegularSpiking, which nengo-loihi builds as LIF."""
    with nengo.Network(seed=24) as net:
        a = nengo.Ensemble(50, 1, neuron_type=nengo.RegularSpiking(nengo.LIFRate()))
        nengo.Connection(sine(), a)
        value = nengo.Probe(a, synapse=0.02)
    return net


def no_input():
    """Neurons that only their bias drives."""
    with nengo.Network(seed=25) as net:
        a = nengo.Ensemble(50, 1)
        b = nengo.Ensemble(40, 1)
        nengo.Connection(a, b)
        value = nengo.Probe(b, synapse=0.02)
    return net


def input_to_both():
    """A node that goes to the chip and to a node of the host, which the chip also reaches."""
    with nengo.Network(seed=26) as net:
        a = nengo.Ensemble(60, 1)
        error = nengo.Node(lambda t, x: x[0] - x[1], size_in=2)
        signal = sine()
        nengo.Connection(signal, a)
        nengo.Connection(signal, error[0], synapse=None)
        nengo.Connection(a, error[1], synapse=0.02)
    return net


def saturated():
    """An input far beyond the radius, which loses spikes on its way to the chip."""
    with nengo.Network(seed=27) as net:
        a = nengo.Ensemble(60, 1)
        nengo.Connection(nengo.Node(lambda t: 3 * np.sin(6 * t)), a)
        value = nengo.Probe(a, synapse=0.02)
    return net


def adaptive():
    """AdaptiveLIF neurons, whose adaptation nengo-loihi leaves out."""
    with nengo.Network(seed=28) as net:
        a = nengo.Ensemble(60, 1, neuron_type=nengo.AdaptiveLIF())
        nengo.Connection(sine(), a)
        value = nengo.Probe(a, synapse=0.02)
    return net


def _learns(signal, pre, function, out, rate=3e-4, tau=0.005, start=lambda x: 0):
    """Connect a population to a node by PES, which learns a function of a signal; the node."""
    post, error = nengo.Node(lambda t, x: x, size_in=out, label="post"), nengo.Node(size_in=out, label="error")
    rule = nengo.PES(learning_rate=rate, pre_synapse=nengo.Lowpass(tau))
    learned = nengo.Connection(pre, post, function=start, learning_rule_type=rule)
    nengo.Connection(post, error)
    nengo.Connection(signal, error, function=function, transform=-1)
    nengo.Connection(error, learned.learning_rule)
    return post


def learned_channel():
    """A channel that PES learns from nothing."""
    with nengo.Network(seed=29) as net:
        signal, a = sine(4), nengo.Ensemble(80, 1)
        nengo.Connection(signal, a)
        value = nengo.Probe(_learns(signal, a, lambda x: x, 1))
    return net


def learned_product():
    """A product that PES learns at the end of a chain, with a slow trace."""
    with nengo.Network(seed=30) as net:
        signal = nengo.Node(WhiteSignal(1.0, high=5, seed=30), size_out=2)
        a, b = nengo.Ensemble(100, 2), nengo.Ensemble(90, 2, neuron_type=nengo.SpikingRectifiedLinear())
        nengo.Connection(signal, a)
        nengo.Connection(a, b)
        value = nengo.Probe(_learns(signal, b, lambda x: x[0] * x[1], 1, rate=1e-3, tau=0.02))
    return net


def two_learned():
    """Two connections that PES learns at once, one of two dimensions."""
    with nengo.Network(seed=31) as net:
        signal, a, b = sine(3), nengo.Ensemble(70, 1), nengo.Ensemble(60, 1)
        nengo.Connection(signal, a)
        nengo.Connection(a, b)
        first = nengo.Probe(_learns(signal, a, lambda x: np.concatenate([x, x**2]), 2, start=lambda x: [0, 0]))
        second = nengo.Probe(_learns(signal, b, lambda x: -x, 1, start=lambda x: x))
    return net
