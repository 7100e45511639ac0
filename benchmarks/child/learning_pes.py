"""Worker: real Nengo models with PES in nengo-loihi's emulator, recorded step by step. Its interpreter runs this file.

nengo is GPL-2.0 and is imported only there. Of each learning synapse: the axons whose spikes arrive, the errors as the host
gives them, and the traces and weights that the emulator makes of them. Of the model: seed and sizes, from which its random
numbers follow.
"""

import warnings
from importlib.metadata import version

import nengo
import nengo_loihi
import numpy as np
from nengo_loihi.builder import Model
from nengo_loihi.decode_neurons import NoisyDecodeNeurons, OnOffDecodeNeurons, Preset5DecodeNeurons
from nengo_loihi.neurons import LoihiLIF, LoihiSpikingRectifiedLinear
from neurodeploy_worker import serve

DT = 0.001


def channel(
    seed, n=100, dimensions=1, neurons=None, rate=1e-4, tau=0.005, wanted=None, radius=1.0, at_start=None, on_host=True
):
    """A population that learns to send a function of its value; the error is computed by a node or an ensemble."""
    out = dimensions if wanted is None else len(np.atleast_1d(wanted(np.zeros(dimensions))))
    with nengo.Network(seed=seed) as net:
        nengo_loihi.add_params(net)
        phases = np.arange(dimensions)
        given = nengo.Node(lambda t: radius * 0.9 * np.sin(2 * np.pi * (1 + phases) * t + phases))
        pre = nengo.Ensemble(n, dimensions, radius=radius, neuron_type=neurons or nengo.LIF())
        post = nengo.Ensemble(60, out, radius=radius)
        net.config[post].on_chip = False
        nengo.Connection(given, pre)
        rule = nengo.PES(learning_rate=rate, pre_synapse=nengo.Lowpass(tau))
        start = at_start or (lambda x: np.zeros(out))
        learned = nengo.Connection(pre, post, function=start, learning_rule_type=rule)
        if on_host:
            error = nengo.Node(size_in=out)
        else:
            error = nengo.Ensemble(80 * out, out, radius=2 * radius)
            net.config[error].on_chip = False
        nengo.Connection(post, error)
        nengo.Connection(given, error, function=wanted, transform=-1)
        nengo.Connection(error, learned.learning_rule)
    return net, {}


def integrator(seed):
    """A population whose feedback through the host is learned: it comes to keep its value."""
    with nengo.Network(seed=seed) as net:
        nengo_loihi.add_params(net)
        given = nengo.Node(lambda t: 0.5 * np.sign(np.sin(2 * np.pi * 2 * t)))
        pre = nengo.Ensemble(120, 1, neuron_type=LoihiLIF())
        back = nengo.Node(lambda t, x: x, size_in=1)
        nengo.Connection(given, pre, transform=0.1, synapse=0.1)
        learned = nengo.Connection(
            pre, back, function=lambda x: 0.5 * x, synapse=0.1,
            learning_rule_type=nengo.PES(learning_rate=2e-4, pre_synapse=nengo.Lowpass(0.01)),
        )  # fmt: skip
        nengo.Connection(back, pre, synapse=None)
        error = nengo.Node(size_in=1)
        nengo.Connection(back, error)
        nengo.Connection(pre, error, transform=-1)
        nengo.Connection(error, learned.learning_rule)
    return net, {}


def two_rules(seed):
    """Two populations that learn at once, with different rates and traces; they share the generator."""
    with nengo.Network(seed=seed) as net:
        nengo_loihi.add_params(net)
        given = nengo.Node(lambda t: np.cos(2 * np.pi * 3 * t))
        for neurons, rate, tau in ((70, 1e-4, 0.005), (90, 3e-4, 0.02)):
            pre, post = nengo.Ensemble(neurons, 1), nengo.Node(size_in=1)
            nengo.Connection(given, pre)
            rule = nengo.PES(learning_rate=rate, pre_synapse=nengo.Lowpass(tau))
            learned = nengo.Connection(pre, post, function=lambda x: 0, learning_rule_type=rule)
            error = nengo.Node(size_in=1)
            nengo.Connection(post, error)
            nengo.Connection(given, error, transform=-1)
            nengo.Connection(error, learned.learning_rule)
    return net, {}


def relayed(seed, decode):
    """A channel from a population that another one on the chip drives through decode neurons of a kind."""
    net, _ = channel(seed, n=80)
    with net:
        first = nengo.Ensemble(80, 1, label="first")
        into = next(item for item in net.connections if item.post_obj is net.ensembles[0])
        net.connections.remove(into)
        nengo.Connection(into.pre_obj, first)
        nengo.Connection(first, net.ensembles[0])
    return net, {"decode_neurons": decode}


def with_model(made, **settings):
    """The same network with other settings of nengo-loihi's model."""
    return made[0], {**made[1], **settings}


