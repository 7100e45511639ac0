"""Operations that hold a rule and a seed in place of synapses, so that a network file is as small as its populations.

Which synapses a rule yields is defined bit for bit in `network.procedural.draws`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from neurodeploy.base.noun import Noun

__all__ = [
    "PROCEDURAL",
    "Constant",
    "DistanceKernel",
    "FixedNumber",
    "FixedProbability",
    "Normal",
    "Procedural",
    "Uniform",
    "Values",
]

Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
Pair = tuple[Size, Size]
LARGEST = 1e38
Real = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(2**31), le=2**31 - 1, strict=True)]
Number = Annotated[Whole | Real, Field(union_mode="left_to_right")]


class Constant(Noun):
    """The same number for every synapse."""

    kind: Literal["constant"] = "constant"
    value: Number
    """The number."""


class Normal(Noun):
    """A normal distribution: 65,536 equally likely values, mean + std * z of z in multiples of 1/4096."""

    kind: Literal["normal"] = "normal"
    mean: Real
    """Mean before clipping."""
    std: Annotated[Real, Field(ge=0)]
    """Standard deviation before clipping, at least 0."""
    low: Number | None = None
    """Smaller values become this one; None: no bound."""
    high: Number | None = None
    """Larger values become this one; None: no bound."""
    whole: bool = False
    """Whether values are rounded to integers, halves to even, before they are clipped."""


class Uniform(Noun):
    """A uniform distribution: 65,536 equally likely values, or every integer from low to high as often."""

    kind: Literal["uniform"] = "uniform"
    low: Number
    """Lower end."""
    high: Number
    """Upper end; of integers, the largest one."""
    whole: bool = False
    """Whether values are integers; low and high are integers then."""


def _values(given: Any) -> Any:
    """A bare number is a constant."""
    bare = isinstance(given, (int, float)) and not isinstance(given, bool)
    return {"kind": "constant", "value": given} if bare else given


Values = Annotated[
    Annotated[Constant | Normal | Uniform, Field(discriminator="kind")],
    BeforeValidator(_values),
]
"""What the weights or delays of synapses are drawn from; a bare number is a constant."""
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class FixedProbability(Noun):
    """Every pair of neurons is connected with the same probability, independently of the others."""

    kind: Literal["fixed_probability"] = "fixed_probability"
    shape: Pair
    """(target neurons, source neurons)."""
    probability: float = Field(ge=0, le=1, allow_inf_nan=False)
    """Probability of each pair, from 0 to 1."""
    weights: Values
    """Weights of the synapses: a number, Normal or Uniform."""
    delays: Values = Constant(value=0)
    """Integer delays of the synapses in steps, which add to `delay_steps` of the projection: a number, Normal or Uniform."""
    seed: Seed
    """Seed of all draws; operations of the same shape and seed draw the same."""
    self_connections: bool = True
    """Whether neuron k of the source may reach neuron k of the target; False for a population that projects to itself."""


class FixedNumber(Noun):
    """A fixed number of synapses for each target or each source, or in all."""

    kind: Literal["fixed_number"] = "fixed_number"
    shape: Pair
    """(target neurons, source neurons)."""
    number: int = Field(ge=0, le=2**40)
    """Synapses of each target, of each source, or draws in all, at least 0."""
    per: Literal["target", "source", "projection"] = "target"
    """target: each target has `number` different sources. source: each source has `number` different targets. projection:
    `number` pairs are drawn with replacement; a pair that is drawn m times is one synapse of m times its weight."""
    weights: Values
    """Weights of the synapses: a number, Normal or Uniform."""
    delays: Values = Constant(value=0)
    """Integer delays of the synapses in steps, which add to `delay_steps` of the projection: a number, Normal or Uniform."""
    seed: Seed
    """Seed of all draws; operations of the same shape and seed draw the same."""
    self_connections: bool = True
    """Whether neuron k of the source may reach neuron k of the target; False for a population that projects to itself."""


Axes = Annotated[tuple[Size, ...], Field(min_length=1, max_length=3)]
Lengths = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)], ...], Field(min_length=1, max_length=3)
]


class DistanceKernel(Noun):
    """Pairs of neurons on two grids over one area are connected with a probability that depends on their distance.

    Neuron i of an axis of n neurons and length L lies at (i + 1/2) * L / n.
    """

    kind: Literal["distance_kernel"] = "distance_kernel"
    source_shape: Axes
    """Neurons of the source along one to three axes, the last running fastest."""
    target_shape: Axes
    """Neurons of the target along the same axes."""
    extent: Lengths
    """Length of each axis; 0 for an axis that adds no distance, such as that of channels."""
    periodic: bool = False
    """Whether opposite ends of each axis meet, as on a torus."""
    profile: Literal["gaussian", "exponential", "uniform"] = "gaussian"
    """gaussian: probability * exp(-d**2 / (2 * scale**2)). exponential: probability * exp(-d / scale). uniform: probability."""
    probability: float = Field(ge=0, le=1, allow_inf_nan=False)
    """Probability at distance 0, from 0 to 1."""
    scale: float = Field(default=1.0, gt=0, le=1e9, allow_inf_nan=False)
    """Length scale of the profile, above 0; without effect on "uniform"."""
    radius: float = Field(gt=0, le=1e9, allow_inf_nan=False)
    """Distance from which on no pair is connected, above 0. Within it, the profile has 4,096 steps of equal d**2."""
    weights: Values
    """Weights of the synapses: a number, Normal or Uniform."""
    delays: Values = Constant(value=0)
    """Integer delays of the synapses in steps, which add to `delay_steps` of the projection: a number, Normal or Uniform."""
    seed: Seed
    """Seed of all draws; operations of the same shape and seed draw the same."""
    self_connections: bool = True
    """Whether neuron k of the source may reach neuron k of the target; False for a population that projects to itself."""

    @property
    def shape(self) -> Pair:
        """(target neurons, source neurons)."""
        sizes = [1, 1]
        for axis, shape in enumerate((self.target_shape, self.source_shape)):
            for n in shape:
                sizes[axis] *= n
        return sizes[0], sizes[1]


Procedural = FixedProbability | FixedNumber | DistanceKernel
"""An operation whose synapses are drawn."""
PROCEDURAL = (FixedProbability, FixedNumber, DistanceKernel)
"""The same as a tuple, for isinstance."""
