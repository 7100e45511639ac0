"""Trained networks of all kinds, as data: files by suffix and content, estimators and live models by their class."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, cast

from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.trained.binary import two_classes
from neurodeploy.trained.network import Read, Task
from neurodeploy.trained.task import with_task

__all__ = ["DOORS", "SUFFIXES", "is_trained", "read_trained"]


class Door(NamedTuple):
    """One kind of trained network and its reader."""

    words: str
    """What it is, in messages."""
    reader: str
    """Reader as "module:function" of the model; imported when it is needed."""
    suffixes: tuple[str, ...] = ()
    """Suffixes of its files."""
    classes: tuple[str, ...] = ()
    """Base classes of its objects, as "package.Class"; the package is that of the whole library."""
    exemplified: bool = False
    """Whether the reader also takes an example: one sample, or None."""


DOORS = (
    Door(
        "an ONNX model", "neurodeploy.importers.onnx.load:load_onnx", (".onnx",), ("builtins.bytes", "onnx.ModelProto")
    ),
    Door(
        "a Keras model",
        "neurodeploy.importers.keras.load:load_keras",
        (".keras", ".h5", ".hdf5"),
        ("keras.Model", "tf_keras.Model", "tensorflow.Model"),
        exemplified=True,
    ),
    Door(
        "a scikit-learn estimator",
        "neurodeploy.importers.estimators.load:load_estimator",
        classes=("sklearn.BaseEstimator",),
    ),
    Door(
        "a PyTorch module", "neurodeploy.importers.live.torch:load_module", classes=("torch.Module",), exemplified=True
    ),
)
"""Kinds of trained networks."""
SUFFIXES = tuple(suffix for door in DOORS for suffix in door.suffixes)
"""Suffixes of files of trained networks. HDF5 files may also hold spiking networks."""


def _door_of(model: object) -> Door | None:
    """The door of a model; None if it is of no known kind. Containers of HDF5 are looked into."""
    if isinstance(model, (str, PathLike)):
        path = Path(cast("str", model))
        return next((door for door in DOORS if path.name.endswith(door.suffixes) and _holds_model(path)), None)
    own = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(model).__mro__}
    return next((door for door in DOORS if own & set(door.classes)), None)


def _holds_model(path: Path) -> bool:
    """Whether a file is a trained network; a container (.h5) is one if its content is a Keras model."""
    if not path.name.endswith((".h5", ".hdf5")):
        return True
    from neurodeploy.io.recognize import recognize

    found = recognize(path)
    return found is not None and found.key == "keras_h5"


def is_trained(model: object) -> bool:
    """Return whether a value is a trained network of a supported kind: a path, the bytes of a file, or a live model."""
    return _door_of(model) is not None


def _no_door(model: object) -> Diagnostic:
    """The finding of a value of no known kind, by what it is; for a file, by its content."""
    *others, last = dict.fromkeys(item.words for item in DOORS)
    kinds = f"{', '.join(others)} or {last}"
    if not isinstance(model, (str, PathLike)):
        what = f"the class {model.__name__} itself" if isinstance(model, type) else type(model).__name__
        message = f"argument 'model': {what} is no trained network"
        return finding("ND805", about("function", "convert"), message, fixes=[f"pass {kinds}"])
    from neurodeploy.importers.look_alikes import content_of, described

    path = Path(cast("str", model))
    found = content_of(path)
    message = f"is no trained network of a supported kind{described(found)}"
    way_in = [] if found is None or not found.way_in else [found.way_in]
    return finding("ND805", about("file", path), message, fixes=[*way_in, f"pass {kinds}"])


def read_trained(model: object, example: NDArray[Any] | None = None, task: Task | None = None) -> Read:
    """Return a trained network as data, with a ledger of what reading it assumed.

    `model`: the path of an .onnx, .keras or .h5 file; the bytes of an ONNX file; a scikit-learn estimator or pipeline; a
    torch.nn.Module or keras.Model. `example`: one sample, (1, *shape) float32; a torch.nn.Module is exported with it, and open axes
    of a Keras model have its sizes. `task`: what the output means; None: what the model says.

    Raises DiagnosticError: ND800-ND806, ND816 and ND001.
    """
    door = _door_of(model)
    if door is None:
        raise DiagnosticError("convert", (_no_door(model),))
    module, _, name = door.reader.partition(":")
    reader: Callable[..., Read] = getattr(import_module(module), name)
    given = Path(cast("str", model)) if isinstance(model, (str, PathLike)) else model
    read = reader(given, example) if door.exemplified else reader(given)
    return two_classes(with_task(read, task))
