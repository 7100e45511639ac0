"""Neurons of netx layers, as netx interprets their fields. Source: lava-dl 0.6.0, netx/hdf5.py get_neuron_params."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.shapes import Shape, each
from neurodeploy.network import LoihiCuba

__all__ = ["input_neuron", "neuron_of", "readout"]

Ints = NDArray[np.int64]
BIAS_EXP = 6
NO_FILTER = 4095
"""Decay register with which the current keeps nothing of earlier steps."""
READOUT_VTH_MANT = (1 << 17) - 1
"""Threshold of a layer without neurons in netx: the limit of v, so that the layer never spikes."""


def neuron_of(fields: Fields, shape: Shape | None) -> LoihiCuba | None:
    """Return the neurons of a layer; None if invalid (with a finding)."""
    own = fields.group("neuron")
    kind = own.text("type") if own else None
    if own and "type" in own and kind not in ("CUBA", "LOIHI"):
        if kind is not None:
            message = f"neurons of type '{kind}' are not imported (CUBA and LOIHI are)"
            fields.findings.not_imported(message, fields.where)
        return None
    lacking = [key for key in ("type", "iDecay", "vDecay", "vThMant") if own is None or key not in own]
    if lacking or own is None:
        fields.findings.add("ND052", f"{fields.where} lacks {', '.join(f'neuron/{key}' for key in lacking)}")
        return None
    graded = [own.numbers(key) for key in ("gradedSpike", "messageBits")]
    if any(value is not None and value.any() for value in graded):
        fields.findings.not_imported(f"graded spikes of {kind} neurons are not imported", fields.where)
    current, voltage = own.integer("iDecay", least=1), own.integer("vDecay", least=0)
    threshold, refractory = own.integer("vThMant", least=0), own.integer("refDelay", 1, least=0)
    own.integer("wgtExp", 0)
    bias = _bias(fields, shape)
    if current is None or voltage is None or threshold is None or refractory is None or bias is None:
        return None
    return LoihiCuba(
        du=current - 1,
        dv=voltage,
        vth_mant=threshold,
        bias_mant=bias if bias.size > 1 else int(bias.ravel()[0]),
        bias_exp=BIAS_EXP if np.any(bias) else 0,
        refractory_steps=max(refractory - 1, 0),
    )


def readout(fields: Fields) -> LoihiCuba | None:
    """Return neurons that integrate and never spike, as netx reads a layer without neurons; None if it has a bias."""
    bias = _bias(fields, None)
    if bias is not None and bias.any():
        message = (
            f"{fields.where} has a bias but no neurons: netx adds the bias once at readout, which is not supported"
        )
        fields.findings.add("ND052", message)
        return None
    return LoihiCuba(du=NO_FILTER, dv=0, vth_mant=READOUT_VTH_MANT)


def input_neuron(fields: Fields, shape: Shape | None) -> LoihiCuba | None:
    """Return the neurons of an input layer. They have no current filter: stimulus values drive them like biases."""
    neuron = neuron_of(fields, shape)
    return neuron and neuron.model_copy(update={"du": NO_FILTER, "bias_mant": 0, "bias_exp": 0})


def _bias(fields: Fields, shape: Shape | None) -> Ints | None:
    """Biases in neuron order, (n,) or (1,) for all; 0 if missing; None if invalid (with a finding)."""
    if "bias" not in fields:
        return np.zeros(1, dtype=np.int64)
    values = fields.integers("bias")
    if values is None or shape is None or values.size == 1:
        return values
    given = each(values, shape)
    if given is None:
        message = (
            f"one for all, one for each of {shape[0]} channels" if len(shape) == 3 else "one for all or one for each"
        )
        fields.wrong(f"has {values.size} biases for {prod(shape)} neurons; needs {message}")
    return given
