"""Small trained networks with every activation and pool, on the integers of a chip."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import neurodeploy as nd
from neurodeploy.convert.calibrate import Samples
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.hardware import load_target
from neurodeploy.trained.forward import forward
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.network import Node, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, Convolution, FullyConnected, MaxPool, Scores

ACTIVATIONS = {
    "relu": Activate(function="relu"),
    "relu with a limit": Activate(function="relu", high=1.0),
    "leaky_relu": Activate(function="leaky_relu", slope=0.2),
    "prelu": Activate(function="leaky_relu", slope=np.linspace(-0.2, 0.6, 24)),
    "sigmoid": Activate(function="sigmoid"),
    "tanh": Activate(function="tanh"),
    "hard_sigmoid": Activate(function="hard_sigmoid", slope=0.2),
    "step": Activate(function="step"),
}
SHARES = {"relu": 0.9, "leaky_relu": 0.9, "tanh": 0.9, "hard_sigmoid": 0.75, "step": 0.75}
"""Least share of samples with the answer of the trained network in 32 steps; the others as relu. Of hard_sigmoid, the values
differ little between samples; of step, sums near 0 decide."""


def dense(name, source, weights, bias=0.0):
    return Node(
        name=name, operation=FullyConnected(weights=weights, bias=bias), inputs=(source,), shape=(len(weights),)
    )


def perceptron(activation, seed=1, task="classify", **fields):
    """16 inputs, two layers of 24 with an activation, 4 outputs."""
    rng, nodes, source = np.random.default_rng(seed), [], "x"
    for name, n_in in (("first", 16), ("second", 24)):
        nodes.append(dense(name, source, rng.normal(size=(24, n_in)) * 2 / np.sqrt(n_in), rng.normal(size=24) * 0.3))
        nodes.append(Node(name=f"{name}_act", operation=activation, inputs=(name,), shape=(24,)))
        source = f"{name}_act"
    nodes.append(dense("scores", source, rng.normal(size=(4, 24)), rng.normal(size=4)))
    return network(*nodes, shape=(16,), task=task, **fields)


def network(*nodes, shape, **fields):
    x = TrainedInput(name="x", shape=shape)
    return TrainedNetwork(name="net", source="torch", inputs=(x,), nodes=nodes, **fields)


def converted(trained, x, steps=32, labels=None, **options):
    rows = Samples({"x": x.reshape(len(x), -1).astype(np.float32)}, labels)
    options = {"percentile": 99.9, "ranges": "layer", "bias_correction": False, **options}
    return convert_trained(Read(network=trained), rows, load_target("loihi1"), ConvertOptions(steps=steps, **options))


def answers(made, x, steps=32):
    program = nd.compile(made.network, "loihi1")
    depth = max(layers_of(made.trained).depth().values()) + 1
    return np.asarray(nd.answers(program, program.run({"x": x}, steps=steps, until=steps + depth)))


def own_answers(trained, x):
    return forward(trained, {"x": x.astype(np.float64)})[trained.nodes[-1].name].argmax(axis=1)


RARE = ("relu with a limit", "prelu", "hard_sigmoid")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in RARE else []) for name in ACTIVATIONS]
)
def test_every_activation_runs_on_the_integers_of_a_chip(name):
    trained, x = perceptron(ACTIVATIONS[name]), np.random.default_rng(2).random((160, 16)).astype(np.float32)
    made = converted(trained, x[:80])
    same = (answers(made, x[80:]) == own_answers(trained, x[80:])).mean()
    assert same >= SHARES.get(name, 0.9)
    first = made.layers[0]
    units = {"leaky_relu": 2, "prelu": 2, "sigmoid": 2, "tanh": 2}.get(name, 1)
    assert first.populations == (("first",) if units == 1 else tuple(f"first.{letter}" for letter in "ab"[:units]))
    assert first.error < 0.06
    line = next(line for line in made.ledger if str(line.subject) == "layer 'first'")
    assert (line.quantity, line.relative_error) == (ACTIVATIONS[name].function, first.error)


def image_network(activation, pool, size=8):
    """Two convolutions with an activation, of which the second is pooled."""
    rng = np.random.default_rng(5)
    window = {"stride": (1, 1), "begin": (1, 1), "end": (1, 1), "dilation": (1, 1)}
    convolutions = [
        Convolution(weights=rng.normal(size=(6, c, 3, 3)) / np.sqrt(9 * c), bias=0.1, **window) for c in (2, 6)
    ]
    half = (
        6,
        *(
            (side + b + e - k) // s + 1
            for side, k, s, b, e in zip((size, size), pool.kernel, pool.stride, pool.begin, pool.end, strict=True)
        ),
    )
    return network(
        Node(name="conv1", operation=convolutions[0], inputs=("x",), shape=(6, size, size)),
        Node(name="act1", operation=activation, inputs=("conv1",), shape=(6, size, size)),
        Node(name="conv2", operation=convolutions[1], inputs=("act1",), shape=(6, size, size)),
        Node(name="act2", operation=activation, inputs=("conv2",), shape=(6, size, size)),
        Node(name="pool", operation=pool, inputs=("act2",), shape=half),
        dense("scores", "pool", rng.normal(size=(4, int(np.prod(half))))),
        shape=(2, size, size),
    )  # fmt: skip


POOL = MaxPool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))
ODD = MaxPool(kernel=(3, 2), stride=(2, 2), begin=(0, 1), end=(1, 0))


@pytest.mark.parametrize(
    ("name", "pool"),
    [("relu", ODD), ("tanh", POOL), pytest.param("tanh", ODD, marks=pytest.mark.slow)],
    ids=["relu", "tanh", "tanh, odd"],
)
def test_a_pool_spikes_whenever_a_source_of_its_window_does(name, pool):
    trained, images = image_network(ACTIVATIONS[name], pool), np.random.default_rng(6).random((60, 2, 8, 8))
    made = converted(trained, images[:40], steps=16, max_pool="or")
    program = nd.compile(made.network, "loihi1")
    run = program.run({"x": images[40:]}, steps=16, until=18)
    units = [item.name.removeprefix("conv2") for item in made.network.populations if item.name.startswith("conv2")]
    for unit in units:
        source, pooled = (np.zeros((20, 20, size), dtype=bool) for size in (384, np.prod(trained.nodes[-2].shape)))
        for raster, population in ((source, "conv2"), (pooled, "pool")):
            rows = run.spikes[population + unit]
            raster[rows[:, 0], rows[:, 1], rows[:, 2]] = True
        (above, left), (below, right) = pool.begin, pool.end
        wide = np.pad(source.reshape(20, 20, 6, 8, 8), ((0, 0), (0, 0), (0, 0), (above, below), (left, right)))
        (high, across), (down, over) = pool.kernel, pool.stride
        shape = trained.nodes[-2].shape
        for row in range(shape[1]):
            for column in range(shape[2]):
                window = wide[..., row * down : row * down + high, column * over : column * over + across]
                expected = window.any(axis=(-2, -1))[:, :-1]
                found = pooled.reshape(20, 20, *shape)[:, 1:, :, row, column]
                assert np.array_equal(found[:, :18], expected[:, :18])
    assert pooled.any()
    layer = next(layer for layer in made.layers if layer.name == "pool")
    assert layer.activation == "max_pool"
    assert layer.became.endswith("a spike if any source of the window spikes")


@pytest.fixture(scope="module")
def digits():
    """Digits for a random convolution whose pooled values a linear classifier reads, with its answers."""
    data = load_digits()
    images, labels = data.images[:, None] / 16.0, data.target
    rng = np.random.default_rng(8)
    window = Convolution(
        weights=rng.normal(size=(12, 1, 3, 3)), stride=(1, 1), begin=(1, 1), end=(1, 1), dilation=(1, 1), bias=-0.3
    )
    nodes = (
        Node(name="conv", operation=window, inputs=("x",), shape=(12, 8, 8)),
        Node(name="relu", operation=ACTIVATIONS["relu"], inputs=("conv",), shape=(12, 8, 8)),
        Node(name="pool", operation=POOL, inputs=("relu",), shape=(12, 4, 4)),
    )
    values = forward(network(*nodes, shape=(1, 8, 8)), {"x": images})["pool"].reshape(len(images), -1)
    train = values[:1000] - values[:1000].mean(axis=0)
    gram = train.T @ train + 30 * np.eye(train.shape[1])
    weights = np.linalg.solve(gram, train.T @ (np.eye(10)[labels[:1000]] - 0.1)).T
    bias = -weights @ values[:1000].mean(axis=0)
    return network(*nodes, dense("scores", "pool", weights, bias), shape=(1, 8, 8)), images, labels


@pytest.mark.slow
def test_both_ways_of_a_pool_lose_what_their_finding_says(digits):
    trained, images, labels = digits
    own = (own_answers(trained, images[1000:1300]) == labels[1000:1300]).mean()
    assert own > 0.95
    for way, least in (("or", 0.89), ("average", 0.85)):
        made = converted(trained, images[800:1000], labels=labels[800:1000], max_pool=way)
        assert (answers(made, images[1000:1300]) == labels[1000:1300]).mean() >= least
        assert ("pool" in {layer.name for layer in made.layers}) == (way == "or")
        lines = [line.got for line in made.ledger if str(line.subject) == "node 'pool'"]
        assert lines == ([] if way == "or" else ["average of 2 x 2"])
    (item,) = refused(trained, images[800:1000], labels=labels[800:1000])
    told = [float(fix.text.partition("; ")[2].partition("%")[0]) / 100 for fix in item.fixes]
    assert told == [pytest.approx(0.92, abs=0.04), pytest.approx(0.88, abs=0.05)], "near what the chip then reaches"


def refused(trained, x, **options):
    with pytest.raises(nd.DiagnosticError) as caught:
        converted(trained, x, **options)
    return caught.value.diagnostics


def test_pools_are_refused_with_the_loss_of_both_ways():
    trained, images = image_network(ACTIVATIONS["relu"], POOL), np.random.default_rng(7).random((24, 2, 8, 8))
    (item,) = refused(trained, images, steps=8)
    assert (item.code, str(item.subject)) == ("ND843", "node 'pool'")
    assert [fix.flag for fix in item.fixes] == ["--max-pool or", "--max-pool average"]
    assert all("of 24 calibration samples in 8 steps" in fix.text for fix in item.fixes)
    (item,) = refused(trained, images, labels=own_answers(trained, images), steps=8)
    assert all(fix.text.endswith("right, against 100.0%") for fix in item.fixes)


def test_pools_of_values_of_both_signs_have_one_way():
    images = np.random.default_rng(7).random((20, 2, 8, 8))
    trained = image_network(ACTIVATIONS["leaky_relu"], POOL)
    (item,) = refused(trained, images, steps=8)
    assert [fix.flag for fix in item.fixes] == ["--max-pool average"]
    (item,) = refused(trained, images, max_pool="or")
    assert (item.code, item.message) == ("ND842", "reads values of both signs")
    bare = network(
        Node(name="pool", operation=POOL, inputs=("x",), shape=(2, 4, 4)),
        dense("scores", "pool", np.eye(32)[:4]),
        shape=(2, 8, 8),
    )
    (item,) = refused(bare, images - 0.5, max_pool="or")
    assert item.message == "reads values of both signs"
    assert converted(bare, images, steps=8, max_pool="or").layers[0].populations == ("pool",)


@pytest.mark.parametrize("function", ["tanh", "relu", "sigmoid"])
def test_an_activation_at_the_end_is_read_unless_it_keeps_the_order_of_classes(function):
    last = Node(name="end", operation=Activate(function=function), inputs=("scores",), shape=(4,))
    for task in ("classify", "regress"):
        plain = perceptron(ACTIVATIONS["relu"], task=task)
        layers = layers_of(plain.model_copy(update={"nodes": (*plain.nodes, last)})).layers
        dropped = task == "classify" and function != "relu"
        names = [layer.name for layer in layers]
        assert names == ["first", "second", "scores"] + ([] if dropped else ["output"])
        assert layers[-1].activation is None
    scored = plain.model_copy(
        update={"nodes": (*plain.nodes, last.model_copy(update={"operation": Scores(function="softmax")}))}
    )
    assert [layer.name for layer in layers_of(scored).layers] == ["first", "second", "scores"]


def test_a_network_that_ends_with_an_activation_runs():
    plain, x = perceptron(ACTIVATIONS["tanh"]), np.random.default_rng(2).random((120, 16)).astype(np.float32)
    last = Node(name="end", operation=Activate(function="relu"), inputs=("scores",), shape=(4,))
    trained = plain.model_copy(update={"nodes": (*plain.nodes, last)})
    made = converted(trained, x[:60])
    assert (answers(made, x[60:]) == own_answers(trained, x[60:])).mean() > 0.85
