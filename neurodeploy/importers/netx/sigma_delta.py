"""Sigma-delta layers of netx files (neurons of type SDNN): layers exchange changes of their activations as graded spikes.

An input layer is a delta encoder, a layer with `sigma_output` a sigma decoder, any other layer a sigma-delta unit with ReLU.
netx gives the values that are sent 6 fractional bits and the states 6 more, so an activation x of the training is 64 * x in
the units of thresholds, biases and stimulus values. Source: lava-dl 0.6.0, netx/hdf5.py (get_neuron_params, create_input)
and slayer/neuron/sigma_delta.py; lava-nc 0.10.0, proc/sdn.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Current, Delta, Input, Population, Sigma, SigmaDelta

if TYPE_CHECKING:
    from neurodeploy.importers.netx.fields import Fields
    from neurodeploy.network import Neuron

__all__ = [
    "INPUT_WEIGHT",
    "TYPE",
    "accepts_values",
    "driven_by_values",
    "encoder_of",
    "ledger_of",
    "neuron_of",
    "warnings_of",
]

Ints = NDArray[np.int64]
TYPE = "SDNN"
"""Type of sigma-delta neurons."""
SPIKE_EXP, STATE_EXP = 6, 6
"""Fractional bits that netx gives the values that are sent, and additional ones of the states."""
INPUT_WEIGHT = 64
"""Factor from a value of the training to a stimulus value, if the input layer states none."""
MESSAGE_BITS = 16
"""Bits of a message in netx, if the file states none."""
MOST_MESSAGE_BITS = 32
"""A graded spike carries 32 bits at most. Source: Intel Loihi 2 technology brief 2021."""

AS_A_FRAME = "as if netx were shown zeros in the first step; biases act in step 1 in both"


def neuron_of(own: Fields, bias: Ints | None) -> SigmaDelta | Sigma | None:
    """Return the neurons of a layer from its group `neuron` and its biases; None if invalid (ND053, ND057)."""
    before = own.findings.count
    _require_known(own)
    if "sigma_output" in own:  # netx tests its presence only
        if bias is not None and bias.any():
            _unsupported(
                own, "has a bias, but neurons with sigma_output have none", "export the layer without its bias"
            )
        return Sigma() if bias is not None and own.findings.count == before else None
    threshold = _threshold(own)
    if threshold is None or bias is None or own.findings.count > before:
        return None
    each = bias if bias.size > 1 else int(bias.ravel()[0])
    return SigmaDelta(threshold=threshold, bias=each, spike_exp=SPIKE_EXP, state_exp=STATE_EXP)


def encoder_of(fields: Fields, neuron: SigmaDelta | Sigma) -> Delta | None:
    """Return the delta encoders that netx makes of the neurons of an input layer; None after a finding (ND057)."""
    if isinstance(neuron, Sigma):
        _unsupported(
            fields, "has sigma_output, but an input layer encodes changes", "sigma_output in the last layer only"
        )
        return None
    return Delta(threshold=neuron.threshold, spike_exp=SPIKE_EXP, state_exp=STATE_EXP)


def accepts_values(neuron: Neuron) -> bool:
    """Return whether the neurons add up changes, so that their input is values, not spikes."""
    return isinstance(neuron, (SigmaDelta, Sigma))


def driven_by_values(inputs: Sequence[Input], populations: Sequence[Population]) -> tuple[Input, ...]:
    """Return the inputs; one that feeds a sigma-delta layer without an encoder before it gives values instead of spikes."""
    if populations and accepts_values(populations[0].neuron):
        return tuple(item.model_copy(update={"encoder": Current()}) for item in inputs)
    return tuple(inputs)


def _require_known(own: Fields) -> None:
    """Report settings that change what the layer computes and that netx ignores or fails at (ND057)."""
    activation = own.text("activation")
    if activation not in (None, "relu"):
        message = f"has the activation '{activation}'; netx would run relu instead"
        _unsupported(own, message, "train with the activation relu")
    bits = own.integer("messageBits", MESSAGE_BITS, least=0)
    if bits == 0:
        _unsupported(own, "has messageBits 0, with which netx sends no values", f"messageBits = {MESSAGE_BITS}")
    elif bits is not None and bits > MOST_MESSAGE_BITS:
        message = "has more messageBits than a graded spike carries"
        own.findings.add("ND057", f"{own.where} {message}", found=bits, limit=MOST_MESSAGE_BITS, unit="bit")


def _unsupported(own: Fields, message: str, fix: str) -> None:
    own.findings.add("ND057", f"{own.where} {message}", fixes=[fix])


def _threshold(own: Fields) -> int | None:
    """Threshold of the differences, in units of 2**(SPIKE_EXP + STATE_EXP); None if it is missing or invalid."""
    if "vThMant" not in own:
        own.findings.add("ND052", f"{own.where} lacks neuron/vThMant")
        return None
    return own.integer("vThMant", least=0)


def warnings_of(file: str, populations: Sequence[Population]) -> list[Diagnostic]:
    """Return ND058 for layers that run as in netx but not as the sigma-delta scheme means it."""
    found = list[Diagnostic]()
    for item, after in pairwise(populations):
        if isinstance(item.neuron, Sigma):
            message = f"{item.name} sends its whole sum in every step, not changes, and {after.name} adds these sums up"
            fixes = [f"sigma_output in the last layer only, not in {item.name}"]
            found.append(finding("ND058", about("file", file), message, fixes=fixes))
        elif accepts_values(after.neuron) and not isinstance(item.neuron, (SigmaDelta, Delta)):
            message = (
                f"{item.name} sends plain spikes, each of which {after.name} adds up as the change 1 / {1 << SPIKE_EXP}"
            )
            found.append(finding("ND058", about("file", file), message, fixes=[f"neurons of type SDNN in {item.name}"]))
    return found


def ledger_of(populations: Sequence[Population], layers: Sequence[Fields]) -> list[LedgerLine]:
    """Return a line for each assumption about the sigma-delta layers: about all at once, then about single layers.

    `layers`: the layers of the file that are imported. Nothing is returned, nor read, if they have findings.
    """
    if any(layer.findings.count for layer in layers[:1]) or not any(
        isinstance(item.neuron, (Delta, SigmaDelta, Sigma)) for item in populations
    ):
        return []
    shift = f"in units of 2**-{SPIKE_EXP}, states have {STATE_EXP} more bits"
    lines = [
        _line(about("import"), "thresholds and biases of SDNN", "integers", shift, "as in netx"),
        _line(about("import"), "latency of the input", "0 steps in netx", "1 step", AS_A_FRAME),
        _line(about("import"), "cumulative error of SDNN", "not in the file", "off", "as in netx"),
    ]
    if accepts_values(populations[0].neuron):
        note = "no encoder precedes the first layer: the host gives the changes themselves, with 6 fractional bits"
        lines.append(_line(about("import"), "stimulus", "not in the file", "a value for each line and step", note))
    if isinstance(populations[-1].neuron, (Sigma, SigmaDelta)):
        state = "the sum u" if isinstance(populations[-1].neuron, Sigma) else "the activation v"
        note = f"divided by 2**{2 * SPIKE_EXP + STATE_EXP} it is the value of the training; the answer is the neuron with the largest"
        lines.append(_line(about("import"), "output", "not in the file", f"{state} of the last layer", note))
    bits = [own for own in map(_own, layers) if own is not None]
    stated = sorted({int(own.integer("messageBits", MESSAGE_BITS) or 0) for own in bits})
    note = "lava's models on a CPU do not limit what is sent either"
    asked = f"{', '.join(map(str, stated))} ({'stated' if any('messageBits' in own for own in bits) else 'default of netx'})"
    lines.append(_line(about("import"), "message bits of SDNN", asked, "not limited", note))
    return [*lines, *(line for own in bits for line in _of_layer(own))]


def _own(layer: Fields) -> Fields | None:
    """The group `neuron` of a sigma-delta layer; None for any other layer."""
    own = layer.group("neuron") if "neuron" in layer else None
    return own if own is not None and own.text("type") == TYPE else None


def _of_layer(own: Fields) -> list[LedgerLine]:
    where, lines = about("layer", own.number), list[LedgerLine]()
    if "sigma_output" not in own and "activation" not in own and "input" not in own.where:
        lines.append(_line(where, "activation", "not in the file", "relu", "as in netx"))
    stated = own.values.get("sigma_output")
    if isinstance(stated, np.ndarray) and stated.dtype.kind in "biuf" and not stated.any():
        lines.append(
            _line(where, "sigma_output", "false", "a sigma decoder", "as in netx, which tests its presence only")
        )
    if "weight_exp" in own:
        lines.append(_line(where, "weight_exp", "in the file", "ignored", "as in netx"))
    return lines


def _line(where: Subject, quantity: str, asked: str, got: str, note: str) -> LedgerLine:
    return LedgerLine(subject=where, quantity=quantity, asked=asked, got=got, level="assumed", note=note)
