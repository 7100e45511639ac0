"""The sigma-delta Network of a quantized network: layers send changes of integer activations as graded spikes.

A delta encoder sends the integers of an input in its first step, and nothing while they stay. Neurons of the population
`once` send 1, 2**8 and 2**16 in step 1; with three 8-bit weights they add the bias of a neuron, and the half that rounds, in the
step in which the layer's input arrives. So each layer computes its values in one step, from a state of 0, and sends
them: f(u) >> state_exp, exactly the integer model. A limit `high` takes a second population, max(u - high, 0), whose values are
taken off: min(y, high) = y - max(y - high, 0).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.integers.model import IntegerLayer, IntegerNetwork, IntegerTerm
from neurodeploy.convert.integers.terms import WEIGHTS
from neurodeploy.network import (
    Delta,
    Input,
    Linear,
    Membrane,
    Network,
    OneToOne,
    Output,
    Population,
    Projection,
    SigmaDelta,
    Sparse,
    StateReset,
    SumPool2d,
    Time,
    WeightFormat,
)
from neurodeploy.network.operations import Step
from neurodeploy.trained.chains import as_operation
from neurodeploy.trained.layers import Layers

__all__ = ["ENCODED", "ONCE", "OVER", "SHOWN", "populations_of", "sigma_delta_network", "steps_needed"]

Array = NDArray[Any]
Ints = NDArray[np.int64]
ONCE = "once"
"""Name of the population that gives biases."""
ENCODED = ".delta"
"""What the name of an input's delta encoder ends with."""
OVER = ".over"
"""What the name of a layer's second population ends with, which holds what is above its limit."""
DIGIT = 8
"""Bits of a digit of a bias, which is a weight."""
DIGITS = 3
"""Digits of a bias: it has as many bits as the states."""
SILENT = 2**23 - 1
"""A threshold that the output never reaches, so that it sends nothing."""
DT_S = 1e-3
"""Length of a step; the chip's own clock decides how long it really takes."""
BEFORE = 2
"""Steps before the first layer: a stimulus takes one to the delta encoder, and its values one to the layer."""
SHOWN = 1
"""Steps for which a sample is shown: all that follows are steps in which its values pass the layers."""


def steps_needed(layers: Layers) -> int:
    """Return the step in which the output holds the answer.

    `layers`: the trained network. It is the number of layers on the longest path, one for the delta encoder, and one that a
    stimulus takes to reach it.
    """
    return max(layers.depth().values()) + BEFORE


def populations_of(layer: IntegerLayer) -> tuple[str, ...]:
    """Return the names of the populations of a layer, `layer`."""
    return (layer.name,) if layer.high is None else (layer.name, f"{layer.name}{OVER}")


def sigma_delta_network(
    quantized: IntegerNetwork, layers: Layers, name: str, frame_steps: int | None = None, *, values: bool = False
) -> Network:
    """Return the network.

    `quantized`: the integers. `layers`: the trained network. `name`: name of the network. `frame_steps`: steps for which each
    frame of a sequence is shown, after which all states return to 0; None: a sample is one frame. `values`: whether the output
    is values of the trained network, instead of an answer.
    """
    depth = layers.depth()
    shapes = {item.name: item.shape for item in layers.inputs}
    populations, projections = [_once(frame_steps)], list[Projection]()
    for item in layers.inputs:
        encoder = f"{item.name}{ENCODED}"
        again = _again(frame_steps, BEFORE)
        populations.append(Population(name=encoder, shape=item.shape, neuron=Delta(threshold=1), state_reset=again))
        projections.append(_projection(f"{item.name}_to_{encoder}", item.name, encoder, (), prod(item.shape)))
    last, over = quantized.layers[-1], {item.name for item in quantized.layers if item.high is not None}
    for layer in quantized.layers:
        again = _again(frame_steps, BEFORE + depth[layer.name])
        for which, own in enumerate(populations_of(layer)):
            neuron = _neuron(layer, last=layer is last)
            populations.append(Population(name=own, shape=layer.shape, neuron=neuron, state_reset=again))
            projections += _synapses(layer, own, depth, over, shapes)
            projections += _bias(layer, own, which, depth[layer.name])
    return Network(
        name=name,
        time=Time(dt_s=DT_S, steps_per_sample=SHOWN),
        populations=tuple(populations),
        projections=tuple(projections),
        inputs=tuple(
            Input(name=item.name, shape=item.shape, encoder=quantized.inputs[item.name], sample_axes=item.sample_axes)
            for item in layers.inputs
        ),
        outputs=(_output(last, values=values),),
    )


