"""Keras models as trained networks: .keras and .h5 files, and live models, which are saved to a temporary file first."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast
from warnings import catch_warnings, simplefilter

from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding, raise_errors
from neurodeploy.diagnostics.ledger import LedgerLine, Level
from neurodeploy.importers.keras.faults import Faults, LayerError
from neurodeploy.importers.keras.operators import is_operator, operator
from neurodeploy.importers.keras.place import Place
from neurodeploy.importers.keras.shapes import IDLE
from neurodeploy.importers.keras.source import Saved, saved_model
from neurodeploy.importers.keras.spec import Call, LayerSpec, ModelSpec, Reference, all_layers, model_spec, shape_of
from neurodeploy.importers.keras.tensors import Builder, Tensor, front
from neurodeploy.importers.keras.unsupported import READERS, fault_of
from neurodeploy.importers.keras.windows import WINDOW_LAYERS
from neurodeploy.trained.network import Node, Read, TrainedNetwork, legal_name
from neurodeploy.trained.operations import Activate, Scores

__all__ = ["load_keras"]

NEWEST = 3
"""Newest major version of Keras whose layers are known."""
MOVING = ("Flatten", "Reshape", "Permute")
"""Layers before which samples keep the order of their axes."""
REGRESSION = ("mean_", "mse", "mae", "mape", "msle", "huber", "log_cosh", "logcosh", "poisson", "cosine", "tweedie")
"""Beginnings of losses of networks that return values, not classes."""


def load_keras(model: object, example: NDArray[Any] | None = None) -> Read:
    """Return a Keras model as a trained network: channels first, weights of dense layers in that order.

    `model`: the path of a .keras, .h5 or .hdf5 file of Keras 2 or 3, or a live keras.Model. `example`: one sample, (1, *shape),
    which gives open axes of the input their sizes.

    Raises DiagnosticError: ND001, ND003, ND005, ND012 (files), ND800-ND803, ND806, ND820, ND821, ND823.
    """
    if isinstance(model, Path):
        return _read(saved_model(model), model, example)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        _save(model, path)
        return _read(saved_model(path), None, example)


def _save(model: Any, path: Path) -> None:
    """Save a live model without a word. Raises DiagnosticError: ND822."""
    try:
        with catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            simplefilter("ignore")
            model.save(path)
    except Exception as error:  # of any kind: the model may be the user's own class
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        fixes = ["build the model (model.build, or a call with samples), then save it with model.save('model.keras')"]
        subject = about("model", str(getattr(model, "name", "")) or type(model).__name__)
        raise DiagnosticError(
            "convert", (finding("ND822", subject, f"cannot be saved: {why[:200]}", fixes=fixes),)
        ) from None


def _read(saved: Saved, path: Path | None, example: NDArray[Any] | None) -> Read:
    try:
        spec = model_spec(saved.config)
    except LayerError as fault:
        where = about("model", "") if path is None else about("file", path)
        raise DiagnosticError("convert", (finding(fault.code, where, fault.message, fixes=fault.fixes),)) from None
    faults = Faults()
    for name, layer in all_layers(spec):
        fault = fault_of(layer)
        if fault is not None:
            faults.add(name, fault)
    raise_errors("convert", [*faults.findings()])
    version = saved.version.partition(".")[0]
    major = int(version) if version.isdigit() and len(version) < 4 else NEWEST
    reading = _Reading(spec, saved, min(max(major, 2), NEWEST), faults, example)
    network, ledger = reading.network(path)
    return Read(network=network, ledger=ledger, findings=_version_findings(saved.version, major))


def _version_findings(version: str, major: int) -> tuple[Diagnostic, ...]:
    if major <= NEWEST:
        return ()
    message = f"was written by Keras {version[:20]}; its layers are read as those of Keras {NEWEST}"
    return (finding("ND824", about("model"), message, fixes=["compare its accuracy with Keras' own"]),)


class _Use(NamedTuple):
    """A model where it is used: its calls, the models around it, and the tensors that it is given."""

    spec: ModelSpec
    path: tuple[LayerSpec, ...]
    given: tuple[Tensor, ...]


class _Reading:
    """One pass over the calls of a model."""

    def __init__(self, spec: ModelSpec, saved: Saved, major: int, faults: Faults, example: NDArray[Any] | None) -> None:
        self.spec, self.saved, self.major, self.faults, self.example = spec, saved, major, faults, example
        self.builder = Builder()
        self.opened: list[str] = []

    def network(self, path: Path | None) -> tuple[TrainedNetwork, tuple[LedgerLine, ...]]:
        """Return the network and its ledger. Raises DiagnosticError with all faults."""
        first, *more = self.spec.outputs
        if more:
            names = [name for name, _ in self.spec.outputs]
            fixes = [f"keep one: keras.Model(model.inputs, model.get_layer('{names[0][:60]}').output)"]
            message = f"has {len(names)} outputs: {', '.join(names)[:200]}"
            raise DiagnosticError("convert", (finding("ND823", about("model", self.spec.name), message, fixes=fixes),))
        made = self.values(_Use(self.spec, (), ()))
        raise_errors("convert", [*self.faults.findings()])
        output = self.last(made[first])
        nodes = self.trimmed(output)
        regress = self.saved.loss.startswith(REGRESSION)
        network = TrainedNetwork(
            name=legal_name(path.name.partition(".")[0] if path is not None else self.spec.name),
            source="keras",
            inputs=tuple(self.builder.inputs),
            nodes=nodes if regress else _with_scores(nodes),
            task="regress" if regress else "classify",
        )
        return network, self.ledger(network)

    def values(self, use: _Use) -> dict[Reference, Tensor]:
        """Return the tensors of a model; those of layers with a fault, and of layers after them, are left out."""
        found = dict[Reference, Tensor]()
        for call in use.spec.calls:
            if not all(item in found for item in call.reads):
                continue
            path = (*use.path, use.spec.layers[call.layer])
            try:
                made = self.called(use, call, path, tuple(found[item] for item in call.reads))
            except LayerError as fault:
                self.faults.add("/".join(item.name for item in path), fault)
                continue
            if made is not None:
                found[call.layer, call.number] = made
        return found

    def called(self, use: _Use, call: Call, path: tuple[LayerSpec, ...], given: tuple[Tensor, ...]) -> Tensor | None:
        """Return the tensor of a call; None for a model inside whose output has a fault before it."""
        layer = path[-1]
        if layer.kind == "InputLayer" and not given:
            return self.entry(use, layer)
        if layer.model is not None:
            return self.values(_Use(layer.model, path, given)).get(layer.model.outputs[0])
        return self.tensor(Place(self.builder, path, call, self.saved.weights, self.major), given)

    def tensor(self, place: Place, given: tuple[Tensor, ...]) -> Tensor:
        """Return the tensor of a layer."""
        if not given:
            raise LayerError("ND803", "reads no tensor")
        if is_operator(place.spec) or place.call.constants:
            return operator(place, given)
        made: Tensor = READERS[place.spec.kind](place, given)
        return made

    def entry(self, use: _Use, layer: LayerSpec) -> Tensor:
        """Return the tensor of an input layer: a new input, or what a model around it gives."""
        if use.path:
            which = use.spec.inputs.index(layer.name) if layer.name in use.spec.inputs else -1
            if not 0 <= which < len(use.given):
                raise LayerError("ND803", "is an input that is given no tensor")
            return use.given[which]
        shape = self.closed(layer)
        self.builder.require(shape)
        return self.builder.add_input(layer.name, shape, self.order(len(shape)))

    def closed(self, layer: LayerSpec) -> tuple[int, ...]:
        """Return the shape of an input, with open axes as the example has them. Raises LayerError: ND821."""
        shape = shape_of(layer)
        if shape and None not in shape:
            return cast("tuple[int, ...]", shape)
        lone = len(self.spec.inputs) == 1
        own: tuple[int, ...] = self.example.shape[1:] if self.example is not None and lone else ()
        wanted = shape or (None,) * len(own)
        if own and len(own) == len(wanted) and all(n in (None, m) for n, m in zip(wanted, own, strict=True)):
            self.opened.append(layer.name)
            return own
        shown = "no shape" if shape is None else f"the open shape {['batch', *shape]}".replace("'", "")
        raise LayerError("ND821", f"is an input with {shown}", "build the model with keras.Input(shape=...)")

    def order(self, rank: int) -> tuple[int, ...]:
        """Return the order in which axes of samples become axes of the network, by the first layer that minds."""
        for _, layer in all_layers(self.spec):
            if rank < 2 or layer.kind in MOVING:
                break
            if layer.kind in WINDOW_LAYERS or layer.kind.startswith(("ZeroPadding", "Cropping", "UpSampling")):
                return front(rank, 0 if layer.config.get("data_format") == "channels_first" else rank - 1)
        return tuple(range(rank))

    def last(self, output: Tensor) -> Tensor:
        """Return the output in the order of the model if it has one axis."""
        return self.builder.arranged(output, (0,)) if len(output.shape) == 1 else output

    def trimmed(self, output: Tensor) -> tuple[Node, ...]:
        """Return the nodes of the output. Raises DiagnosticError: ND800 (a softmax inside), ND803 (no layer)."""
        nodes = self.builder.trimmed(output.node)
        if not nodes:
            message = "has no layer that computes anything"
            raise DiagnosticError("convert", (finding("ND803", about("model", self.spec.name), message),))
        read = {name for node in nodes for name in node.inputs}
        inside = [node.name for node in nodes if isinstance(node.operation, Scores) and node.name in read]
        if inside:
            message = "is a softmax that other layers read; only the last step can be one"
            fixes = ["use ReLU or sigmoid inside the network"]
            raise DiagnosticError("convert", (finding("ND800", about("layer", *inside), message, fixes=fixes),))
        return nodes

    def ledger(self, network: TrainedNetwork) -> tuple[LedgerLine, ...]:
        """Return what reading assumed."""
        lines = list[LedgerLine]()
        moved = [item.name for item in network.inputs if item.sample_axes is not None]
        if moved:
            note = "weights of dense layers are permuted; samples keep channels last"
            lines.append(_line(about("input", *moved), "order of axes", "channels last", "channels first", note))
        idle = [name for name, layer in all_layers(self.spec) if layer.kind in IDLE]
        if idle:
            lines.append(
                _line(about("layer", *idle), "training only", "layer", "left out", "does nothing after training")
            )
        if self.builder.uneven:
            got, note = "zeros are not counted", "as on TensorFlow and JAX; on PyTorch, Keras repeats the edge instead"
            subject = about("layer", *self.builder.uneven)
            lines.append(_line(subject, "padding", "same", got, note, "assumed"))
        if self.opened:
            lines.append(_line(about("input", *self.opened), "open axes", "any size", "size of the samples", ""))
        return tuple(lines)


def _line(subject: Subject, quantity: str, asked: str, got: str, note: str, level: Level = "exact") -> LedgerLine:
    return LedgerLine(subject=subject, quantity=quantity, asked=asked, got=got, level=level, note=note)


def _with_scores(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes of a classifier: a sigmoid at the end is its score."""
    last = nodes[-1]
    if isinstance(last.operation, Activate) and last.operation.function == "sigmoid":
        return (*nodes[:-1], last.model_copy(update={"operation": Scores(function="sigmoid")}))
    return nodes
