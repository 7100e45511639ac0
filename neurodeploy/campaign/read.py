"""The file of a campaign."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from neurodeploy.base.noun import Name, Noun, WholeNumber
from neurodeploy.base.rows import LARGEST
from neurodeploy.base.toml import TomlError, parse_toml, toml_line
from neurodeploy.campaign.nouns import CampaignOptions
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.convert.destination import target_of
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.hardware import load_target, on_board
from neurodeploy.importers import load
from neurodeploy.io.archive import read_bytes
from neurodeploy.network import Network
from neurodeploy.program import load_program
from neurodeploy.program.program import Program
from neurodeploy.signals import Stimulus
from neurodeploy.simulate import encode, load_stimulus
from neurodeploy.simulate.recorded_samples import first_samples

__all__ = ["CampaignFile", "load_campaign", "model_of", "stimulus_of"]

CODE = "ND979"


class CampaignFile(Noun):
    """The file of a campaign, campaign.toml. Paths are relative to its folder."""

    model: str
    """A network or a compiled program (.ndp)."""
    target: str | None = None
    """Target of a network, by name or as the path of a .toml. Default: the one it was converted for, or loihi1."""
    board: Name | None = None
    """Board of the target. Default: one chip."""
    samples: str | None = None
    """File of samples, with labels if it has any; none for a network without inputs."""
    n_samples: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """First samples of the file that every fault meets. Default: all."""
    steps: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Steps for which each sample is shown. Default: those of the network."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of encoders and noise."""
    outcomes: str | None = None
    """File to which outcomes are appended, and which a second start reads. Default: none."""
    harden: bool = False
    """Whether advice is computed: bits to protect and neurons to duplicate."""
    campaign: CampaignOptions = CampaignOptions()
    """What is tried."""


def load_campaign(path: str | Path) -> CampaignFile:
    """Return a campaign file, with the paths in it as seen from the working directory.

    `path`: of the file. Raises DiagnosticError: ND001 and ND012 (unreadable), ND979 (not a campaign).
    """
    file, where = Path(path), about("file", path)
    try:
        text = read_bytes(file).decode("utf-8-sig")
        document = parse_toml(text)
    except (TomlError, UnicodeDecodeError) as error:
        raise DiagnosticError("faults", (finding(CODE, where, f"is not TOML: {error}"),)) from None
    try:
        read = CampaignFile.model_validate(document)
    except ValidationError as error:
        found = schema_findings(CODE, where, error, document, CampaignFile)
        raise DiagnosticError("faults", tuple(_with_line(item, text) for item in errors_in(found))) from None
    named = {name: getattr(read, name) for name in ("model", "samples", "outcomes")}
    if read.target is not None and read.target.endswith(".toml"):
        named["target"] = read.target
    return read.model_copy(update={name: str(file.parent / text) for name, text in named.items() if text is not None})


def _with_line(item: Diagnostic, text: str) -> Diagnostic:
    """The finding, with the line of its field if the file sets it."""
    line = toml_line(text, item.subject.field)
    return item if line is None else item.model_copy(update={"message": f"line {line}: {item.message}"})


def model_of(file: CampaignFile) -> Program:
    """Return the program of a campaign `file`, compiled if it names a network. Raises DiagnosticError: as nd.load and nd.compile."""
    if file.model.endswith(".ndp"):
        if file.target is not None or file.board is not None:
            message = f"target: '{file.model}' is already compiled, and cannot take another target or board"
            raise DiagnosticError("faults", (finding(CODE, about("option", "target"), message),))
        return load_program(file.model)
    network: Network = load(file.model).network
    target = load_target(file.target or target_of(network) or "loihi1")
    chosen = target if file.board is None else on_board(target, file.board)
    return compile_network(network, chosen, CompileOptions()).require()


def stimulus_of(file: CampaignFile, program: Program) -> Stimulus:
    """Return the samples of a campaign `file`, encoded for a `program`. Raises DiagnosticError: as nd.encode."""
    if file.samples is None:
        return encode(program.network, None, steps=file.steps, seed=file.seed)
    values = first_samples(program.network, load_stimulus(file.samples, program.network), file.n_samples)
    return encode(program.network, values, steps=file.steps, seed=file.seed)
