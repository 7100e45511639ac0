"""Study and blame of a converted network, for the commands that print them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.blame.findings import has_rates
from neurodeploy.blame.inputs import Given, samples_for
from neurodeploy.blame.nouns import Blame, Study
from neurodeploy.blame.share import SAMPLES as BLAMED
from neurodeploy.blame.share import blame_layers
from neurodeploy.blame.steps import SAMPLES as STUDIED
from neurodeploy.blame.steps import study_integers, study_steps
from neurodeploy.cli.output import progress_bar, show
from neurodeploy.cli.progress import following
from neurodeploy.convert.calibrate import HELD, SEARCHED
from neurodeploy.convert.notes import Notes, read_notes
from neurodeploy.convert.options import Conversion
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.network import Network
from neurodeploy.report import blame_report, study_report
from neurodeploy.trained.network import TrainedNetwork

__all__ = ["Evaluation", "blamed", "evaluation_samples", "measured", "refuse_options", "show_measured"]

LEAST = 100
"""Samples that the search must leave over to be worth an evaluation of their own."""


class Evaluation(NamedTuple):
    """Samples on which a conversion is evaluated."""

    samples: Given
    words: str
    """Which samples these are."""


class Measured(NamedTuple):
    """What was measured."""

    study: Study
    blame: Blame | None
    """None: the neurons compute with integers."""
    words: str

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Findings of both."""
        return (*self.study.findings, *(self.blame.findings if self.blame else ()))

    @property
    def document(self) -> dict[str, Any]:
        """Both as JSON."""
        both = {"study": self.study, "blame": self.blame}
        return {"evaluated_on": self.words} | {
            name: item.model_dump(mode="json", exclude={"findings"}) for name, item in both.items() if item is not None
        }


def evaluation_samples(
    network: Network, of: Notes | TrainedNetwork, evaluate: Path | None, calibrate: Path | None, seed: int = 0
) -> Evaluation:
    """Return the samples of `evaluate`; without it those of the calibration that its search left over, or all of them.

    `of`: what the converted network says of the trained one, or that one itself. `seed`: of the conversion.

    Raises DiagnosticError: ND840 and those of files.
    """
    given = samples_for(network, of, cast("Path", calibrate if evaluate is None else evaluate))
    if evaluate is not None:
        return Evaluation(given, f"{given.n:,} samples of {evaluate.name}")
    searched = isinstance(of, Notes) and given.n >= SEARCHED + LEAST
    rest = given.part(_left_over(given.n, of, seed)) if searched and isinstance(of, Notes) else given
    if not searched or rest.n < LEAST:
        return Evaluation(given, f"the {given.n:,} calibration samples themselves; --evaluate FILE gives others")
    return Evaluation(rest, f"{rest.n:,} calibration samples that the search did not try")


def _left_over(n_samples: int, notes: Notes, seed: int) -> NDArray[np.int64]:
    """Numbers of the samples that the search of the calibration did not try."""
    held = HELD // sum(prod(layer.shape) for layer in notes.layers)
    tried = SEARCHED if held >= n_samples else max(SEARCHED, held)
    return np.sort(np.random.default_rng(seed).permutation(n_samples)[tried:])


def measured(
    result: Conversion, evaluate: Path | None, calibrate: Path | None, target: Target, *, seed: int, quiet: bool
) -> Measured:
    """Return the study and the blame of a conversion, with bars of progress on a terminal unless `quiet`.

    `evaluate` and `calibrate`: files of samples. `target`: the chip. `seed`: of the conversion.
    """
    network, notes = result.network, read_notes(result.network)
    of = notes if notes is not None and has_rates(network) else cast("TrainedNetwork", result.trained)
    evaluation = evaluation_samples(network, of, evaluate, calibrate, seed)
    given, words = evaluation.samples, evaluation.words
    part = given.spread(STUDIED)
    if isinstance(of, TrainedNetwork):
        return Measured(study_integers(network, of, part, target, result.steps, offered=given.n), None, words)
    with nullcontext() if quiet else following("studying") as progress:
        by_steps = study_steps(network, of, part, target, offered=given.n, progress=progress)
    return Measured(by_steps, blamed(network, of, given, target, result.steps, quiet=quiet), words)


def blamed(network: Network, notes: Notes, given: Given, target: Target, steps: int, *, quiet: bool) -> Blame:
    """Return the blame of a converted network, with a bar of progress on a terminal unless `quiet`."""
    part = given.spread(BLAMED)
    with progress_bar("blaming: samples", part.n, quiet=quiet) as bar:
        return blame_layers(network, notes, part, target, steps, offered=given.n, progress=bar)


def show_measured(made: Measured) -> None:
    """Print both reports."""
    show("", f"evaluated on {made.words}", study_report(made.study))
    if made.blame is not None:
        show("", blame_report(made.blame))


def refuse_options(model: Path, given: Mapping[str, object], *, trained: bool) -> None:
    """Raise DiagnosticError: ND869 for each option, name -> value, that was given although it is for models of the other kind.

    `trained`: whether the model is a trained network.
    """
    kind, other = ("a trained network", "spiking") if trained else ("a spiking network", "trained")
    message = f"applies to {other} networks only; '{model}' is {kind}"
    found = [
        finding("ND869", about("option", name), message, fixes=[f"leave out {name}"])
        for name, value in given.items()
        if value not in (None, False, (), [])
    ]
    if found:
        raise DiagnosticError("usage", tuple(found))
