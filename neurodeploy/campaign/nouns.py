"""Campaigns of faults as data: what is tried, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

from pydantic import Field

from neurodeploy.base.noun import Name, Noun, WholeNumber
from neurodeploy.campaign.statistics import Share
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.program.fault import CONFIGURATION, Fault, FaultField, FaultWhat, FaultWhere

__all__ = [
    "Advice",
    "Campaign",
    "CampaignChoices",
    "CampaignOptions",
    "Criterion",
    "Duplicated",
    "FaultChoice",
    "FaultRow",
    "Outcome",
    "Protected",
    "RatePoint",
    "When",
    "Worst",
]

Criterion = Literal["answer", "label", "spikes"]
"""When a fault is critical."""
When = Literal["always", "from", "at"]
Fraction = Field(gt=0, lt=1, allow_inf_nan=False)


class FaultChoice(Noun):
    """Faults of one kind that a campaign draws from; an empty list of names or numbers is all of them."""

    where: FaultWhere
    """Place, as in a fault."""
    what: tuple[FaultWhat, ...] = ()
    """What happens there; each is a kind of its own. Default: flip where a bit is faulty, else dead."""
    when: When = "always"
    """always; from or at: in all steps from a step that is drawn, or in this step alone."""
    populations: tuple[Name, ...] = ()
    """Populations of neurons, registers and output axons."""
    projections: tuple[Name, ...] = ()
    """Projections of synapses."""
    inputs: tuple[Name, ...] = ()
    """Inputs of lines."""
    fields: tuple[FaultField, ...] = ()
    """Registers of compartments, or weight and delay of synapses."""
    bits: tuple[WholeNumber, ...] = ()
    """Bits, 0 is the least significant."""
    cores: tuple[WholeNumber, ...] = ()
    """Cores, as numbered in the program's tables."""


STORED = (
    FaultChoice(where="synapse", fields=("weight",)),
    FaultChoice(where="register", fields=CONFIGURATION),
    FaultChoice(where="neuron"),
)
"""What a campaign draws from unless it says otherwise: flipped bits of what is stored, and dead neurons."""


class CampaignOptions(Noun):
    """How many faults are drawn, from which, and when one is critical."""

    faults: tuple[FaultChoice, ...] = STORED
    """What is drawn from. Default: flipped bits of stored weights and registers, and dead neurons."""
    margin: float = Field(default=0.01, gt=0, le=0.5, allow_inf_nan=False)
    """Half the width of the interval of a share of all faults: 0.01 is +- 1 %."""
    confidence: float = Field(default=0.95, ge=0.5, lt=1, allow_inf_nan=False)
    """Probability with which an interval holds the share."""
    size: WholeNumber | Literal["all"] | None = Field(default=None)
    """Faults to draw, or all of them. Default: as many as the margin needs."""
    draw_seed: WholeNumber = Field(default=0, ge=0, lt=2**63)
    """Seed of the draw."""
    criterion: Criterion = "answer"
    """answer: a fault is critical if the answer of a sample changes; label: if fewer answers are right; spikes: if the
    output of a sample changes at all."""
    rates: tuple[float, ...] = ()
    """Shares of all places that are faulty at once, for accuracy against fault rate; none by default."""
    repeats: WholeNumber = Field(default=20, ge=2, le=10_000)
    """Draws at each of these rates."""
    limit: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    """Largest share of critical faults that is allowed; above it there is a finding."""
    checkpoints: WholeNumber | None = Field(default=None, ge=0, le=2**31 - 1)
    """Steps between two states that are kept of the run without a fault: a run begins at the last one before its fault can act,
    and ends where it meets one again and its fault is over. 0: every run is whole; the outcomes are the same. Default: chosen by
    the number of steps."""
    threads: WholeNumber | None = Field(default=None, ge=1, le=4096)
    """Threads. Default: all processors."""


