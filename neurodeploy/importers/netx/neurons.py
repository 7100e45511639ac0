"""Neurons of netx layers, as netx interprets their fields.

Sources: lava-dl 0.6.0, netx/hdf5.py get_neuron_params, slayer/neuron/rf.py and alif.py; lava-nc 0.10.0, proc/rf and proc/atrlif.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx import sigma_delta
from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.shapes import Shape, each
from neurodeploy.network import AdaptiveLif, Delta, LoihiCuba, ResonateFire, Sigma, SigmaDelta

__all__ = ["READOUT_VTH_MANT", "LayerNeuron", "bias_of", "input_neuron", "is_silent", "neuron_of", "readout"]

Ints = NDArray[np.int64]
Register: TypeAlias = "int | Ints"
LayerNeuron: TypeAlias = LoihiCuba | AdaptiveLif | ResonateFire | Delta | SigmaDelta | Sigma
BIAS_EXP = 6
NO_FILTER = 4095
"""Decay register with which the current keeps nothing of earlier steps."""
READOUT_VTH_MANT = (1 << 17) - 1
"""Largest threshold register. Layers without neurons and affine layers have higher thresholds in netx, beyond the limit of v."""
DECAY_BITS, STATE_EXP = 12, 6
ONE = 1 << DECAY_BITS
"""A decay of 1 per step, in units of the registers."""


def neuron_of(fields: Fields, shape: Shape | None) -> LayerNeuron | None:
    """Return the neurons of a layer; None if invalid (with a finding)."""
    own = fields.group("neuron")
    if own is None or "type" not in own:
        _require(fields, own, ("type", "iDecay", "vDecay", "vThMant"))
        return None
    kind = own.text("type")
    if kind is None:
        return None
    made = _KINDS.get(kind)
    if made is None:
        fields.findings.not_imported(_why_not(kind), fields.where)
        return None
    return made(kind, fields, own, shape)


def _why_not(kind: str) -> str:
    """Why a neuron type is not imported, and what to do."""
    if kind.startswith("ADRF"):
        return f"neurons of type '{kind}' are not imported, and netx drops their adaptation; train with RF neurons"
    return f"neurons of type '{kind}' are not imported ({', '.join(_KINDS)} are)"


def _require(fields: Fields, own: Fields | None, keys: tuple[str, ...]) -> bool:
    """Whether a group of neurons has all keys; a finding otherwise."""
    lacking = [key for key in keys if own is None or key not in own]
    if lacking:
        fields.findings.add("ND052", f"{fields.where} lacks {', '.join(f'neuron/{key}' for key in lacking)}")
    return not lacking


def _register(
    own: Fields, key: str, shape: Shape | None, *, least: int | None = None, default: int | None = None
) -> Register | None:
    """A register: one integer, or one for each channel or neuron as an array in neuron order; None after a finding."""
    limits = {} if least is None else {"least": least}
    if own.count(key) <= 1:
        return own.integer(key, default, **limits)
    values = own.integers(key)
    if values is None:
        return None
    given = each(values, shape) if shape is not None else values
    if given is None:
        own.unread(key, f"has shape {list(values.shape)}; needs one value, or one for each channel or neuron")
        return None
    if least is not None and given.min() < least:
        own.unread(key, f"has values below {least:,}", found=int(given.min()), limit=least)
        return None
    return given


def _cuba(kind: str, fields: Fields, own: Fields, shape: Shape | None) -> LoihiCuba | None:
    if not _require(fields, own, ("iDecay", "vDecay", "vThMant")):
        return None
    _require_unary(fields, own, kind)
    own.integer("messageBits", 0, least=0)
    current, voltage = _register(own, "iDecay", shape, least=1), _register(own, "vDecay", shape, least=0)
    threshold, refractory = _register(own, "vThMant", shape, least=0), own.integer("refDelay", 1, least=0)
    own.integer("wgtExp", 0)
    bias = bias_of(fields, shape)
    if current is None or voltage is None or threshold is None or refractory is None or bias is None:
        return None
    _note_registers(fields, own, threshold, refractory)
    return LoihiCuba(
        du=current - 1,
        dv=voltage,
        vth_mant=np.minimum(threshold, READOUT_VTH_MANT),
        bias_mant=bias if bias.size > 1 else int(bias.ravel()[0]),
        bias_exp=BIAS_EXP if np.any(bias) else 0,
        refractory_steps=max(refractory - 1, 0),
    )


def _note_registers(fields: Fields, own: Fields, threshold: Register, refractory: int) -> None:
    if "weight_exp" in own:
        fields.line("weight_exp", "in the file", "ignored", "as in netx; training divides currents by this power of 2")
    if refractory > 1:
        fields.line("refDelay", str(refractory), f"{refractory - 1} refractory steps", "netx ignores refDelay")
    if np.any(np.greater(threshold, READOUT_VTH_MANT)):
        note = "v does not reach the threshold of the file, so the layer never spikes"
        fields.line("vThMant", f"{int(np.max(threshold)):,}", f"{READOUT_VTH_MANT:,}", note)


def _adaptive(_kind: str, fields: Fields, own: Fields, shape: Shape | None) -> AdaptiveLif | None:
    """lava's ATRLIF, which has the equations that lava-dl trains; its current decays by 1/4096 more than delta_i."""
    if not _require(fields, own, ("iDecay", "vDecay", "thDecay", "refDecay", "vThMant", "vThStep")):
        return None
    current = _register(own, "iDecay", shape, least=1)
    decays = [_register(own, key, shape, least=0) for key in ("vDecay", "thDecay", "refDecay")]
    threshold, step = (_register(own, key, shape) for key in ("vThMant", "vThStep"))
    _require_plain(fields, own, "ALIF")
    if current is None or threshold is None or step is None or any(item is None for item in decays):
        return None
    voltage, adaptation, refractory = (np.asarray(item, dtype=np.float64) / ONE for item in decays)
    fields.line("neurons", "ALIF", "adaptive_lif, equal step by step to lava-dl's", "netx does not read ALIF")
    return AdaptiveLif(
        delta_i=np.asarray(current - 1, dtype=np.float64) / ONE,
        delta_v=voltage,
        delta_theta=adaptation,
        delta_r=refractory,
        theta_0=threshold,
        theta_step=step,
    )


