"""nd.study and nd.blame: what a conversion costs, by steps and by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath

from numpy.typing import ArrayLike

from neurodeploy.blame.findings import has_rates, require_fixed, require_notes, require_rates
from neurodeploy.blame.inputs import samples_for
from neurodeploy.blame.native import blame_populations, few_samples
from neurodeploy.blame.nouns import Blame, Study
from neurodeploy.blame.share import SAMPLES as BLAMED
from neurodeploy.blame.share import blame_layers
from neurodeploy.blame.steps import SAMPLES as STUDIED
from neurodeploy.blame.steps import STEPS, study_integers, study_steps
from neurodeploy.convert.notes import read_notes
from neurodeploy.convert.options import Conversion
from neurodeploy.diagnostics import raise_errors
from neurodeploy.diagnostics.choices import CALL, needs, whole_faults
from neurodeploy.hardware import Target, load_target
from neurodeploy.importers import Imported
from neurodeploy.network import Network
from neurodeploy.signals import Samples, SampleValues
from neurodeploy.simulate import encode

__all__ = ["blame", "study"]

AnyPath = str | PathLike[str]
Values = AnyPath | ArrayLike | Mapping[str, ArrayLike] | SampleValues
"""Samples as for the calibration of nd.convert: a path, an array, input -> array, or SampleValues."""
TARGETS = (str, PathLike, Target, type(None))
Following = Callable[[str, int, int], None]


def study(
    conversion: Network | Imported,
    samples: Values,
    labels: ArrayLike | None = None,
    *,
    target: AnyPath | Target | None = None,
    steps: Sequence[int] | None = None,
    most: int = STUDIED,
    progress: Following | None = None,
) -> Study:
    """Return scores, cores, energy and time of a converted network for several numbers of steps.

    The score of a classifier is its share of right answers, that of a regressor R2; both from 0 to 1 for useful networks. Three
    are compared: that of the trained network, of the spiking network in floats, and of the chip's integers, run by the emulator.

    `conversion`: the result of nd.convert, or the network that it wrote. `samples`: samples as of the training, in one of the forms
    that nd.convert takes. `labels`: (samples,) classes, or values of a regressor; default: those of the file, or the trained
    network's own answers. `target`: default: the one that the network was converted for. `steps`: numbers of steps, from 1;
    default: 4, 8, 16, 32 and 64. A sigma-delta network has one number of steps, and no form in floats.
    `most`: samples that are run, spread evenly over those given. `progress`: called with (activity, amount done, total amount).

    Raises DiagnosticError: ND002 (arguments), ND020-ND029 (target), ND840 (samples), ND865 and ND866 (not a converted network, or
    without rates or with synapses that learn), and the findings of a compilation that fails.

    Example: nd.study(nd.convert(model, calibration=x_train), x_test, y_test).rows[-1].chip
    """
    needs("study", conversion=(conversion, (Network, Imported)), target=(target, TARGETS), progress=(progress, CALL))
    needs("study", steps=(steps, (Sequence, type(None))))
    counts = {f"steps[{k}]": item for k, item in enumerate(() if steps is None else steps)}
    raise_errors("study", whole_faults("study", most=most, **counts))
    most = most or STUDIED
    network = conversion.network if isinstance(conversion, Imported) else conversion
    require_fixed(network, "study")
    if isinstance(conversion, Conversion) and conversion.trained is not None and not has_rates(network):
        given, chip = samples_for(network, conversion.trained, samples, labels), _target(target, conversion.target)
        few = given.spread(most)
        return study_integers(network, conversion.trained, few, chip, conversion.steps, offered=given.n)
    notes = require_notes(network, "study")
    require_rates(network, notes, "study")
    given, chip = samples_for(network, notes, samples, labels), _target(target, notes.target)
    every = [int(item) for item in counts.values()] or STEPS
    return study_steps(network, notes, given.spread(most), chip, every, offered=given.n, progress=progress)


def blame(
    network: Network | Imported,
    samples: Samples,
    labels: ArrayLike | None = None,
    *,
    target: AnyPath | Target | None = None,
    steps: int | None = None,
    most: int = BLAMED,
    progress: Callable[[int, int], None] | None = None,
) -> Blame:
    """Return the share of each layer in what a network loses on a chip, and why it loses it.

    `network`: the result of nd.convert, or the network that it wrote: one layer at a time is exact while all others are on the
    chip, and on the chip while all others are exact. Each is also run with unlimited steps, without a largest rate, and with the
    network's weights. The simulation of the chip gives the emulator's spikes. Any other spiking network is compared with the
    float reference: one population at a time computes with floats, and one at a time with the chip's integers.

    `samples` and `labels`: of a converted network, as for nd.study; of another, as for nd.run, with (samples,) classes.
    `target`: default: the one that the network was converted for, or loihi1. `steps`: steps of a sample; default: those of the
    conversion or of nd.run. `most`: samples that are run, spread evenly over those given. `progress`: called with (amount done,
    total amount).

    Raises DiagnosticError: ND002 (arguments), ND020-ND029 (target), ND2xx (integers), ND840 or ND505 (samples), ND866 (neurons
    that compute with integers, synapses that learn), and the findings of a compilation that fails.

    Example: nd.blame(nd.convert(model, calibration=x_train), x_test, y_test).worst.layer
    """
    needs("blame", network=(network, (Network, Imported)), target=(target, TARGETS), progress=(progress, CALL))
    raise_errors("blame", whole_faults("blame", steps=steps, most=most))
    most = most or BLAMED
    plain = network.network if isinstance(network, Imported) else network
    require_fixed(plain, "blame")
    notes = read_notes(plain)
    chip = _target(target, "loihi1" if notes is None else notes.target)
    if notes is None:
        shown, offered = few_samples(encode(plain, samples, steps=steps), labels, most)
        return blame_populations(plain, shown, chip, offered=offered, progress=progress)
    require_rates(plain, notes, "blame")
    given = samples_for(plain, notes, samples, labels)
    count = notes.steps if steps is None else int(steps)
    return blame_layers(plain, notes, given.spread(most), chip, count, offered=given.n, progress=progress)


def _target(choice: AnyPath | Target | None, usual: str) -> Target:
    if isinstance(choice, Target):
        return choice
    return load_target(usual if choice is None else fspath(choice))
