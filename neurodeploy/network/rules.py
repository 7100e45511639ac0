"""Ready-made learning rules by name. Each returns the `SumOfProducts` that it stands for, so that nothing is hidden.

Rates are what a product is multiplied by: a whole number from -8 to 7 times a power of 2 from 2**-7 to 2**8. Other rates are
refused with the nearest ones. A product of one trace adds rate * trace to a weight, in units of its mantissa; the engine drops
3 bits of a product of two traces, and 5 bits of a trace times w or t, so that such products add rate * x1 * y2 / 8 and
rate * w * y1 / 32. A spike adds its impulse to a trace, up to 127, before products with its dependency are evaluated.

Results are bit for bit those of lava-nc's models, whose authors say that they approximate the chip.
"""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Mapping
from functools import wraps
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypedDict, TypeVar

from numpy.typing import ArrayLike

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network.equations import RuleProduct, equation_of
from neurodeploy.network.plasticity import SumOfProducts, ThirdFactor

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "RULES",
    "RuleFields",
    "delta_rule",
    "hebbian",
    "named",
    "nearest_rate",
    "oja",
    "pair_stdp",
    "reward_modulated_stdp",
    "triplet_stdp",
]

P = ParamSpec("P")
T = TypeVar("T")
MOST = 10**9
"""Size beyond which no product of rates is written out."""
RATES = sorted({mantissa * 2.0**exponent for mantissa in range(-8, 8) for exponent in range(-7, 9)})
"""The rates that a product expresses."""
Rates = Mapping[str, object]


class RuleFields(TypedDict, total=False):
    """Fields of SumOfProducts that every ready-made rule takes."""

    epoch_steps: int
    rounding: Literal["stochastic", "none"]
    seed: int
    delay: ArrayLike
    tag: ArrayLike


class _RateError(ValueError):
    """A rate that no product expresses."""


def _rule(function: Callable[P, T]) -> Callable[P, T]:
    """A function whose faults about rates are findings."""

    @wraps(function)
    def made(*arguments: P.args, **parameters: P.kwargs) -> T:
        __tracebackhide__ = True
        try:
            return function(*arguments, **parameters)
        except _RateError as fault:
            message, where = str(fault), about("function", f"rules.{function.__name__}")
        fixes = ["choose a rate that the message lists, or give nd.rules.nearest_rate(rate)"]
        raise DiagnosticError("construction", (finding("ND132", where, message, fixes=fixes),)) from None

    return made


@_rule
def nearest_rate(rate: float) -> float:
    """Return the rate nearest to `rate` that a product expresses, mantissa * 2**exponent; 0 only for 0.

    `rate`: a finite number. Of two rates that are equally near, the one closer to 0 is returned. Raises DiagnosticError:
    ND132 (not a finite number).
    """
    wanted = _real("rate", rate)
    alike = (known for known in RATES if known and (known > 0) == (wanted > 0))
    return min(alike, key=lambda known: (abs(known - wanted), abs(known))) if wanted else 0.0


def _real(name: str, rate: object) -> float:
    with contextlib.suppress(OverflowError):
        if not isinstance(rate, bool) and isinstance(rate, Real) and math.isfinite(rate):
            return float(rate)
    shown = "a number of too many digits" if isinstance(rate, int) and abs(rate) > MOST else f"{rate!r:.40}"
    raise _RateError(f"{name} is {shown}; needs a finite number")


def _literal(rate: float) -> str:
    """A rate as numbers of an equation, in the form that lava-nc gives rates that it can express."""
    size, parts = rate.as_integer_ratio()
    return f"({size})" if parts == 1 else f"({size})*2^-{parts.bit_length() - 1}"


def _product(rates: Rates, factors: str, sign: str = "") -> tuple[RuleProduct, ...]:
    """The product of rates and `factors`; none if a rate is 0. `rates`: parameter -> value. `sign`: "-" or nothing."""
    values = [_real(name, rate) for name, rate in rates.items()]
    total = math.prod(values)
    if 0 in values:
        return ()
    texts = ["*".join(map(_literal, values)), _literal(total)] if 0 < abs(total) < MOST else []
    for text in texts:
        with contextlib.suppress(ValueError):
            return equation_of(f"{sign}{text}*{factors}")
    known = sorted(-rate for rate in RATES) if sign else RATES
    near = [rate for rate in known if rate <= total][-1:] + [rate for rate in known if rate > total][:1]
    needs = "an integer from -8 to 7 times a power of 2 from 2^-7 to 2^8"
    shown = " or ".join(f"{rate:g}" for rate in near)
    raise _RateError(f"{' * '.join(rates)} is {total:g}; needs {needs}, such as {shown}")


