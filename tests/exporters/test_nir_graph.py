"""The graph of an exported file, run by a slow model of NIR, spikes as the network does on the reference backend.

The model reads nothing but the nodes and edges of the file. As in frame-based tools, a spike passes all layers within one step, and
a neuron sees its own spikes one step later. The spikes of a layer are therefore those of the network, a fixed number of
steps earlier. Steps and factors are powers of two, so that both compute without rounding.
"""

from __future__ import annotations

import functools

import h5py
import numpy as np
import pytest
from factories import examples, network_of, one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.network import (
    AvgPool2d,
    Chain,
    Conv1d,
    Conv2d,
    CubaLi,
    Explicit,
    OneToOne,
    Reset,
    Sparse,
    SumPool2d,
    WeightFormat,
)
from neurodeploy.simulate import SampleValues, encode, get_backend

DT_S = 2.0**-10
STEPS = 24
CELLS = ("IF", "LIF", "CubaLIF")


class Frames:
    """A slow model of a NIR file."""

    def __init__(self, path):
        with h5py.File(path) as file:
            root = file["node"]
            read = lambda group: {key: item[()] for key, item in group.items()}  # noqa: E731
            self.nodes = {name: read(group) for name, group in root["nodes"].items()}
            self.edges = [(a.decode(), b.decode()) for a, b in root["edges"][()]]
        self.kind = {name: node["type"].decode() for name, node in self.nodes.items()}
        # NIR does not say where v starts: here, as in the network, at the reset value
        self.state = {name: [node.get("v_reset", 0.0), 0.0] for name, node in self.nodes.items()}
        self.lines = {name: [] for name in self.nodes}
        self.last = {}

    def sources(self, name):
        return [a for a, b in self.edges if b == name]

    def reaches(self, name, goal):
        """Whether an operation leads to a neuron without passing another."""
        if name == goal:
            return True
        return self.kind[name] not in CELLS and any(self.reaches(b, goal) for a, b in self.edges if a == name)

    def comes_from(self, name):
        """The neuron or input that an operation gets its values from."""
        return name if self.kind[name] in (*CELLS, "Input") else self.comes_from(self.sources(name)[0])

    def step(self, shown):
        """Spikes of all neurons for the values of the inputs."""
        found = {}

        def value(name, looped):
            if self.kind[name] in (*CELLS, "Input") and looped:
                return self.last.get(name, np.zeros(np.shape(self.nodes[name]["r"])))
            if name not in found:
                found[name] = evaluate(name, looped)
            return found[name]

        def evaluate(name, looped):
            if self.kind[name] == "Input":
                return shown[name].reshape(self.nodes[name]["shape"])
            total = 0.0
            for source in self.sources(name):
                own = looped or (self.kind[name] in CELLS and self.comes_from(source) == name)
                total = total + value(source, own)
            return self.cell(name, total) if self.kind[name] in CELLS else self.operation(name, total)

        spikes = {name: value(name, False) for name in self.nodes if self.kind[name] in CELLS}
        self.last = spikes
        return spikes

    def cell(self, name, current):
        node, (v, i) = self.nodes[name], self.state[name]
        if self.kind[name] == "CubaLIF":
            i = i + DT_S / node["tau_syn"] * (node["w_in"] * current - i)
            current = i
        tau = node.get("tau", node.get("tau_mem"))
        v = v + node["r"] * current if tau is None else v + DT_S / tau * (node["v_leak"] - v + node["r"] * current)
        spikes = v > node["v_threshold"]
        self.state[name] = [np.where(spikes, node.get("v_reset", 0.0), v), i]
        return spikes.astype(float)

    def operation(self, name, x):
        node, kind = self.nodes[name], self.kind[name]
        if kind == "Affine":
            assert x.ndim == 1
            return node["weight"] @ x + node["bias"]
        if kind == "Scale":
            assert node["scale"].shape == x.shape
            return node["scale"] * x
        if kind == "Flatten":
            assert (node["start_dim"], node["end_dim"]) == (0, -1)
            return x.ravel()
        if kind == "Delay":
            assert node["delay"].shape == x.shape
            return self.delayed(name, x)
        if kind == "Output":
            return x
        return window(kind, node, x)

    def delayed(self, name, x):
        line, late = self.lines[name], self.nodes[name]["delay"] / DT_S
        line.append(x)
        assert np.all(late == np.rint(late))
        found = np.zeros_like(x)
        for at in np.ndindex(*x.shape):
            then = len(line) - 1 - int(late[at])
            found[at] = line[then][at] if then >= 0 else 0.0
        return found


