"""Plasticity of a projection: how its synapses change while the network runs.

A sum of products changes the weight w, the delay variable d and the tag t of each synapse once an epoch:

    z += sum of mantissa * 2**exponent * dependency * product of (variable + constant),   z = w, d or t

in integers, with traces x1, x2 of the source and y1, y2, y3 of the target. `neurodeploy.network.equations` reads and
writes the products as text. PES changes weights by an error that the host or another population gives.

Sources: Davies et al., "Loihi: A Neuromorphic Manycore Processor with On-Chip Learning", IEEE Micro 38(1), 2018, p91-92;
lava-nc 0.10.0, magma/core/learning; nengo-loihi 1.1.0, emulator/interface.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from neurodeploy.base.noun import IntParam, Name, Noun, WholeNumber
from neurodeploy.network.equations import RuleProduct, equation_of, equation_text

__all__ = ["DELAY_RANGE", "TAG_RANGE", "Pes", "Plasticity", "SumOfProducts", "ThirdFactor", "Trace", "TRACES"]

TRACES = ("x1", "x2", "y1", "y2", "y3")
"""Traces of the source (x) and of the target (y)."""
DELAY_RANGE, TAG_RANGE = (0, 255), (-257, 255)
"""Least and greatest delay variable d and tag t that a rule can reach. Source: lava-nc 0.10.0, magma/core/model/py/connection.py."""


def _read(value: Any) -> Any:
    """The products of a text; any other value as it is."""
    return equation_of(value) if isinstance(value, str) else value


Equation = Annotated[tuple[RuleProduct, ...], BeforeValidator(_read)]
"""Products, or their text."""


class Trace(Noun):
    """A trace: z decays by exp(-1 / tau_steps) in each step, and a spike adds `impulse`. Integers from 0 to 127."""

    impulse: float = Field(default=0.0, ge=0, lt=128)
    """What a spike adds, from 0 to below 128; the fraction is the probability of one more."""
    tau_steps: float = Field(default=0.0, ge=0, le=2**31)
    """Time constant in steps, at least 0; 0: the trace is 0 in the next step."""


class ThirdFactor(Noun):
    """A signal that sets a trace of the target, such as a reward: y = weight * value sent in the step before, else 0."""

    source: Name
    """Population or input that sends it: one neuron or line for all targets, or one for each."""
    trace: Literal["y1", "y2", "y3"] = "y2"
    """Trace that it sets."""
    weight: IntParam = 1
    """Value of a spike, or factor of the value of a graded spike; the result is kept within -128 and 127. One number, or
    one for each target neuron."""


class SumOfProducts(Noun):
    """Learning rules of the chip's learning engine: sums of products for weight, delay and tag, evaluated once an epoch."""

    kind: Literal["sum_of_products"] = "sum_of_products"
    dw: Equation = ()
    """Products that change the weight: text such as "2^-2*x1*y0 - 2^-2*y1*x0", or a list of products."""
    dd: Equation = ()
    """Products that change the delay variable d, from 0 to 255. d is learned but does not delay spikes, as in lava-nc."""
    dt: Equation = ()
    """Products that change the tag t, from -257 to 255."""
    x1: Trace = Trace()
    """First trace of the source."""
    x2: Trace = Trace()
    """Second trace of the source."""
    y1: Trace = Trace()
    """First trace of the target."""
    y2: Trace = Trace()
    """Second trace of the target."""
    y3: Trace = Trace()
    """Third trace of the target."""
    epoch_steps: WholeNumber = Field(default=1, ge=1, le=2**31 - 1)
    """Steps of an epoch: rules run after every step t with t % epoch_steps == 0. Chips allow up to 63."""
    rounding: Literal["stochastic", "none"] = "stochastic"
    """stochastic: fractions of traces and of the accumulator round up with their probability; none: they are dropped."""
    seed: WholeNumber = Field(default=0, ge=0, lt=2**31 - 4)
    """Seed of the draws of stochastic rounding (lava-nc rng_seed)."""
    graded: Literal["none", "overwrite", "add_saturating", "add_overflowing"] = "none"
    """Effect of the value of a graded spike on x1, half of the value each. overwrite: x1 becomes it; add_saturating: it is
    added, up to 127; add_overflowing: it is added, and above 127 the rest stays and x2 gets its impulse; only such spikes
    count as x0. none: the regular impulse. Source: lava-nc 0.10.0 GradedSpikeCfg."""
    third_factors: tuple[ThirdFactor, ...] = ()
    """Signals that set traces of the target. With any, all y are computed by the neuron in each step:
    y = min(127, floor(y * exp(-1 / tau_steps) + impulse * spike of the step before)). Source: lava-nc 0.10.0
    Loihi3FLearningRule and its example RSTDPLIF."""
    delay: IntParam = 0
    """Delay variable d of each synapse at the start: one number, or an array of the shape of the weights."""
    tag: IntParam = 0
    """Tag t of each synapse at the start: one number, or an array of the shape of the weights."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables of a synapse that the rule reads or changes: w, and d and t where they occur."""
        factors = {factor.variable for item in (*self.dw, *self.dd, *self.dt) for factor in item.factors}
        return ("w", *(name for name, own in (("d", self.dd), ("t", self.dt)) if own or name in factors))

    @property
    def text(self) -> str:
        """The equations, such as "dw = 2^-2*y0*x1; dt = u0*t"."""
        equations = (("dw", self.dw), ("dd", self.dd), ("dt", self.dt))
        return "; ".join(f"{name} = {equation_text(products)}" for name, products in equations if products)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields that differ from their defaults, equations as text."""
        for name, value in super().__repr_args__():
            yield name, equation_text(getattr(self, name)) if name in ("dw", "dd", "dt") else value

    @model_validator(mode="after")
    def _learns(self) -> SumOfProducts:
        if not (self.dw or self.dd or self.dt):
            raise ValueError("has no products: give dw, dd or dt")
        return self


class Pes(Noun):
    """Prescribed error sensitivity (PES): weights change by a trace of the source times an error of the target.

    Target neurons come in pairs (on, off): of 2 n neurons, j and n + j follow error j. In step t, before its spikes, with
    the spikes and the error that were sent in step t - 1:

        if t % trace_epoch_steps == 0:
            x = min(127, round(exp(-trace_epoch_steps / tau_steps) * x + impulse))    impulse: if the source has spiked since
        if t % epoch_steps == 0:
            z = 128 * w + ((mantissa * x * e) << exponent + 5)    e: -error j for on, +error j for off; a negative shift floors
            w = round(z / 2**(7 + s)) * 2**s                      s: low bits of a mantissa that are not stored; |w| < 2**8

    round: toward zero, plus 1 with the probability of the fraction; each source and synapse has its own draw. The target
    takes the new weights from the spikes of step t on. A source that spikes twice between two updates of its trace counts
    once, and the error is that of one step, not a mean. Bit for bit nengo-loihi 1.1.0 (emulator/interface.py, whose tau is
    a whole number of steps); its authors know of differences between its emulator and the chip (nengo-loihi issue 167).
    """

    kind: Literal["pes"] = "pes"
    error: Name
    """Input or population whose value in each step is the error: actual minus wanted. It has n lines for 2 n target
    neurons; or 2 n lines, of which line j minus line n + j is error j, for spikes that have no sign. An input of values
    (encoder "current") is a host. A population learns without one: actual and wanted spikes drive it with weights of opposite
    signs, a pair of neurons without leak for each error, or one neuron of a kind that sends values."""
    error_scale: float = Field(default=1.0, gt=0, le=1e6)
    """error j = error_scale * value, rounded, ties to even, and kept within -127 and 127 (nengo-loihi pes_error_scale)."""
    mantissa: WholeNumber = Field(default=1, ge=-8, le=7)
    """Mantissa of the learning rate."""
    exponent: WholeNumber = Field(default=-7, ge=-7, le=8)
    """Exponent of the learning rate; nengo-loihi always takes 2**-7, and puts the rest of the rate into the impulse."""
    trace: Trace = Trace(impulse=127.9921875, tau_steps=5.0)
    """Trace of the source. Its impulse counts in 128ths, rounded down; a time constant of 0 leaves the impulse alone."""
    trace_epoch_steps: WholeNumber = Field(default=2, ge=1, le=63)
    """Steps between updates of the trace (nengo-loihi train_epoch)."""
    epoch_steps: WholeNumber = Field(default=4, ge=1, le=63)
    """Steps between updates of the weights (nengo-loihi learn_epoch)."""
    rounding: Literal["stochastic", "none"] = "stochastic"
    """stochastic: fractions of traces and weights round up with their probability; none: they are dropped."""
    seed: WholeNumber = Field(default=0, ge=0, lt=2**32)
    """Seed of the draws of stochastic rounding, see neurodeploy.simulate.pes_draws. They are our own: nengo-loihi draws
    from one generator for a whole model and its noise, so that a seed of its own means nothing for one projection."""

    @property
    def text(self) -> str:
        """The rule in a few words, such as "PES of error 'e', rate 2^-7"."""
        rate = f"{self.mantissa}*2^{self.exponent}" if self.mantissa != 1 else f"2^{self.exponent}"
        return f"PES of error '{self.error}', rate {rate}"

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables of a synapse that the rule reads or changes: w."""
        return ("w",)


Plasticity = SumOfProducts | Pes
"""A rule of any kind."""