def _trace(impulse: float, tau_steps: float) -> Any:
    """Fields of a trace, validated as part of the rule."""
    return {"impulse": impulse, "tau_steps": tau_steps}


@_rule
def pair_stdp(
    *,
    learning_rate: float = 0.25,
    a_plus: float = 1.0,
    a_minus: float = -1.0,
    tau_plus_steps: float = 10.0,
    tau_minus_steps: float = 10.0,
    impulse_plus: float = 16.0,
    impulse_minus: float = 16.0,
    **fields: Unpack[RuleFields],
) -> SumOfProducts:
    """Return pair-based STDP: dw = learning_rate*a_minus*x0*y1 + learning_rate*a_plus*y0*x1.

    A spike of the source changes the weight by a_minus times the trace of past target spikes, a spike of the target by a_plus
    times the trace of past source spikes. `learning_rate`, `a_plus`, `a_minus`: rates; a negative a_minus depresses.
    `tau_plus_steps`, `tau_minus_steps`: time constants of the traces of the source and the target. `impulse_plus`,
    `impulse_minus`: what a spike adds to them. `fields`: epoch_steps, rounding, seed, delay and tag of SumOfProducts.

    Source: Gerstner, Kempter, van Hemmen, Wagner, Nature 383, 1996, p76-78; lava-nc 0.10.0 STDPLoihi, which rounds rates
    silently. Raises DiagnosticError: ND132 (a rate that no product expresses), ND002.
    """
    rates = {"learning_rate": learning_rate}
    return SumOfProducts(
        dw=_product({**rates, "a_minus": a_minus}, "x0*y1") + _product({**rates, "a_plus": a_plus}, "y0*x1"),
        x1=_trace(impulse_plus, tau_plus_steps),
        y1=_trace(impulse_minus, tau_minus_steps),
        **fields,  # type: ignore[arg-type]
    )


@_rule
def triplet_stdp(
    *,
    a2_plus: float = 0.125,
    a2_minus: float = 0.25,
    a3_plus: float = 0.5,
    a3_minus: float = 0.0,
    tau_plus_steps: float = 17.0,
    tau_minus_steps: float = 34.0,
    tau_x_steps: float = 101.0,
    tau_y_steps: float = 125.0,
    impulse: int = 16,
    **fields: Unpack[RuleFields],
) -> SumOfProducts:
    """Return triplet STDP: dw = a2_plus*y0*x1 + a3_plus*y0*x1*(y2 - i) - a2_minus*x0*y1 - a3_minus*x0*y1*(x2 - i).

    Pairs of spikes change the weight as in pair_stdp, and triplets in addition: x2 and y2 are slower traces of source and
    target. A spike has already added i = `impulse` to them; taking it off gives the trace just before the spike, as in the
    paper, unless the trace reached 127. `a2_plus`, `a2_minus`: rates of pairs. `a3_plus`, `a3_minus`: rates of triplets, which
    count an eighth, because the engine drops 3 bits. `tau_plus_steps`, `tau_minus_steps`, `tau_x_steps`, `tau_y_steps`: time
    constants of x1, y1, x2, y2; the defaults are about those that the paper fits to visual cortex, with steps of 1 ms. `impulse`: what a spike adds to
    each trace, a whole number. `fields`: epoch_steps, rounding, seed, delay and tag of SumOfProducts.

    Source: Pfister and Gerstner, Journal of Neuroscience 26(38), 2006, p9673-9682.
    Raises DiagnosticError: ND132 (a rate that no product expresses), ND002.
    """
    before = int(_real("impulse", impulse))
    if before != impulse or not 0 <= before <= 127:
        raise _RateError(
            f"impulse is {_real('impulse', impulse):g}; needs a whole number from 0 to 127, as a factor takes it off"
        )
    return SumOfProducts(
        dw=_product({"a2_plus": a2_plus}, "y0*x1")
        + _product({"a3_plus": a3_plus}, f"y0*x1*(y2-{before})")
        + _product({"a2_minus": a2_minus}, "x0*y1", "-")
        + _product({"a3_minus": a3_minus}, f"x0*y1*(x2-{before})", "-"),
        x1=_trace(before, tau_plus_steps),
        x2=_trace(before, tau_x_steps),
        y1=_trace(before, tau_minus_steps),
        y2=_trace(before, tau_y_steps),
        **fields,  # type: ignore[arg-type]
    )