class CampaignChoices(TypedDict, total=False):
    """Fields of CampaignOptions as keyword arguments."""

    faults: tuple[FaultChoice, ...]
    margin: float
    confidence: float
    size: int | Literal["all"] | None
    draw_seed: int
    criterion: Criterion
    rates: tuple[float, ...]
    repeats: int
    limit: float | None
    checkpoints: int | None
    threads: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one drawn fault did to all samples."""

    number: int
    """Number of the fault in the draw."""
    outputs: int
    """Samples whose output differs from that of the run without a fault, in any spike or value that is read."""
    answers: int
    """Samples whose answer differs."""
    right: int
    """Samples whose answer is the label; 0 without labels."""


class FaultRow(Noun):
    """What a group of faults does."""

    name: str
    """What the faults of the group have in common."""
    n_faults: int
    """Faults of the group."""
    n_drawn: int
    """Faults that were tried."""
    n_critical: int
    """Of these, critical ones."""
    critical: Share | None
    """Share of critical faults; None if none was tried."""
    masked: Share | None
    """Share of faults that change no output; None if none was tried."""
    wrong: float | None
    """Mean number of samples, of all, whose answer changes, as a fraction; None if none was tried or there are no answers."""


class Worst(Noun):
    """A fault that changes most answers."""

    fault: Fault
    """Fault."""
    answers: int
    """Samples whose answer changes."""
    outputs: int
    """Samples whose output changes."""


class RatePoint(Noun):
    """Accuracy of a program in which a share of all places is faulty."""

    rate: float
    """Probability of each place."""
    n_faults: float
    """Expected number of faults at once."""
    n_repeats: int
    """Draws."""
    accuracy: float
    """Mean over draws and samples: of labels, or of answers that stay without labels."""
    low: float
    """Lower end of the interval of that mean, over draws."""
    high: float
    """Upper end."""


class Protected(Noun):
    """Bits that are protected, by parity and reload or by a code, and what is critical then: faults in them are corrected.

    The bits are chosen on one half of the faults that were tried, and the share is measured on the other half.
    """

    bit: str
    """Bit that this line adds to those of the lines before, named as in the rows of the campaign."""
    n_bits: int
    """Stored bits that are protected, this line's and all before."""
    share_of_bits: float
    """The same as a fraction of all stored bits that the campaign draws from."""
    critical: Share
    """Share of all faults that stay critical."""


class Duplicated(Noun):
    """Neurons of which there are two, each with half the weight on what it drives: compiled and tried again.

    What is tried before and after are dead neurons of the population, all of them or a sample.
    """

    population: Name
    """Population."""
    neurons: tuple[int, ...]
    """Neurons that have a copy: those whose loss changes most answers."""
    n_cores_before: int
    """Cores of the program without copies."""
    n_cores: int
    """Cores of the program with copies."""
    accuracy_before: float | None
    """Fraction of right answers without copies and without a fault; None without labels."""
    accuracy: float
    """The same with copies; without labels, the fraction of answers that the copies do not change."""
    n_neurons_before: int
    """Neurons that were tried without copies."""
    n_neurons: int
    """Neurons that were tried with copies."""
    n_critical_before: int
    """Of the former, critical ones."""
    n_critical: int
    """Of the latter, critical ones."""
    helps: bool
    """Whether fewer neurons of the population are critical, by more than both intervals, and the accuracy is not lower. A copy can
    die as well, so that a smaller share of more neurons is no help by itself."""


class Advice(Noun):
    """What would make a program more robust, each recomputed."""

    protected: tuple[Protected, ...] = ()
    """Bits to protect, by the share that is left."""
    duplicated: tuple[Duplicated, ...] = ()
    """Neurons that were duplicated."""


class Campaign(Noun):
    """Result of a campaign of faults."""

    later = ("advice",)
    network: Name
    """Name of the network."""
    program_digest: str
    """Digest of the program."""
    options: CampaignOptions
    """What was tried."""
    n_samples: int
    """Samples that every fault met."""
    n_steps: int
    """Steps of each."""
    accuracy: float | None
    """Fraction of right answers without a fault; None without labels or answers."""
    n_faults: int
    """Faults that could be drawn."""
    n_planned: int
    """Faults that the options ask for."""
    n_drawn: int
    """Faults that were tried."""
    critical: Share | None
    """Share of critical faults."""
    masked: Share | None
    """Share of faults that change no output."""
    by_kind: tuple[FaultRow, ...]
    """Rows by place and effect."""
    by_layer: tuple[FaultRow, ...]
    """Rows by population, projection or input."""
    by_bit: tuple[FaultRow, ...]
    """Rows by layer, register or stored field, and bit."""
    by_core: tuple[FaultRow, ...]
    """Rows by logical core of the neuron, register or synapse."""
    worst: tuple[Worst, ...]
    """Faults that change most answers."""
    rates: tuple[RatePoint, ...] = ()
    """Accuracy against fault rate."""
    advice: Advice | None = None
    """Hardening, if it was asked for."""
    complete: bool = True
    """Whether all planned faults were tried."""
    findings: tuple[Diagnostic, ...] = ()
    """ND983 (stopped), ND984 (above the limit)."""
