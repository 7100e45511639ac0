"""Results of a study and of blame: what a conversion costs, and which layer costs it."""

from __future__ import annotations

from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.profile import Estimate

__all__ = ["Blame", "LayerBlame", "Measure", "StepRow", "Study"]

Measure = Literal["accuracy", "r2", "spikes"]
"""accuracy: share of right answers. r2: share of the variance of the wanted values that the output explains. spikes: 1 less the
mean relative difference of spike counts from the float reference, for networks without answers."""


class StepRow(Noun):
    """A converted network at one number of steps."""

    steps: int
    """Steps for which a sample is shown."""
    spiking: float | None
    """Score of the spiking network in floats; None if its neurons exist in integers only."""
    chip: float
    """Score of the chip's integers."""
    standard_error: float
    """Standard error of `chip`, for these samples."""
    standard_error_of_loss: float
    """Standard error of the difference between the trained network and `chip` on the same samples."""
    rms_error: float | None
    """Root of the mean squared difference between the chip's output and that of the trained network, in its units; None if
    the output is no voltage."""
    cores: int
    """Cores of the program."""
    energy: Estimate | None
    """Energy of an inference, in J; None: no figure is public."""
    time: Estimate | None
    """Time of an inference, in s; None: no figure is public."""
    spikes: float
    """Spikes of an inference, inputs left out."""


class Study(Noun):
    """Scores, cores, energy and time of a converted network by steps."""

    network: str
    """Name of the network."""
    target: str
    """Name of the target."""
    measure: Measure
    """What scores are."""
    n_samples: int
    """Samples that were run."""
    offered: int
    """Samples that were given; more than `n_samples` if a part was enough."""
    labelled: bool
    """Whether labels were given. Without them the trained network's own answers count as right."""
    calibrated_for: int
    """Steps for which the conversion chose its thresholds."""
    trained: float
    """Score of the trained network."""
    trained_error: float
    """Standard error of `trained`."""
    rows: tuple[StepRow, ...]
    """One row for each number of steps, ascending."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes."""


class LayerBlame(Noun):
    """What one layer, or the coding of an input, costs. Points are hundredths of the score."""

    layer: str
    """Name of the layer or input."""
    kind: Literal["input", "layer", "output", "population"]
    """What it is; population: of a spiking network that was not converted."""
    neurons: int
    """Its neurons or lines."""
    share: float
    """Its share of what is lost, from 0 to 1; all shares together are 1, or 0 if nothing is lost."""
    regained: float
    """Points regained if this layer alone computes and sends its exact values."""
    alone: float
    """Points lost if this layer alone is on the chip and all others are exact."""
    error: float
    """Error of the output if this layer alone is on the chip: mean squared, in shares of its variance. For a population, the
    difference of spike counts from the float reference, relative to these, as a mean over all populations."""
    by_steps: float
    """Share of what the whole network loses that comes back with unlimited steps here: rates without rounding to whole spikes."""
    by_clipping: float
    """The same if this layer may spike several times in a step, so that no value is above the largest rate."""
    by_weights: float
    """The same with the network's weights and thresholds here in place of the chip's integers."""
    clipped: float
    """Share of its values that are above the largest rate; of a population, of its weights beyond those that can be stored."""
    weight_error: float
    """RMS error of the weights into it by rounding, relative to their RMS; 0 for an input."""
    dead: int
    """Neurons that never spike although the trained network has values there that are worth a spike, or although the float
    reference spikes."""
    silent: int
    """Neurons that never spike, dead ones included."""
    saturated: int
    """Neurons that spike in every step of at least one sample in ten."""
    rate_shift: float
    """Mean of the neurons' rate less the rate of their exact value, in spikes per step."""
    rate: float
    """Mean rate of the exact values, in spikes per step."""


class Blame(Noun):
    """Which layers of a converted network, or populations of another spiking network, lose what."""

    network: str
    """Name of the network."""
    target: str
    """Name of the target."""
    steps: int
    """Steps of a sample."""
    measure: Measure
    """What scores are."""
    n_samples: int
    """Samples that were run."""
    offered: int
    """Samples that were given."""
    labelled: bool
    """Whether labels were given."""
    trained: float
    """Score of the trained network; of a network that was not converted, that of the float reference."""
    chip: float
    """Score of the chip's integers."""
    standard_error: float
    """Standard error of the difference of the two, on the same samples."""
    shared_by: Literal["points", "error"]
    """What shares are of: the lost points, or, where these are within twice their standard error, the error of the output."""
    layers: tuple[LayerBlame, ...]
    """Inputs first, then layers in their order."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes."""

    @property
    def lost(self) -> float:
        """Points that the chip loses; negative if it gains."""
        return 100 * (self.trained - self.chip)

    @property
    def worst(self) -> LayerBlame:
        """The layer with the largest share."""
        return max(self.layers, key=lambda item: item.share)