@_rule
def reward_modulated_stdp(
    *,
    reward: str,
    reward_weight: int = 1,
    reward_rate: float = 1.0,
    learning_rate: float = 1.0,
    a_plus: float = 1.0,
    a_minus: float = -1.0,
    tag_decay: float = 0.125,
    tau_plus_steps: float = 10.0,
    tau_minus_steps: float = 10.0,
    impulse_plus: float = 16.0,
    impulse_minus: float = 16.0,
    **fields: Unpack[RuleFields],
) -> SumOfProducts:
    """Return STDP that waits in the tag until a reward arrives as y2.

    dt = learning_rate*a_minus*x0*y1 + learning_rate*a_plus*y0*x1 - tag_decay*u0*t, and dw = reward_rate*u0*t*y2: the tag is
    the eligibility of a synapse. `reward`: population or input that sends it, one neuron or line for all targets, or one for
    each; `reward_weight`: value of its spike, or factor of the value of its graded spike. `reward_rate`: rate of the weight,
    which counts 1/32, because the engine drops 5 bits. `learning_rate`, `a_plus`, `a_minus`: rates of the tag. `tag_decay`:
    share of the tag that it loses in an epoch. `tau_plus_steps`, `tau_minus_steps`, `impulse_plus`, `impulse_minus`: time
    constants and impulses of x1 and y1; with a third factor the neuron computes y1, one step later than the engine would.
    `fields`: epoch_steps, rounding, seed, delay and tag of SumOfProducts.

    Source: Fremaux and Gerstner, Frontiers in Neural Circuits 9:85, 2016; lava-nc 0.10.0 RewardModulatedSTDP.
    Raises DiagnosticError: ND132 (a rate that no product expresses), ND002.
    """
    rates = {"learning_rate": learning_rate}
    return SumOfProducts(
        dw=_product({"reward_rate": reward_rate}, "u0*t*y2"),
        dt=_product({**rates, "a_minus": a_minus}, "x0*y1")
        + _product({**rates, "a_plus": a_plus}, "y0*x1")
        + _product({"tag_decay": tag_decay}, "u0*t", "-"),
        x1=_trace(impulse_plus, tau_plus_steps),
        y1=_trace(impulse_minus, tau_minus_steps),
        third_factors=(ThirdFactor(source=reward, trace="y2", weight=reward_weight),),  # type: ignore[arg-type]
        **fields,  # type: ignore[arg-type]
    )


@_rule
def hebbian(
    *,
    learning_rate: float = 0.25,
    weight_decay: float = 0.0,
    tau_steps: float = 10.0,
    impulse: float = 16.0,
    **fields: Unpack[RuleFields],
) -> SumOfProducts:
    """Return Hebbian learning: dw = learning_rate*y0*x1 - weight_decay*u0*w.

    A spike of the target adds to the weights of the sources that spiked before it, so that weights grow up to their largest
    value unless they decay. `learning_rate`: rate. `weight_decay`: share of the weight that it loses in an epoch; 0: none.
    `tau_steps`, `impulse`: time constant of the trace of the source, and what a spike adds to it. `fields`: epoch_steps,
    rounding, seed, delay and tag of SumOfProducts.

    Source: Gerstner and Kistler, Biological Cybernetics 87, 2002, p404-415.
    Raises DiagnosticError: ND132 (a rate that no product expresses), ND002.
    """
    return SumOfProducts(
        dw=_product({"learning_rate": learning_rate}, "y0*x1") + _product({"weight_decay": weight_decay}, "u0*w", "-"),
        x1=_trace(impulse, tau_steps),
        **fields,  # type: ignore[arg-type]
    )


