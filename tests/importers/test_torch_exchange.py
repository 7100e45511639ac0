"""Live modules of PyTorch against what is read from them. The session `exchange` of noxfile.py installs PyTorch, onnx and onnxscript."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers.trained import is_trained, read_trained
from neurodeploy.trained.forward import forward

missing = [name for name in ("torch", "onnx", "onnxscript") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing),
        reason=f"{', '.join(missing)} are missing and cannot be had: the nox session `exchange` installs them, on Python 3.11",
    ),
]
if not missing:
    torch = importlib.import_module("torch")
    nn = torch.nn
LEAST = 1e-5


def residual():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.5)
            )
            self.inner = nn.Conv2d(4, 4, 3, padding=1)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.head = nn.Linear(4, 3)

        def forward(self, image):
            x = self.features(image)
            x = x + torch.relu(self.inner(x))
            return self.head(torch.flatten(self.pool(x), 1))

    return Residual()


CASES = {
    "residual": (residual, (3, 8, 8), ["features.0", "features.2", "features.3", "inner", "head"]),
    "mlp": (
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5), nn.ReLU6(), nn.Dropout(), nn.Linear(5, 3), nn.Softmax(1)
        ),
        (3, 4), ["1", "5"],
    ),
    "1-D": (
        lambda: nn.Sequential(
            nn.Conv1d(2, 4, 3, dilation=2, groups=2), nn.PReLU(4), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(12, 3),
            nn.LogSoftmax(1),
        ),
        (2, 10), ["0", "4"],
    ),
    "depthwise": (
        lambda: nn.Sequential(
            nn.Conv2d(4, 8, (3, 2), stride=2, padding=(1, 0), groups=4, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(0.1),
            nn.Conv2d(8, 3, 1), nn.AvgPool2d(2, padding=1), nn.Hardtanh(0, 6), nn.Flatten(), nn.Linear(18, 2), nn.Sigmoid(),
        ),
        (4, 7, 6), ["0", "3", "7"],
    ),
    "double precision": (lambda: nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)).double(), (5,), ["0", "2"]),
}  # fmt: skip


def randomized(module):
    torch.manual_seed(2)
    for name, values in (*module.named_parameters(), *module.named_buffers()):
        if values.is_floating_point():
            values.data = torch.rand_like(values) + 0.5 if "var" in name else torch.randn_like(values) * 0.5
    return module


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_the_module(case, capfd, recwarn):
    make, shape, names = CASES[case]
    module = randomized(make()).train()
    samples = np.random.default_rng(4).normal(size=(5, *shape)).astype(np.float32)
    read = read_trained(module, samples[:1])
    assert capfd.readouterr() == ("", "")
    assert not list(recwarn)
    assert all(part.training for part in module.modules())
    network = read.network
    assert (network.source, network.name) == ("torch", type(module).__name__)
    assert [name for name in names if name in {node.name for node in network.nodes}] == names
    with torch.no_grad():
        weights = next(module.parameters())
        expected = module.eval()(torch.from_numpy(samples).to(weights.dtype)).numpy()
    found = forward(network, {network.inputs[0].name: samples.astype(float)})[network.nodes[-1].name]
    assert np.abs(found.reshape(expected.shape) - expected).max() <= LEAST * max(np.abs(expected).max(), 1)


def test_one_score_becomes_two_classes():
    module = randomized(nn.Sequential(nn.Linear(5, 1), nn.Sigmoid()))
    samples = np.random.default_rng(4).normal(size=(5, 5)).astype(np.float32)
    network = read_trained(module, samples[:1]).network
    with torch.no_grad():
        share = module(torch.from_numpy(samples)).numpy()
    found = forward(network, {network.inputs[0].name: samples.astype(float)})[network.nodes[-1].name]
    assert np.abs(found - np.hstack([1 - share, share])).max() <= LEAST


def test_the_mode_of_every_part_stays():
    module = residual()
    module.features.eval()
    before = [part.training for part in module.modules()]
    read_trained(module, np.zeros((1, 3, 8, 8), dtype=np.float32))
    assert [part.training for part in module.modules()] == before


def test_a_module_is_converted_with_its_calibration():
    module = randomized(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)))
    samples = np.random.default_rng(4).uniform(size=(80, 6)).astype(np.float32)
    assert is_trained(module)
    with torch.no_grad():
        answers = module(torch.from_numpy(samples)).numpy().argmax(axis=1)
    made = nd.convert(module, calibration=samples, target="loihi1", steps=64)
    program = nd.compile(made, "loihi1")
    values = {made.network.inputs[0].name: samples}
    assert (nd.answers(program, nd.run(program, nd.SampleValues(values=values))) == answers).mean() >= 0.85


class ToldError(Exception):
    """What a module says that cannot run."""


def refused(module, shape):
    with pytest.raises(DiagnosticError) as error:
        read_trained(module, np.zeros((1, *shape), dtype=np.float32))
    return [(item.code, item.message) for item in error.value.diagnostics]


def test_a_module_that_cannot_run_says_why():
    class Broken(nn.Module):
        def forward(self, x):
            raise ToldError("this is no network\nmore words")

    assert refused(Broken(), (4,)) == [
        ("ND822", "cannot be exported by torch.onnx.export: ToldError: this is no network")
    ]
    ((code, message),) = refused(nn.Linear(5, 3), (4,))
    assert code == "ND822"
    assert "shapes cannot be multiplied" in message


def test_operations_and_cells_are_named_by_layer():
    ((code, _),) = refused(nn.Sequential(nn.Linear(4, 4), nn.GELU()), (4,))
    assert code == "ND800"
    assert refused(nn.LSTM(4, 3), (5, 4))[0][0] == "ND801"


def test_a_branch_on_values_is_told():
    class Branch(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 3), nn.Linear(4, 3)

        def forward(self, x):
            return self.first(x) if x.mean() > 0 else torch.relu(self.second(x))

    read = read_trained(Branch(), np.ones((1, 4), dtype=np.float32))
    assert [item.code for item in read.findings] == ["ND826"]
    assert [node.name for node in read.network.nodes] == ["first"]