def _output(last: IntegerLayer, *, values: bool) -> Output:
    """The sums of the last layer, which v holds."""
    if not values:
        return Output(name="scores", source=last.name, decoder=Membrane())
    weights = np.diag(last.unit / 2.0**last.shift)
    return Output(name="values", source=last.name, decoder=Linear(weights=weights, reads="v"))


def _again(frame_steps: int | None, first: int) -> StateReset | None:
    """A reset in the step in which the first values of each frame arrive."""
    return None if frame_steps is None else StateReset(interval_steps=frame_steps, offset_steps=first % frame_steps)


def _once(frame_steps: int | None) -> Population:
    """Neurons that send 1, 2**8 and 2**16 in the first step of each frame."""
    values = 1 << (DIGIT * np.arange(DIGITS))
    return Population(
        name=ONCE, shape=(DIGITS,), neuron=SigmaDelta(threshold=1, bias=values), state_reset=_again(frame_steps, 1)
    )


def _neuron(layer: IntegerLayer, *, last: bool) -> SigmaDelta:
    if last and not layer.relu:
        return SigmaDelta(threshold=SILENT, activation="unit")
    return SigmaDelta(threshold=1, state_exp=layer.shift)


def _synapses(
    layer: IntegerLayer, target: str, depth: dict[str, int], over: set[str], inputs: dict[str, Any]
) -> list[Projection]:
    """Synapses of one population; those of a shorter path are delayed, so that all values arrive in one step."""
    made = list[Projection]()
    for term in layer.terms:
        delay = depth[layer.name] - 1 - depth[term.source]
        source = f"{term.source}{ENCODED}" if term.source in inputs else term.source
        wires = [(source, term.steps)]
        wires += [(f"{source}{OVER}", steps) for steps in _negative(term)] if term.source in over else []
        for sent, steps in wires:
            label = f"{sent}_to_{target}"
            taken = sum(item.name.startswith(label) for item in made)
            label = f"{label}_{taken + 1}" if taken else label
            size = prod(inputs.get(term.source, ()))
            made.append(_projection(label, sent, target, steps, size, delay, term.exponent))
    return made


def _negative(term: IntegerTerm) -> list[tuple[Step, ...]]:
    """The negative of the operations of a term: those of 8 bits, and what is missing where a weight is -128."""
    *before, last = term.steps or (OneToOne(weights=np.ones(())),)
    weights = -np.asarray(getattr(last, "weights", np.ones(())))
    if isinstance(last, SumPool2d):
        return [(*before, last, OneToOne(weights=weights))]
    parts = np.minimum(weights, WEIGHTS[1]), np.maximum(weights - WEIGHTS[1], 0)
    return [(*before, last.model_copy(update={"weights": part})) for part in parts if part.any()]


def _projection(
    name: str, source: str, target: str, steps: tuple[Step, ...], size: int, delay: int = 0, exponent: int = 0
) -> Projection:
    return Projection(
        name=name,
        source=source,
        target=target,
        operation=as_operation(steps, size),
        delay_steps=delay,
        weight_format=WeightFormat(weight_bits=DIGIT, exponent=exponent, sign_mode="mixed") if exponent else None,
    )


def _bias(layer: IntegerLayer, target: str, which: int, depth: int) -> list[Projection]:
    """Synapses from `once` that add bias, half and, in the second population, the negative of the limit."""
    high: Any = 0 if layer.high is None else layer.high
    values = layer.bias + layer.half - which * (high << layer.shift)
    posts, pres, weights = list[Ints](), list[Ints](), list[Ints]()
    for digit in range(DIGITS):
        low = (
            ((values + (1 << (DIGIT - 1))) & ((1 << DIGIT) - 1)) - (1 << (DIGIT - 1)) if digit < DIGITS - 1 else values
        )
        post = np.flatnonzero(low)
        posts, pres, weights = [*posts, post], [*pres, np.full(post.size, digit)], [*weights, low[post]]
        values = (values - low) >> DIGIT
    post, pre, weight = np.concatenate(posts), np.concatenate(pres), np.concatenate(weights)
    if not post.size:
        return []
    operation = Sparse(shape=(layer.bias.size, DIGITS), post=post, pre=pre, weights=weight.astype(np.float64))
    return [Projection(name=f"{target}_bias", source=ONCE, target=target, operation=operation, delay_steps=depth)]