@_rule
def oja(
    *,
    learning_rate: float = 0.25,
    forgetting_rate: float = 0.25,
    tau_source_steps: float = 10.0,
    tau_target_steps: float = 10.0,
    impulse_source: float = 16.0,
    impulse_target: float = 16.0,
    **fields: Unpack[RuleFields],
) -> SumOfProducts:
    """Return a rule like Oja's: dw = learning_rate*y0*x1 - forgetting_rate*y0*y1*w.

    Oja's rule is dw = rate * (x*y - y**2 * w) in real numbers, under which the weights of a neuron approach norm 1 and the
    first principal component. Approximated here: spikes and traces stand for x and y, y**2 is y0*y1, products are rounded to
    weights of 9 bits, and the two rates are free. A weight settles where learning_rate * x1 = forgetting_rate * w * y1 / 32 on
    average over target spikes (5 bits are dropped), so that the norm is set by the rates, impulses and time constants and is
    not 1. `learning_rate`, `forgetting_rate`: rates. `tau_source_steps`, `tau_target_steps`, `impulse_source`,
    `impulse_target`: time constants and impulses of x1 and y1. `fields`: epoch_steps, rounding, seed, delay and tag of
    SumOfProducts.

    Source: Oja, Journal of Mathematical Biology 15, 1982, p267-273.
    Raises DiagnosticError: ND132 (a rate that no product expresses), ND002.
    """
    return SumOfProducts(
        dw=_product({"learning_rate": learning_rate}, "y0*x1")
        + _product({"forgetting_rate": forgetting_rate}, "y0*y1*w", "-"),
        x1=_trace(impulse_source, tau_source_steps),
        y1=_trace(impulse_target, tau_target_steps),
        **fields,  # type: ignore[arg-type]
    )


@_rule
def delta_rule(
    *,
    error: str,
    error_weight: int = 1,
    learning_rate: float = 0.25,
    tau_steps: float = 10.0,
    impulse: float = 16.0,
    **fields: Unpack[RuleFields],
) -> SumOfProducts:
    """Return the delta rule: dw = learning_rate*u0*x1*y2, with the error of each target neuron as y2.

    The error, wanted minus actual, is computed outside, by the host or by other populations, and acts in the step after it is
    sent. `error`: population or input that sends it, one neuron or line for all targets, or one for each; `error_weight`: value
    of its spike, or factor of the value of its graded spike; y2 is kept within -128 and 127. `learning_rate`: rate, which
    counts an eighth, because the engine drops 3 bits. `tau_steps`, `impulse`: time constant of the trace of the source, which
    stands for the input, and what a spike adds to it. `fields`: epoch_steps, rounding, seed, delay and tag of SumOfProducts.

    Source: Widrow and Hoff, IRE WESCON Convention Record 4, 1960, p96-104.
    Raises DiagnosticError: ND132 (a rate that no product expresses), ND002.
    """
    return SumOfProducts(
        dw=_product({"learning_rate": learning_rate}, "u0*x1*y2"),
        x1=_trace(impulse, tau_steps),
        third_factors=(ThirdFactor(source=error, trace="y2", weight=error_weight),),  # type: ignore[arg-type]
        **fields,  # type: ignore[arg-type]
    )


RULES: Mapping[str, Callable[..., SumOfProducts]] = MappingProxyType(
    {item.__name__: item for item in (pair_stdp, triplet_stdp, reward_modulated_stdp, hebbian, oja, delta_rule)}
)
"""The rules by name."""


def named(name: str, **parameters: object) -> SumOfProducts:
    """Return a ready-made rule by name.

    `name`: "pair_stdp", "triplet_stdp", "reward_modulated_stdp", "hebbian", "oja" or "delta_rule". `parameters`: those of the
    function of this name. Raises DiagnosticError: ND132 (a rate that no product expresses), ND133 (unknown name or
    parameter), ND002.
    """
    where = about("function", "rules.named")
    if not isinstance(name, str) or name not in RULES:  # pyright: ignore[reportUnnecessaryIsInstance]
        message = f"no learning rule is named {name!r:.40}; known are {', '.join(RULES)}"
        raise DiagnosticError("construction", (finding("ND133", where, message, fixes=nearest(name, list(RULES))),))
    own = {
        key: item for key, item in inspect.signature(RULES[name]).parameters.items() if item.kind is item.KEYWORD_ONLY
    }
    known = [*own, *RuleFields.__annotations__]
    found = [
        finding(
            "ND133",
            where,
            f"rule '{name}' has no parameter '{key}', only {', '.join(known)}",
            fixes=nearest(key, known),
        )
        for key in parameters
        if key not in known
    ]
    needed = [key for key, item in own.items() if item.default is item.empty and key not in parameters]
    found += [finding("ND133", where, f"rule '{name}' needs parameter '{key}'") for key in needed]
    if found:
        raise DiagnosticError("construction", tuple(found))
    return RULES[name](**parameters)
