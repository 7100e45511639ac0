"""What plastic synapses take of a core beyond what fixed ones take. Chooses nothing.

  input axons      `axons.learning` for each axon with plastic synapses: the entry after its own holds the trace
  synapse words    the widest weight, as a rule can reach every mantissa; a tag where the rule uses t; a delay variable where
                   it uses d, apart from the delay that the synapse has
  synapse formats  two rules never share one, as a format names its rule
  source traces    the distinct traces x1 and x2 that rules of a core read
Sources: nengo-loihi 1.1.0 block.py (SynapseConfig, idxs_per_synapse) and hardware/allocators.py (core_stdp_pre_cfgs); Davies et
al. 2018, Table 1, for the bits of tags and delays.
"""

from __future__ import annotations

from neurodeploy.hardware.figure import Figure
from neurodeploy.hardware.target import Target
from neurodeploy.network.equations import equation_text
from neurodeploy.network.plasticity import Pes, Plasticity, Trace
from neurodeploy.resources.axons import input_axons_of

__all__ = ["axons_each", "learning_bits", "rule_key", "source_traces"]


def axons_each(target: Target, plasticity: Plasticity | None) -> int:
    """Return the input axons that one axon of a projection takes; 1 where the target does not say. `plasticity`: its rule."""
    return input_axons_of(target, learning=plasticity is not None) or 1


def learning_bits(target: Target, plasticity: Plasticity | None, weight_bits: int) -> int:
    """Return the bits of a synapse beyond those of a weight of `weight_bits` and of its delay. `plasticity`: its rule."""
    if plasticity is None or target.learning is None:
        return 0
    engine, used = target.learning, () if isinstance(plasticity, Pes) else plasticity.variables
    bits = max(_value(engine.weight_bits) - weight_bits, 0)
    return bits + _value(engine.tag_bits if "t" in used else None) + _value(engine.delay_bits if "d" in used else None)


def _value(figure: Figure | None) -> int:
    return int(figure.value) if figure is not None else 0


def rule_key(plasticity: Plasticity | None) -> str:
    """Return what a synapse format says of a rule: equal for projections that one format can serve; "" without a rule."""
    if plasticity is None:
        return ""
    if isinstance(plasticity, Pes):
        return f"pes {plasticity.mantissa}*2^{plasticity.exponent}"
    equations = (plasticity.dw, plasticity.dd, plasticity.dt)
    return "; ".join(f"d{name} = {equation_text(item)}" for name, item in zip("wdt", equations, strict=True) if item)


def source_traces(plasticity: Plasticity | None) -> frozenset[Trace]:
    """Return the traces of sources that a rule reads."""
    if plasticity is None:
        return frozenset()
    if isinstance(plasticity, Pes):
        return frozenset([plasticity.trace])
    products = (*plasticity.dw, *plasticity.dd, *plasticity.dt)
    read = {factor.variable for item in products for factor in item.factors}
    return frozenset(getattr(plasticity, name) for name in ("x1", "x2") if name in read)
