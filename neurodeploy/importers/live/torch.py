"""Live modules of PyTorch as trained networks, through PyTorch's own ONNX export of one sample.

The exporter that traces the module is used first: it is quick, and keeps the module's layers. It fixes branches on values as
they were for the sample; the other exporter (dynamo), which needs the package onnxscript, refuses such branches.
"""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO, StringIO
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding
from neurodeploy.importers.live.names import rename_nodes
from neurodeploy.trained.forward import forward
from neurodeploy.trained.network import Read, TrainedNetwork, legal_name

__all__ = ["load_module"]

STAGE = "convert"
TOLERANCE = 1e-3
"""Largest accepted difference between the module and the network that was read, in shares of the largest value."""
NEEDED = "onnx"
OTHER_EXPORTER = "onnxscript"
WAY_OUT = "export it yourself with torch.onnx.export(module, (sample,), 'model.onnx'), and pass the file"


class _Exported(NamedTuple):
    """An export as an onnx.ModelProto, and whether the module branches on values."""

    proto: Any
    branches: bool


def load_module(model: object, example: NDArray[Any] | None = None) -> Read:
    """Return a torch.nn.Module as a trained network: what it computes in evaluation mode, which is left as it was.

    `model`: the module. `example`: one sample, (1, *shape), of the first argument of forward.

    Raises DiagnosticError: ND804 (no package onnx), ND822 (it cannot be exported), ND825 (no example), and those of ONNX models.
    """
    module: Any = model
    kind = type(module).__name__
    subject = about("model", kind)
    if find_spec(NEEDED) is None:
        message = f"needs the Python package {NEEDED}, which is not installed"
        raise _refused("ND804", subject, message, "pip install 'neurodeploy[onnx]'")
    if example is None:
        message = "is exported with one sample, because a module does not know the shape of its input; there is none"
        raise _refused("ND825", subject, message, "nd.convert(module, calibration=x_train[:500])")
    with _evaluating(module), _quiet():
        sample = _sample(module, example)
        exported = _exported(module, sample, subject)
        wanted = _output(module, sample)
    rename_nodes(exported.proto)
    load_onnx: Callable[[Any], Read] = import_module("neurodeploy.importers.onnx.load").load_onnx
    read = load_onnx(exported.proto)
    network = read.network.model_copy(update={"source": "torch", "name": legal_name(kind)})
    _require_equal(network, example, wanted, subject)
    return Read(network=network, ledger=read.ledger, findings=(*read.findings, *_branch_findings(exported, subject)))


def _refused(code: str, subject: Subject, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError(STAGE, (finding(code, subject, message, fixes=fixes),))


@contextmanager
def _evaluating(module: Any) -> Generator[None]:
    """The module in evaluation mode; afterwards every part of it has the mode that it had."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def _quiet() -> Generator[None]:
    """No words of the exporters: neither printed nor logged nor as warnings."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _sample(module: Any, example: NDArray[Any]) -> Any:
    """The example as a tensor of the module's type, where the module is."""
    torch: Any = import_module("torch")
    tensor = torch.from_numpy(np.array(example, dtype=np.float32))
    first = next(iter(module.parameters()), None)
    if first is None:
        return tensor
    return tensor.to(device=first.device, dtype=first.dtype if first.is_floating_point() else None)


def _output(module: Any, sample: Any) -> NDArray[Any] | None:
    """What the module computes for the sample; None if it is not one tensor."""
    torch: Any = import_module("torch")
    with torch.no_grad():
        made = module(sample)
    return np.asarray(made.detach().cpu().float().numpy()) if isinstance(made, torch.Tensor) else None


def _exported(module: Any, sample: Any, subject: Subject) -> _Exported:
    """The export of the first exporter that can. Raises DiagnosticError: ND822."""
    faults, traced = list[str](), list[_Exported]()
    for exporter in (_traced, _captured):
        try:
            made = exporter(module, sample)
        except Exception as error:  # exporters, and the module that they call, raise anything
            faults.append(_first_line(error))
            continue
        if not made.branches:
            return made
        traced.append(made)
    if traced:
        return traced[0]
    message = f"cannot be exported by torch.onnx.export: {faults[0]}"
    missing = [] if find_spec(OTHER_EXPORTER) else [f"for another exporter: pip install {OTHER_EXPORTER}"]
    raise _refused("ND822", subject, message, "give samples of the shape that forward takes", WAY_OUT, *missing)


def _traced(module: Any, sample: Any) -> _Exported:
    """The export of the tracing exporter."""
    torch, onnx = cast("Any", import_module("torch")), cast("Any", import_module("onnx"))
    buffer, names = BytesIO(), [_input_name(module)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.onnx.export(module, (sample,), buffer, dynamo=False, input_names=names)
    branches = any(issubclass(item.category, torch.jit.TracerWarning) for item in caught)
    return _Exported(onnx.load_from_string(buffer.getvalue()), branches)


def _captured(module: Any, sample: Any) -> _Exported:
    """The export of the exporter that captures the program."""
    torch: Any = import_module("torch")
    import_module(OTHER_EXPORTER)
    program = torch.onnx.export(module, (sample,), dynamo=True, verbose=False, input_names=[_input_name(module)])
    return _Exported(program.model_proto, False)


def _input_name(module: Any) -> str:
    """The name of the first argument of forward."""
    try:
        return next(iter(inspect.signature(module.forward).parameters), "input")
    except (TypeError, ValueError):  # a compiled module
        return "input"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _require_equal(
    network: TrainedNetwork, example: NDArray[Any], wanted: NDArray[Any] | None, subject: Subject
) -> None:
    """Compare what was read with the module, for the sample. Raises DiagnosticError: ND822."""
    item = network.inputs[0]
    if wanted is None or len(network.inputs) > 1:
        return
    given = np.asarray(example, dtype=np.float32)
    if item.sample_axes is not None:
        given = given.transpose(0, *(axis + 1 for axis in item.sample_axes))
    made = forward(network, {item.name: given})[network.nodes[-1].name]
    if made.size == wanted.size:
        difference = float(np.abs(made.ravel() - wanted.ravel()).max()) / max(float(np.abs(wanted).max()), 1.0)
        if difference <= TOLERANCE:
            return
        message = (
            f"computes other values than its export: the largest difference is {difference:.2g} of the largest value"
        )
    else:
        message = f"returns {wanted.size:,} values, and its export {made.size:,}"
    raise _refused("ND822", subject, message, WAY_OUT)


def _branch_findings(exported: _Exported, subject: Subject) -> tuple[Diagnostic, ...]:
    if not exported.branches:
        return ()
    message = "branches on values or shapes in forward; the export took the branches of one sample"
    return (finding("ND826", subject, message, fixes=["make forward free of branches on values"]),)
