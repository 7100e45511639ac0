"""ONNX models as messages: read from a file, bytes or an object, of versions that are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding
from neurodeploy.importers.look_alikes import require_as_named
from neurodeploy.io.archive import read_bytes, require_memory

if TYPE_CHECKING:
    import onnx

__all__ = ["Opened", "open_model"]

STAGE = "convert"
OLDEST, CONVERTED = 7, 13
"""Oldest opset that is read as it is, and the one that older models are brought to."""


class Opened(NamedTuple):
    """A model of a known version."""

    model: onnx.ModelProto
    subject: Subject
    """The file, or the model where there is none."""
    name: str
    """Name for the network."""
    folder: Path | None
    """Folder of the file, in which weights may lie; None without a file."""
    opset: int
    """Version of the operations of ai.onnx."""
    asked: int
    """The version that the file states."""


def open_model(model: Path | bytes | onnx.ModelProto) -> Opened:
    """Return an ONNX model. `model`: a path, bytes, or onnx.ModelProto.

    Raises DiagnosticError: ND001, ND012, ND088, ND803 (no model), ND804 (no onnx), ND810 (its version).
    """
    subject = about("file", model) if isinstance(model, Path) else about("model", _kind(model))
    try:
        import onnx
    except ImportError:
        message, fix = "needs the Python package onnx, which is not installed", "pip install 'neurodeploy[onnx]'"
        raise DiagnosticError(STAGE, (finding("ND804", subject, message, fixes=[fix]),)) from None
    folder = None
    if isinstance(model, Path):
        require_as_named(model, ".onnx")
        folder, content = model.parent, read_bytes(model)
    else:
        content = model
    proto = _parsed(content, subject) if isinstance(content, bytes) else content
    require_memory(str(model) if isinstance(model, Path) else _kind(model), proto.ByteSize())
    opset = _versions(proto, subject)
    name = model.stem if isinstance(model, Path) else proto.graph.name
    if opset < OLDEST:
        proto = _brought_up(onnx, proto, opset, subject)
    return Opened(proto, subject, name, folder, max(opset, OLDEST if opset >= OLDEST else CONVERTED), opset)


def _kind(model: Any) -> str:
    return "bytes" if isinstance(model, bytes) else type(model).__name__


def _refused(code: str, subject: Subject, message: str, fix: str = "") -> DiagnosticError:
    found: Diagnostic = finding(code, subject, message, fixes=[fix] if fix else [])
    return DiagnosticError(STAGE, (found,))


def _parsed(content: bytes, subject: Subject) -> Any:
    """The message in the bytes of a file."""
    import onnx

    try:
        return onnx.ModelProto.FromString(content)
    except Exception:  # DecodeError of protobuf, which is no dependency of ours
        raise _refused("ND803", subject, "is no whole ONNX model", "copy or export it again") from None


def _versions(proto: Any, subject: Subject) -> int:
    """The opset of a model whose versions the installed package knows."""
    import onnx

    if not proto.ir_version and not proto.opset_import:
        raise _refused("ND803", subject, "is no ONNX model: it states no version", "copy or export it again")
    newest = onnx.defs.onnx_opset_version()
    opset = next((int(item.version) for item in proto.opset_import if item.domain in ("", "ai.onnx")), 0)
    known = f"the installed onnx {onnx.__version__} knows them up to"
    update = "pip install -U onnx, or export it for an older opset"
    if proto.ir_version > onnx.IR_VERSION:
        message = f"has version {proto.ir_version} of the format of ONNX files (IR version); {known} {onnx.IR_VERSION}"
        raise _refused("ND810", subject, message, update)
    if opset > newest:
        message = f"uses version {opset} of the operations (opset); {known} {newest}"
        raise _refused("ND810", subject, message, update)
    return opset if opset > 0 else 1


def _brought_up(onnx: Any, proto: Any, opset: int, subject: Subject) -> Any:
    """A model with an opset below the oldest that is read, by the converter of onnx."""
    try:
        onnx.checker.check_model(proto)
        return onnx.version_converter.convert_version(proto, CONVERTED)
    except Exception as error:  # ValidationError, ConvertError and those of the compiled converter
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        message = f"has opset {opset}, older than the oldest that is read ({OLDEST}), and onnx cannot convert it: {why}"
        raise _refused("ND810", subject, message, "export it again with opset_version=13 or later") from None