MODELS = {
    "channel": lambda: channel(1),
    "channel, two dimensions": lambda: channel(2, n=160, dimensions=2),
    "square, LoihiLIF": lambda: channel(3, neurons=LoihiLIF(), wanted=lambda x: x**2, rate=3e-4),
    "product, rectified linear": lambda: channel(
        4, n=200, dimensions=2, neurons=LoihiSpikingRectifiedLinear(), wanted=lambda x: [x[0] * x[1]], rate=2e-4, tau=0.02
    ),
    "integrator": lambda: integrator(5),
    "two rules": lambda: two_rules(6),
    "noisy decode neurons": lambda: relayed(7, NoisyDecodeNeurons(5)),
    "single decode neurons": lambda: relayed(8, OnOffDecodeNeurons()),
    "error of an ensemble, large values": lambda: with_model(
        channel(9, radius=3.0, rate=5e-4, tau=0.05, at_start=lambda x: -x, on_host=False), pes_error_scale=40.0
    ),
    "coarse weights, strong errors": lambda: with_model(
        channel(10, n=60, neurons=nengo.SpikingRectifiedLinear(), rate=1e-3, tau=0.002, at_start=lambda x: x),
        pes_error_scale=300.0, pes_wgt_exp=6, decode_neurons=Preset5DecodeNeurons(),
    ),
}  # fmt: skip


class Record:
    """What the learning synapses of an emulator get and make, step by step."""

    def __init__(self, emulator):
        self.state = emulator.synapses
        self.synapses = list(self.state.traces)
        self.arrived, self.errors = [[] for _ in self.synapses], [[] for _ in self.synapses]
        self.traces, self.weights = [[] for _ in self.synapses], [[] for _ in self.synapses]
        self.given, self.several = {}, 0
        host2chip, step = emulator.host2chip, emulator.step

        def sent(spikes, errors):
            self.given = {}
            for synapse, _, error in errors:
                self.several += int(synapse in self.given)
                self.given[synapse] = np.array(error, dtype=float)
            host2chip(spikes, errors)

        def stepped():
            step()
            self.note(emulator.t)

        emulator.host2chip, emulator.step = sent, stepped

    def note(self, t):
        """Note what arrived in step t, and what became of it."""
        for number, synapse in enumerate(self.synapses):
            axons = sorted({spike.axon_idx for spike in self.state.spikes_in[synapse]})
            self.arrived[number] += [(t, axon) for axon in axons]
            size = self.state.pes_errors[synapse].size
            self.errors[number].append(self.given.get(synapse, np.zeros(size)))
            self.traces[number].append(self.state.traces[synapse].copy())
            self.weights[number].append(np.concatenate(synapse.weights).copy())

    def arrays(self, prefix):
        """Arrays of a result, by "MODEL.SYNAPSE.NAME"."""
        found = {}
        for number in range(len(self.synapses)):
            columns = {
                "arrived": np.array(self.arrived[number], dtype=np.int64).reshape(-1, 2),
                "errors": np.array(self.errors[number]),
                "traces": np.array(self.traces[number], dtype=np.int64),
                "weights": np.array(self.weights[number], dtype=np.int64),
            }
            found |= {f"{prefix}.{number}.{name}": values for name, values in columns.items()}
        return found


def first_weights(synapses):
    """(axons, neurons) of each synapse."""
    return [np.concatenate(item.weights).astype(np.int64).copy() for item in synapses]


def recorded(job, number, make, steps):
    """(row of the plan, arrays) of one model."""
    net, settings = make()
    model = Model(dt=DT)
    for name, value in settings.items():
        setattr(model, name, value)
    with nengo_loihi.Simulator(net, dt=DT, model=model, target="sim", progress_bar=False) as simulator:
        emulator = simulator.sims["emulator"]
        record, start = Record(emulator), first_weights(list(emulator.synapses.traces))
        for first in range(0, steps, 100):
            simulator._runner.run_steps(min(100, steps - first))
            job.step(number * steps + first)
        rows = [
            {
                "mantissa": item._lr_int, "exponent": item._lr_exp, "impulse": item.tracing_mag, "tau_steps": item.tracing_tau,
                "trace_epoch_steps": item.train_epoch, "epoch_steps": item.learn_epoch, "weight_exponent": item.synapse_cfg.weight_exp,
                "low_bits": item.synapse_cfg.shift_bits, "error_scale": float(model.pes_error_scale),
            }
            for item in record.synapses
        ]  # fmt: skip
        row = {
            "synapses": rows, "seed": int(emulator.seed), "n_compartments": emulator.block_info.n_compartments,
            "precompute": bool(simulator.precompute), "several": record.several,
        }  # fmt: skip
        arrays = record.arrays(str(number))
        arrays |= {f"{number}.{k}.start": values for k, values in enumerate(start)}
    return row, arrays


def answer(job):
    """Run all models."""
    warnings.simplefilter("ignore")
    rows, arrays = {}, {}
    for number, (name, make) in enumerate(MODELS.items()):
        job.stage(name)
        rows[name], found = recorded(job, number, make, job.plan["steps"])
        arrays |= found
    return {"models": rows, "versions": {"nengo-loihi": version("nengo-loihi"), "nengo": version("nengo")}}, arrays


if __name__ == "__main__":
    serve(answer)
