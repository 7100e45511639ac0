"""Nouns: what a projection does to the spikes of its source. Weights are (post, pre) everywhere in a Network.

Must not know any chip. A new operation (convolution, pooling) is one class here, one name in `Operation`, and one
branch in `synapses_of` of `neurodeploy.network.connectivity`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy._noun import IntArray, Noun, NumberArray

__all__ = ["Dense", "OneToOne", "Operation", "Sparse", "WeightFormat"]


class WeightFormat(Noun):
    """How integer mantissas are stored: weight = mantissa * 2**exponent, in units of 2**6 (see the target's dialect)."""

    weight_bits: int = Field(ge=1)
    exponent: int = 0
    sign_mode: Literal["mixed", "excitatory", "inhibitory"] = "mixed"


class Dense(Noun):
    """Every source neuron reaches every target neuron."""

    kind: Literal["dense"] = "dense"
    weights: NumberArray
    """Shape (post, pre)."""


class Sparse(Noun):
    """A list of synapses. Two synapses between the same pair of neurons are refused."""

    kind: Literal["sparse"] = "sparse"
    shape: tuple[int, int]
    """(post, pre)."""
    post: IntArray
    """Shape (n_synapses,): target neuron of each synapse."""
    pre: IntArray
    """Shape (n_synapses,): source neuron of each synapse."""
    weights: NumberArray
    """Shape (n_synapses,)."""


class OneToOne(Noun):
    """Source neuron k reaches target neuron k."""

    kind: Literal["one_to_one"] = "one_to_one"
    weights: NumberArray
    """Shape (n,), or () for one weight shared by all."""


Operation = Annotated[Dense | Sparse | OneToOne, Field(discriminator="kind")]