def _resonator(kind: str, fields: Fields, own: Fields, shape: Shape | None) -> ResonateFire | None:
    """lava's RF and RF_IZ. netx passes period and decay in floats, from which lava makes registers again, rounded down."""
    if not _require(fields, own, ("sinDecay", "cosDecay", "vThMant")):
        return None
    sine, cosine = _register(own, "sinDecay", shape), _register(own, "cosDecay", shape)
    threshold = _register(own, "vThMant", shape)
    _require_plain(fields, own, kind)
    if sine is None or cosine is None or threshold is None:
        return None
    made = _remade(sine, cosine)
    _note_remade(fields, "sinDecay", sine, made[0])
    _note_remade(fields, "cosDecay", cosine, made[1])
    return ResonateFire(
        sin_decay=made[0],
        cos_decay=made[1],
        threshold=threshold,
        decay_bits=DECAY_BITS,
        state_exp=STATE_EXP,
        reset="none" if "PHASE" in kind else "izhikevich",
    )


def _remade(sine: Register, cosine: Register) -> tuple[Ints, Ints]:
    """Registers of sine and cosine after netx's conversion to decay and period, and lava's back to integers.

    Source: neuron_params in slayer/neuron/rf.py; lava-nc proc/rf/process.py.
    """
    s, c = np.asarray(sine) / ONE, np.asarray(cosine) / ONE
    alpha = 1 - np.sqrt(s**2 + c**2)
    with np.errstate(divide="ignore"):
        period = 1 / (np.arctan2(s, c) / 2 / np.pi)
    turn = np.pi * 2 * 1 / period
    back = (1 - alpha) * np.sin(turn), (1 - alpha) * np.cos(turn)
    first, second = (np.trunc(item * ONE).astype(np.int64) for item in back)
    return first, second


def _note_remade(fields: Fields, key: str, stated: Register, made: Ints) -> None:
    changed = int(np.count_nonzero(np.not_equal(stated, made)))
    if not changed:
        return
    asked, got = f"{int(np.ravel(stated)[0])}", f"{int(np.ravel(made)[0])}"
    if made.size > 1:
        asked, got = f"{made.size} registers", f"{changed} of them changed by 1"
    fields.line(key, asked, got, "as netx, which converts them to a period and back")


def _require_unary(fields: Fields, own: Fields, kind: str) -> None:
    """Report spikes with values."""
    graded = own.numbers("gradedSpike")
    if graded is not None and graded.any():
        message = f"graded spikes of {kind} neurons are not imported, and netx drops their values; train without them"
        fields.findings.not_imported(message, fields.where)


def _require_plain(fields: Fields, own: Fields, kind: str) -> None:
    """Report a bias or graded spikes of neurons that have none in lava."""
    _require_unary(fields, own, kind)
    bias = fields.integers("bias")
    if bias is not None and bias.any():
        message = f"a bias of {kind} neurons is not imported: lava's model has none; train without normalization"
        fields.findings.not_imported(message, fields.where)


def _sigma_delta(_: str, fields: Fields, own: Fields, shape: Shape | None) -> SigmaDelta | Sigma | None:
    return sigma_delta.neuron_of(own, bias_of(fields, shape))


_KINDS: dict[str, Callable[[str, Fields, Fields, Shape | None], LayerNeuron | None]] = {
    "CUBA": _cuba,
    "LOIHI": _cuba,
    "ALIF": _adaptive,
    "RF_PHASE": _resonator,
    "RF_IZHIKEVICH": _resonator,
    sigma_delta.TYPE: _sigma_delta,
}
"""Neuron type of a file -> how its fields are read."""


def is_silent(neuron: LayerNeuron) -> bool:
    """Whether neurons never spike, so that their v is the answer of the network."""
    return isinstance(neuron, LoihiCuba) and bool(np.all(np.equal(neuron.vth_mant, READOUT_VTH_MANT)))


def readout() -> LoihiCuba:
    """Return neurons that integrate and never spike, as netx reads a layer without neurons."""
    return LoihiCuba(du=NO_FILTER, dv=0, vth_mant=READOUT_VTH_MANT)


def input_neuron(fields: Fields, shape: Shape | None) -> LoihiCuba | Delta | None:
    """Return the neurons of an input layer. They have no current filter: stimulus values drive them like biases."""
    neuron = neuron_of(fields, shape)
    if neuron is None or isinstance(neuron, LoihiCuba):
        return neuron and neuron.model_copy(update={"du": NO_FILTER, "bias_mant": 0, "bias_exp": 0})
    if isinstance(neuron, (SigmaDelta, Sigma)):
        return sigma_delta.encoder_of(fields, neuron)
    fields.findings.not_imported("input layers of other neurons than CUBA and SDNN are not imported", fields.where)
    return None


def bias_of(fields: Fields, shape: Shape | None) -> Ints | None:
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