def window(kind, node, x):
    """A convolution or pool, entry by entry."""
    if kind == "Conv1d":
        node = {**node, "weight": node["weight"][:, :, None], **{key: (pair, int(node[key])) for key, pair in (("stride", 1), ("padding", 0), ("dilation", 1))}}  # fmt: skip
        return window("Conv2d", node, x[:, None])[:, 0]
    stride, padding, dilation = node["stride"], node["padding"], node.get("dilation", (1, 1))
    if kind == "Conv2d":
        weight, groups, bias = node["weight"], int(node["groups"]), node["bias"]
    else:
        size = node["kernel_size"]
        each = 1.0 if kind == "SumPool2d" else 1.0 / np.prod(size)
        weight, groups, bias = np.full((len(x), 1, *size), each), len(x), np.zeros(len(x))
    padded = np.pad(x, ((0, 0), *((p, p) for p in padding)))
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    shape = [(n - r) // s + 1 for n, r, s in zip(padded.shape[1:], reach, stride, strict=True)]
    found = np.zeros((len(weight), *shape))
    for o, i, j in np.ndindex(*found.shape):
        first = o // (len(weight) // groups) * weight.shape[1]
        for c, k, m in np.ndindex(*weight.shape[1:]):
            at = padded[first + c, i * stride[0] + k * dilation[0], j * stride[1] + m * dilation[1]]
            found[o, i, j] += weight[o, c, k, m] * at
        found[o, i, j] += bias[o]
    return found


@functools.cache
def any_program():
    return nd.compile(one_layer(nd.If(v_threshold=1.0), np.eye(2), output="out"), "loihi1")


def reference(network, shown, steps):
    """Spikes by population, (steps, neurons), on the reference backend, which reads the network of a program only."""
    program = any_program().model_copy(update={"network": network})
    stimulus = encode(network, SampleValues(values={name: rows[None] for name, rows in shown.items()}))
    run = get_backend("reference").run(program, stimulus, steps=steps)
    found = {item.name: np.zeros((steps + 1, item.size)) for item in network.populations}
    for name, rows in run.spikes.items():
        found[name][rows[:, 1], rows[:, 2]] = 1
    return {name: rows[1:] for name, rows in found.items()}


def rasters(network, rng, density=0.4):
    return {
        item.name: (rng.random((STEPS, *item.shape)) < density).astype(np.uint8).reshape(STEPS, *item.shape)
        for item in network.inputs
    }


def assert_the_same(network, path, rng, density=0.4, lossy=()):
    """Each population spikes in the graph as in the network, up to one number of steps for each; returns the spikes."""
    shown, late = rasters(network, rng, density), 2 * len(network.populations)
    wanted = reference(network, shown, STEPS + late)
    nd.save(network, path, lossy=lossy)
    model = Frames(path)
    silent = {name: np.zeros(model.nodes[name]["shape"]) for name, kind in model.kind.items() if kind == "Input"}
    made = [
        model.step({**silent, **{name: rows[t].astype(float) for name, rows in shown.items()}}) for t in range(STEPS)
    ]
    for item in network.populations:
        if item.name in model.kind and model.kind[item.name] in CELLS:
            found = np.array([spikes[item.name].ravel() for spikes in made])
            shifts = [k for k in range(late) if np.array_equal(wanted[item.name][k : k + STEPS], found)]
            assert shifts, f"{item.name}: {found.sum()} spikes in the graph, {wanted[item.name].sum()} in the network"
    return wanted


# --- random networks that NIR expresses

SHAPES = ((3,), (2, 4, 4), (2, 6), (1, 4, 4), (12,))


def eighths(rng, *shape):
    return rng.integers(-6, 13, shape) / 8


def cell(dice, rng, shape):
    each = lambda *values: dice.choice((dice.choice(values), rng.choice(values, shape)))  # noqa: E731
    reset = dice.choice(("zero", Reset(mode="value", value=-0.25)))  # a leak would change where v starts, step by step
    threshold = each(1.0, 2.0)
    if dice.random() < 0.4:
        return nd.If(v_threshold=threshold, r=each(1.0, 0.5), reset=reset)
    rule = dice.choice(("euler", Explicit(keep_v=0.75, gain_v=0.5, keep_i=0.5, gain_i=1.0)))
    more = {"v_threshold": threshold, "tau_m_s": 4 * DT_S, "r": each(1.0, 2.0), "discretization": rule}
    return nd.Lif(**more) if dice.random() < 0.5 else nd.CubaLif(**more, tau_syn_s=2 * DT_S, w_in=each(1.0, 2.0))


def wire(dice, rng, source, target):
    n, m = int(np.prod(source)), int(np.prod(target))
    post, pre = np.nonzero(rng.random((m, n)) < 0.4)
    found = [nd.dense("x", "y", eighths(rng, m, n)).operation]
    found.append(Sparse(shape=(m, n), post=post, pre=pre, weights=eighths(rng, post.size)))
    if n == m:
        found += [OneToOne(weights=eighths(rng)), OneToOne(weights=eighths(rng, n)), OneToOne(weights=np.array(1.0))]
    if len(source) == 3 and len(target) == 3:
        same = Conv2d(input_shape=source, weights=eighths(rng, target[0], source[0], 3, 3), padding=(1, 1))
        pool = SumPool2d(input_shape=target, kernel=(3, 3), stride=(1, 1), padding=(1, 1))
        found += [same] * 3 + [Chain(operations=(OneToOne(weights=eighths(rng, n)), same, pool))]
    if n == 32:
        wide = Conv2d(input_shape=(2, 4, 4), weights=eighths(rng, 3, 1, 2, 2)[:2], groups=2, stride=(2, 2))
        found.append(Chain(operations=(wide, nd.dense("x", "y", eighths(rng, m, 8)).operation)))
    if n == 12 and m == 12:
        found.append(Conv1d(input_shape=(2, 6), weights=eighths(rng, 2, 2, 3), padding=2, dilation=2))
    return dice.choice(found)


def late(dice, rng, operation, n, m):
    axis = dice.choice(("projection", "projection", "source", "target", "synapse"))
    if axis == "synapse" and operation.kind not in ("dense", "sparse", "one_to_one"):
        axis = "target"
    shape = (
        {"projection": (), "source": (n,), "target": (m,)}.get(axis) if axis != "synapse" else operation.weights.shape
    )
    steps = rng.integers(0, dice.choice((1, 4)), shape)
    return {"delay_steps": int(steps) if steps.ndim == 0 else steps, "delay_axis": axis}


def random_network(dice):
    """Layers with projections forward, some of which skip layers, and from layers to themselves."""
    rng = np.random.default_rng(dice.randrange(2**32))
    inputs = [nd.Input(name=name, shape=dice.choice(SHAPES)) for name in ("in", "more")[: dice.choice((1, 1, 2))]]
    populations = []
    for name in "abc"[: dice.choice((1, 2, 3))]:
        shape = dice.choice(SHAPES)
        populations.append(nd.Population(name=name, shape=shape, neuron=cell(dice, rng, shape)))
    every, ends = [*inputs, *populations], []
    for number, target in enumerate(populations):
        before = every[: len(inputs) + number]
        ends += [(source, target) for source in dice.sample(before, min(len(before), dice.choice((1, 1, 2))))]
        ends += [(target, target)] if dice.random() < 0.3 else []
    projections = []
    for number, (source, target) in enumerate(ends):
        made = wire(dice, rng, source.shape, target.shape)
        delays = late(dice, rng, made, int(np.prod(source.shape)), int(np.prod(target.shape)))
        ended = {"name": f"p{number}", "source": source.name, "target": target.name}
        projections.append(nd.Projection(**ended, operation=made, **delays))
    return nd.Network(
        name="random", time=nd.Time(dt_s=DT_S), inputs=inputs, populations=populations, projections=projections,
        outputs=[nd.Output(name="out", source=populations[-1].name)],
    )  # fmt: skip


@given(st.randoms(use_true_random=False))
@settings(max_examples=examples(300, 25), deadline=None)
def test_the_graph_spikes_as_the_network(tmp_path_factory, dice):
    network = random_network(dice)
    assert_the_same(network, tmp_path_factory.mktemp("nir") / "a.nir", np.random.default_rng(dice.randrange(2**32)))


# --- single parts, by hand


def exported(network, path, lossy=()):
    made = nd.convert(network, path, lossy=lossy)
    return Frames(path), {(str(line.subject), line.quantity): line for line in made.ledger}


def alone(neuron, weights=1.0, **more):
    return one_layer(neuron, weights, output="out", **more).model_copy(update={"time": nd.Time(dt_s=DT_S)})


def chained(*ends, neuron=None):
    """Populations a, b and c of two neurons and an input "in", with a projection for each pair of names."""
    neuron = neuron or nd.If(v_threshold=1.0)
    populations = [nd.Population(name=name, shape=2, neuron=neuron) for name in "abc"]
    wires = [
        nd.dense(*pair, np.eye(2), **more) for *pair, more in (end if len(end) == 3 else (*end, {}) for end in ends)
    ]
    return network_of(populations, wires, outputs="c").model_copy(update={"time": nd.Time(dt_s=DT_S)})


def test_a_constant_current_is_the_bias_of_a_linear_map(tmp_path):
    bias = np.array([0.25, 0.5])
    model, _ = exported(alone(nd.If(v_threshold=1.0, bias=bias), np.eye(2)), tmp_path / "a.nir")
    assert model.kind["in_to_cells"] == "Affine"
    assert model.nodes["in_to_cells"]["bias"].tolist() == [0.25, 0.5]
    spikes = [model.step({"in": np.zeros(2)})["cells"].tolist() for _ in range(10)]
    assert [step for step, row in enumerate(spikes, 1) if row[0]] == [5, 10]  # 5 * 0.25 > 1
    assert [step for step, row in enumerate(spikes, 1) if row[1]] == [3, 6, 9]


@pytest.mark.parametrize("each", [0.5, np.repeat([0.5, 1.0], 4)])
def test_a_bias_for_each_channel_is_that_of_the_convolution(tmp_path, each):
    conv = Conv2d(input_shape=(1, 3, 3), weights=np.ones((2, 1, 2, 2)))
    network = maps(conv, nd.If(v_threshold=8.0, bias=each))
    model, _ = exported(network, tmp_path / "a.nir")
    assert model.kind["wires"] == "Conv2d"
    assert model.nodes["wires"]["bias"].tolist() == [0.5, 0.5 if np.ndim(each) == 0 else 1.0]
    assert model.nodes["cells"]["r"].shape == (2, 2, 2)


def maps(operation, neuron, source=(1, 3, 3), target=(2, 2, 2), **more):
    return nd.Network(
        name="maps", time=nd.Time(dt_s=DT_S), inputs=[nd.Input(name="in", shape=source)],
        populations=[nd.Population(name="cells", shape=target, neuron=neuron)],
        projections=[nd.Projection(name="wires", source="in", target="cells", operation=operation, **more)],
        outputs=[nd.Output(name="out", source="cells")],
    )  # fmt: skip


def test_any_other_bias_gets_a_node_of_weight_0(tmp_path):
    bias = np.arange(8) / 8
    conv = Conv2d(input_shape=(1, 3, 3), weights=np.ones((2, 1, 2, 2)))
    model, ledger = exported(maps(conv, nd.If(v_threshold=1.0, bias=bias)), tmp_path / "a.nir")
    assert model.nodes["cells_bias"]["bias"].tolist() == bias.tolist()
    assert not model.nodes["cells_bias"]["weight"].any()
    assert ("population 'cells'", "bias") in ledger
    second = [model.step({"in": np.zeros((1, 3, 3))})["cells"].tolist() for _ in range(2)][1]
    assert second == [float(2 * value > 1) for value in bias]


def test_a_network_without_inputs_gets_one_for_its_bias(tmp_path):
    population = nd.Population(name="a", shape=2, neuron=nd.If(v_threshold=1.0, bias=0.75))
    network = nd.Network(name="alone", time=nd.Time(dt_s=DT_S), populations=[population])
    model, _ = exported(network, tmp_path / "a.nir")
    assert [model.step({"constant": np.zeros(1)})["a"].tolist() for _ in range(2)] == [[0, 0], [1, 1]]
    assert nd.load(tmp_path / "a.nir") == network


def test_registers_without_decay_are_exact(tmp_path):
    """w = 3 * 2**2 * 64 = 768, threshold 40 * 64 = 2560, bias 5 * 2**3 = 40: v = 808, 1616, 2424, 3232 spikes."""
    registers = nd.LoihiCuba(du=4095, dv=0, vth_mant=40, bias_mant=5, bias_exp=3)
    style = WeightFormat(weight_bits=8, exponent=2)
    network = alone(registers, np.array([[3]]), weight_format=style)
    model, ledger = exported(network, tmp_path / "a.nir")
    assert (model.kind["cells"], model.nodes["cells"]["v_threshold"].tolist()) == ("IF", [2560.0])
    assert model.nodes["in_to_cells"]["weight"].tolist() == [[768.0]]
    assert ledger["population 'cells'", "registers"].level == "exact"
    spikes = [int(model.step({"in": np.ones(1)})["cells"][0]) for _ in range(8)]
    assert spikes == [0, 0, 0, 1, 0, 0, 0, 1]
    wanted = reference(network, {"in": np.ones((20, 1), np.uint8)}, 9)["cells"].ravel()
    assert wanted[4:9].tolist() == [1, 0, 0, 0, 1]  # one step later, with a bias of 40 before the first spike arrives


def test_decays_of_registers_become_time_constants(tmp_path):
    registers = nd.LoihiCuba(du=1023, dv=512, vth_mant=40, bias_mant=7)
    network = alone(registers, np.array([[3]]), weight_format=WeightFormat(weight_bits=8))
    model, _ = exported(network, tmp_path / "a.nir", "rounding")
    node = model.nodes["cells"]
    keep_i, keep_v = 1 - DT_S / node["tau_syn"], 1 - DT_S / node["tau_mem"]
    assert (float(keep_i[0]), float(keep_v[0])) == (1 - 1024 / 4096, 1 - 512 / 4096)
    assert float((DT_S / node["tau_syn"] * node["w_in"])[0]) == 1.0
    assert float((DT_S / node["tau_mem"] * node["r"])[0]) == 1.0
    assert float((DT_S / node["tau_mem"] * node["v_leak"])[0]) == 7.0


def test_delays_that_only_balance_paths_are_left_out(tmp_path):
    balanced = chained(("in", "a"), ("a", "b"), ("b", "c"), ("in", "c", {"delay_steps": 2}))
    model, ledger = exported(balanced, tmp_path / "a.nir")
    assert "Delay" not in model.kind.values()
    assert ledger["projection 'in_to_c'", "delay"].got == "0 steps"


def test_a_constant_current_that_acts_before_the_first_input_is_told(tmp_path):
    network = chained(("in", "a"), ("a", "b"), ("b", "c"), neuron=nd.If(v_threshold=1.0, bias=0.1))
    _, ledger = exported(network, tmp_path / "a.nir")
    assert ledger["population 'b'", "constant current"].asked == "2 steps of it before the first input"
    assert ledger["population 'c'", "constant current"].level == "approximate"


def test_the_longer_path_is_delayed_where_the_network_does_not_balance(tmp_path):
    model, ledger = exported(chained(("in", "a"), ("a", "b"), ("b", "c"), ("in", "c")), tmp_path / "a.nir")
    assert [name for name, kind in model.kind.items() if kind == "Delay"] == ["b_to_c_delay"]
    assert (model.nodes["b_to_c_delay"]["delay"] / DT_S).tolist() == [2.0, 2.0]
    assert ledger["projection 'b_to_c'", "delay"].got == "2 steps"


def test_a_loop_of_several_populations_is_a_loss_and_one_of_a_single_one_is_not(tmp_path):
    exported(chained(("in", "a"), ("a", "a"), ("a", "b"), ("b", "c")), tmp_path / "a.nir")
    with pytest.raises(nd.DiagnosticError) as error:
        exported(chained(("in", "a"), ("a", "b"), ("b", "a"), ("b", "c")), tmp_path / "a.nir")
    assert "loops: a step of its own within a loop of projections 'a_to_b' and 'b_to_a'" in str(error.value)


@pytest.mark.parametrize(
    ("neuron", "loss"),
    [
        (nd.If(v_threshold=1.0, reset="subtract"), "reset"),
        (nd.If(v_threshold=1.0, reset="none"), "reset"),
        (nd.If(v_threshold=1.0, comparison=">="), "comparison"),
        (nd.If(v_threshold=1.0, refractory_steps=1), "refractory"),
        (nd.If(v_threshold=1.0, v_floor=-1.0), "floor"),
        (nd.Lif(tau_m_s=0.01, v_threshold=1.0, discretization=Explicit(keep_v=1.0, gain_v=1.0)), "discretization"),
    ],
)
def test_each_loss_has_its_name(tmp_path, neuron, loss):
    with pytest.raises(nd.DiagnosticError) as error:
        nd.save(alone(neuron), tmp_path / "a.nir")
    assert [item.code for item in error.value.diagnostics] == ["ND075"]
    assert error.value.diagnostics[0].fixes[0].flag == f"--lossy {loss}"
    nd.save(alone(neuron), tmp_path / "a.nir", lossy=loss)


def test_a_readout_without_spikes_sends_nothing_on(tmp_path):
    network = chained(("in", "a"), ("a", "b"), ("b", "c"), neuron=CubaLi(tau_m_s=4 * DT_S, tau_syn_s=DT_S))
    network = network.model_copy(update={"outputs": (nd.Output(name="out", source="c", decoder="membrane"),)})
    model, ledger = exported(network, tmp_path / "a.nir")
    assert "a_to_b" not in model.kind
    assert ledger["projection 'a_to_b'", "projection"].got == "left out"


def test_shapes_that_nir_cannot_restore_become_matrices(tmp_path):
    """A dense layer leads to flat values, so that a convolution of them is written as the matrix that it is."""
    conv = Conv2d(input_shape=(1, 4, 3), weights=np.ones((1, 1, 2, 2)))
    neuron = nd.If(v_threshold=1.0)
    network = nd.Network(
        name="flat", time=nd.Time(dt_s=DT_S), inputs=[nd.Input(name="in", shape=2)],
        populations=[nd.Population(name="a", shape=(1, 4, 3), neuron=neuron), nd.Population(name="b", shape=6, neuron=neuron)],
        projections=[nd.dense("in", "a", np.ones((12, 2))), nd.Projection(name="conv", source="a", target="b", operation=conv)],
    )  # fmt: skip
    model, ledger = exported(network, tmp_path / "a.nir")
    assert (model.kind["conv"], model.nodes["conv"]["weight"].shape) == ("Affine", (6, 12))
    assert model.nodes["conv"]["weight"].sum(axis=1).tolist() == [4.0] * 6
    assert ledger["projection 'conv'", "operation"].got == "the matrix that it is"


def test_an_average_pool_of_integers_keeps_its_unit(tmp_path):
    pool = AvgPool2d(input_shape=(1, 2, 2), kernel=(2, 2), stride=(1, 1))
    registers = nd.LoihiCuba(du=4095, dv=0, vth_mant=1)
    style = WeightFormat(weight_bits=8, exponent=1)
    network = maps(pool, registers, (1, 2, 2), (1, 1, 1), weight_format=style)
    model, _ = exported(network, tmp_path / "a.nir")
    assert model.nodes["wires_scale"]["scale"].tolist() == [[[128.0]]]
