"""Equations of learning rules as text: what is read, what is written, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Factor, RuleProduct, equation_text
from neurodeploy.network.equations import MOST_CONSTANT, MOST_LETTERS, equation_of

VARIABLES = ("x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "d", "t")


@st.composite
def factors(draw):
    sign = draw(st.booleans())
    variable = draw(st.sampled_from(("w", "d", "t") if sign else VARIABLES))
    constant = draw(st.integers(-MOST_CONSTANT, MOST_CONSTANT) | st.sampled_from([0, 0, 1, -1]))
    return Factor(variable=variable, constant=constant, sign=sign)


@st.composite
def products(draw):
    dependency = draw(st.sampled_from(("x0", "y0", "u")))
    return RuleProduct(
        dependency=dependency,
        decimation=draw(st.integers(0, 9)) if dependency == "u" else None,
        mantissa=draw(st.integers(-8, 7)),
        exponent=draw(st.integers(-7, 8)),
        factors=draw(st.lists(factors(), max_size=4)),
    )


@given(st.lists(products(), max_size=5).map(tuple))
def test_an_equation_that_is_written_reads_back_to_its_products(equation):
    text = equation_text(equation)
    assert equation_of(text) == equation
    assert equation_of(text.replace(" ", "")) == equation


def made(dependency, mantissa=1, exponent=0, *more, k=None):
    parts = [Factor(variable=item) if isinstance(item, str) else Factor(**item) for item in more]
    return RuleProduct(dependency=dependency, decimation=k, mantissa=mantissa, exponent=exponent, factors=tuple(parts))


READ = {
    "": (),
    "x0": (made("x0"),),
    "2^-2*x1*y0 - 2^-2*y1*x0": (made("y0", 1, -2, "x1"), made("x0", -1, -2, "y1")),
    "-x0": (made("x0", -1),),
    "+x0": (made("x0"),),
    "x1 * 3*2^+4 * y0": (made("y0", 3, 4, "x1"),),
    "y1*(-3)*(2^-2)*u2": (made("u", -3, -2, "y1", k=2),),
    "12*x0": (made("x0", 6, 1),),
    "-8*x0": (made("x0", -4, 1),),
    "-8*2^8*x0": (made("x0", -8, 8),),
    "256*2^-12*x0": (made("x0", 4, -6),),
    "2^999*2^-999*x0": (made("x0"),),
    "0*x0": (made("x0", 0),),
    "u2*u2*w": (made("u", 1, 0, "w", k=2),),
    "u2*x0*y0": (made("u", 1, 0, "x0", "y0", k=2),),
    "x0*x0*(y0 + 1)": (made("x0", 1, 0, "x0", {"variable": "y0", "constant": 1}),),
    "x0*(3 - y1)": (made("x0", -1, 0, {"variable": "y1", "constant": -3}),),
    "x0*(-y1 - 2^3)": (made("x0", -1, 0, {"variable": "y1", "constant": 8}),),
    "x0*(w - 3*2^2)*sgn(t)*sgn(2 + d)": (
        made(
            "x0", 1, 0, {"variable": "w", "constant": -12}, {"variable": "t", "sign": True},
            {"variable": "d", "constant": 2, "sign": True},
        ),
    ),
    "x0\t*\ny1": (made("x0", 1, 0, "y1"),),
}  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_a_text_has_these_products(text):
    assert equation_of(text) == READ[text]


REFUSED = {
    "x1": "product 'x1' has no dependency: one of its parts must be x0, y0 or u0 to u9",
    "x0*u2": "product 'x0*u2' has the dependency x0, so u2 cannot be a factor",
    "u1*u2": "product 'u1*u2' has the dependency u1, so u2 cannot be a factor",
    "u10*x1": "'u10' is no dependency: u has one digit, u0 to u9",
    "x0*z": "'z' is no factor: known are x0, y0, x1, x2, y1, y2, y3, w, d, t, (variable + integer) and sgn(...), joined by *",
    "2x0": "'2x0' is no factor: known are x0, y0, x1, x2, y1, y2, y3, w, d, t, (variable + integer) and sgn(...), joined by *",
    "(-x1)*x0": "'(-x1)' has a sign in brackets: write it before the product",
    "(x0)*y0": "'(x0)' needs no brackets: write x0",
    "(x1*2)*x0": "'(x1*2)' is no factor: brackets hold a number, or a variable and an integer, as (w - 4)",
    "(x1+2+y1)*x0": "'(x1+2+y1)' is no factor: brackets hold a number, or a variable and an integer, as (w - 4)",
    "(x1)(y1)*x0": "'(x1)(y1)' is no factor: brackets hold a number, or a variable and an integer, as (w - 4)",
    "((x1))*x0": "brackets do not match, or one is in another, at '((x1))*x0'",
    "x0*(x1": "the last bracket of 'x0*(x1' is not closed",
    "sgn(x1)*x0": "'sgn(x1)' is no factor: sgn takes w, d or t without a sign, and an integer, as sgn(w - 4)",
    "sgn(4-w)*x0": "'sgn(4-w)' is no factor: sgn takes w, d or t without a sign, and an integer, as sgn(w - 4)",
    "x0*": "product 'x0*' has a * without a factor on both sides",
    "x0-": "ends with the sign '-'",
    "x0 + -y0": "has signs in a row at '+-y0'; a negative number goes in brackets",
    "x0*-3": "has signs in a row at '*-3'; a negative number goes in brackets",
    "0.5*x0": "has the letter '.' in '0.5*x0', which no equation has; scales are integers times powers of 2, such as 3*2^-4",
    "2**-2*x0": "has '**'; powers are written 2^-2, and products with a single *",
    "X0": "has the letter 'X' in 'X0', which no equation has",
    "x0*y\u0661": "has the letter '\\u0661' in 'x0*y\\u0661', which no equation has",
    "03*x0": "'03' is no number: known are integers of up to 18 digits that do not begin with 0, and 2^-4",
    "3^2*x0": "'3^2' is no number: known are integers of up to 18 digits that do not begin with 0, and 2^-4",
    "15*x0": "product '15*x0' has mantissa 15; needs -8 to 7, times a power of 2",
    "8*2^8*x0": "product '8*2^8*x0' has mantissa 8; needs -8 to 7, times a power of 2",
    "2^-8*x0": "product '2^-8*x0' has exponent -8; needs -7 to 8",
    "x0*(w+2^-1)": "constant 2^-1 of '(w+2^-1)' is not an integer: its power of 2 is negative",
    "x0*(w+65536)": "constant 65536 of '(w+65536)' is larger than 32,768",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_is_refused_with_the_part_that_cannot_be_read(text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        equation_of(text)
    assert str(caught.value) == REFUSED[text]


HOSTILE = {
    "long": "x0*x1+" * 200_000 + "x0",
    "at the limit": ("x0*x1+" * MOST_LETTERS)[: MOST_LETTERS - 2] + "x0",
    "one product": "*".join(["x0"] * (MOST_LETTERS // 3)) + "*w" * 9,
    "brackets": "(" * 9_000,
    "brackets in pairs": "(" * 4_000 + "x1" + ")" * 4_000,
    "a large number": "1" + "0" * 5_000 + "*x0",
    "large numbers": "*".join(["9" * 18] * 500) + "*x0",
    "a large power": "2^99999*x0",
    "a larger power": "2^" + "9" * 18 + "*x0",
    "a large constant": "x0*(w+2^" + "9" * 18 + ")",
    "a very small power": "3*2^-999999999999999999*x0",
    "digits and stars": "x0" + "*1" * 4_900 + "*",
    "not a letter": "\x00" * 9_000,
    "emoji": "x0*\U0001f9e0",
    "half a letter": "x0*\ud800",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_or_refused_in_few_words(name):
    try:
        assert equation_of(HOSTILE[name])
    except ValueError as error:
        assert len(str(error)) < 200  # noqa: PT017


@given(st.text("xywdtus0123(){}+-*^ 2", max_size=40))
def test_any_text_is_products_or_a_value_error(text):
    try:
        equation = equation_of(text)
    except ValueError:
        return
    assert equation_of(equation_text(equation)) == equation


def test_the_finding_of_a_rule_names_the_field_and_the_part():
    with pytest.raises(DiagnosticError) as caught:
        nd.dense("in", "cells", [[1.0]], plasticity={"kind": "sum_of_products", "dt": "x1*y0 + u10*w"})
    (found,) = caught.value.diagnostics
    assert (found.code, str(found.subject)) == ("ND002", "projection 'in_to_cells'")
    assert (
        found.message
        == "field 'plasticity.dt': 'u10' is no dependency: u has one digit, u0 to u9 (given: 'x1*y0 + u10*w')"
    )


def test_a_product_of_mantissa_minus_8_is_stored_as_it_is_written():
    """-8 * 2**0 cannot be written: the text -8*x0 is read as -4 * 2**1, here and in lava-nc."""
    assert RuleProduct(dependency="x0", mantissa=-8) == RuleProduct(dependency="x0", mantissa=-4, exponent=1)
    assert (RuleProduct(dependency="x0", mantissa=-8, exponent=8)).mantissa == -8


def test_a_sign_of_a_trace_is_no_factor():
    with pytest.raises(DiagnosticError, match="sgn applies to w, d and t, not to x1"):
        Factor(variable="x1", sign=True)
