"""Equations of learning rules: products as data, and the text that lava-nc uses for them.

    2^-2*x1*y0 - 3*2^-4*y1*x0 + u2*(w - 4)*sgn(t)

A product has one dependency, x0, y0 or u0 to u9: the first that it names. Its other parts, in any order, are numbers, such as
3, 2^-4 and (-2), whose product is mantissa * 2**exponent, and factors: a variable, a variable and an integer in brackets,
or the sign sgn(...) of w, d or t with or without an integer. x0 and y0 can be factors of a product with another dependency.
Even mantissas beyond 7 move factors of 2 to the exponent. Source of the grammar: lava-nc 0.10.0,
magma/core/learning/symbolic_equation.py and product_series.py.

Every text that is read here has the same products in lava-nc, and lava-nc reads every text that is written here. Texts that
lava-nc reads as something else than they say are refused: it ignores the signs of (-x1) and sgn(-w), all of (x0), ((x1)) and
the end of (x1 + 2 + y1), takes (x1*2) for (x1 + 2) and u10 for u1*0, and skips a missing or additional *.
"""

from __future__ import annotations

import re
from typing import Literal, NoReturn

from pydantic import Field, model_validator

from neurodeploy.base.noun import Noun, WholeNumber

__all__ = ["Factor", "RuleProduct", "equation_of", "equation_text"]

VARIABLES = ("x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "d", "t")
SPIKES = ("x0", "y0")
"""Variables that are dependencies."""
SIGNED = ("w", "d", "t")
"""Variables whose sign can be a factor."""
MOST_LETTERS = 10_000
"""Longest equation that is read."""
MOST_CONSTANT = 2**15
"""Largest constant of a factor in size."""


class Factor(Noun):
    """A factor of a product: a variable plus a constant, or the sign of that."""

    variable: Literal["x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "d", "t"]
    """x0, y0: 1 if the source, the target spiked in the epoch; x1 to y3: traces; w, d, t: weight, delay variable, tag."""
    constant: WholeNumber = Field(default=0, ge=-MOST_CONSTANT, le=MOST_CONSTANT)
    """What is added to the variable."""
    sign: bool = False
    """Whether the factor is -1, 0 or 1, the sign of variable + constant; for w, d and t only."""

    @model_validator(mode="after")
    def _signed(self) -> Factor:
        if self.sign and self.variable not in SIGNED:
            raise ValueError(f"sgn applies to w, d and t, not to {self.variable}")
        return self


class RuleProduct(Noun):
    """One product: mantissa * 2**exponent * dependency * factors.

    Mantissa -8 with an exponent below 8 becomes -4 with the next exponent, as no text can express it in lava-nc.
    """

    dependency: Literal["x0", "y0", "u"]
    """x0: the source spiked in this epoch; y0: the target did; u: the epoch's number is a multiple of 2**decimation."""
    decimation: WholeNumber | None = Field(default=None, ge=0, le=9)
    """k of u_k; None with x0 and y0."""
    mantissa: WholeNumber = Field(default=1, ge=-8, le=7)
    """Mantissa of the scale, from -8 to 7."""
    exponent: WholeNumber = Field(default=0, ge=-7, le=8)
    """Exponent of the scale, from -7 to 8."""
    factors: tuple[Factor, ...] = ()
    """Factors, of any number."""

    @model_validator(mode="after")
    def _decimated(self) -> RuleProduct:
        if (self.decimation is None) == (self.dependency == "u"):
            raise ValueError("has a decimation if and only if its dependency is u")
        if self.mantissa == -8 and self.exponent < 8:
            object.__setattr__(self, "mantissa", -4)
            object.__setattr__(self, "exponent", self.exponent + 1)
        return self

    @property
    def text(self) -> str:
        """The product as text, with its sign."""
        return _product_text(self)


def equation_of(text: str) -> tuple[RuleProduct, ...]:
    """Return the products of an equation written as text.

    `text`: see the module; spaces do not matter. Raises ValueError with the part of the text that cannot be read.
    """
    dense = re.sub(r"[ \t\r\n]", "", text)
    _refuse_letters(dense)
    return tuple(_product(sign, term) for sign, term in _terms(dense)) if dense else ()


def equation_text(products: tuple[RuleProduct, ...]) -> str:
    """Return an equation as text that `equation_of` reads back to the same `products`."""
    parts = [item.text for item in products]
    joined = " ".join(f"- {part[1:]}" if part.startswith("-") else f"+ {part}" for part in parts)
    return joined[2:] if joined.startswith("+ ") else joined.replace("- ", "-", 1)


# --- reading

_DIGITS = r"(?:0|[1-9][0-9]{0,17})"
_POWER = rf"2\^[+-]?{_DIGITS}"
_NUMBER = rf"(?:{_DIGITS}\*{_POWER}|{_POWER}|{_DIGITS})"
_NAME = "|".join(VARIABLES)
_SCALE = re.compile(rf"{_NUMBER}|\(([+-]?)({_NUMBER})\)")
_FIRST = re.compile(rf"([+-]?)({_NAME})([+-])({_NUMBER})")
_LAST = re.compile(rf"([+-]?)({_NUMBER})([+-])({_NAME})")


def _shown(text: str) -> str:
    """A text in quotes, shortened."""
    return f"'{text}'" if len(text) <= 40 else f"'{text[:40]}...'"


def _refuse_letters(text: str) -> None:
    """Refuse equations that are too long or have letters of no equation."""
    if len(text) > MOST_LETTERS:
        raise ValueError(f"has {len(text):,} letters; the limit is {MOST_LETTERS:,}")
    strange = re.search(r"[^0-9a-z+\-*^()]", text)
    if strange:
        hint = "; scales are integers times powers of 2, such as 3*2^-4" if strange[0] in "./" else ""
        part = text[max(0, strange.start() - 8) : strange.end() + 8]
        raise ValueError(f"has the letter {strange[0]!a} in {part!a}, which no equation has{hint}")
    if "**" in text:
        raise ValueError("has '**'; powers are written 2^-2, and products with a single *")


def _terms(text: str) -> list[tuple[str, str]]:
    """(sign, term) of each term of a sum. Signs in brackets and in exponents belong to their term."""
    found, depth, sign, start = list[tuple[str, str]](), 0, "+", 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        before = text[place - 1] if place else ""
        if depth not in (0, 1):
            raise ValueError(f"brackets do not match, or one is in another, at {_shown(text[max(0, place - 8) :])}")
        if letter not in "+-" or depth or before == "^":
            continue
        if before and before in "+-*":
            raise ValueError(f"has signs in a row at {_shown(text[place - 1 :])}; a negative number goes in brackets")
        if place:
            found.append((sign, text[start:place]))
        sign, start = letter, place + 1
    if depth:
        raise ValueError(f"the last bracket of {_shown(text)} is not closed")
    if start == len(text):
        raise ValueError(f"ends with the sign '{sign}'")
    return [*found, (sign, text[start:])]


def _product(sign: str, text: str) -> RuleProduct:
    """The product of one term."""
    dependency, decimation, factors = "", None, list[Factor]()
    mantissa, exponent = -1 if sign == "-" else 1, 0
    for part in _parts(text):
        if scale := _SCALE.fullmatch(part):
            size, power = _scale(scale[2] or part)
            mantissa, exponent = mantissa * (-size if scale[1] == "-" else size), exponent + power
        elif re.fullmatch(r"u[0-9]", part):
            if dependency and (dependency, decimation) != ("u", int(part[1])):
                named = dependency if decimation is None else f"u{decimation}"
                raise ValueError(f"product {_shown(text)} has the dependency {named}, so {part} cannot be a factor")
            dependency, decimation = "u", int(part[1])
        elif part in SPIKES and not dependency:
            dependency = part
        else:
            turned, factor = _factor(part, text)
            mantissa *= turned
            factors.append(factor)
    if not dependency:
        raise ValueError(f"product {_shown(text)} has no dependency: one of its parts must be x0, y0 or u0 to u9")
    mantissa, exponent = _normal(mantissa, exponent, text)
    return RuleProduct.model_validate(
        {
            "dependency": dependency,
            "decimation": decimation,
            "mantissa": mantissa,
            "exponent": exponent,
            "factors": tuple(factors),
        }
    )


def _parts(text: str) -> list[str]:
    """Parts of a product between the signs * that are outside brackets."""
    found, depth, start = list[str](), 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "*" and depth == 0:
            found.append(text[start:place])
            start = place + 1
    return [*found, text[start:]]


def _scale(number: str) -> tuple[int, int]:
    """(mantissa, exponent) of a number: 3, 2^-4 or 3*2^-4."""
    size, _, power = number.rpartition("2^") if "^" in number else (number, "", "0")
    return int(size.rstrip("*") or 1), int(power)


def _factor(part: str, text: str) -> tuple[int, Factor]:
    """(1 or -1, factor) of a variable, of a variable and a number in brackets, or of a sign."""
    if part in VARIABLES:
        return 1, _made(part, 0, sign=False)
    sign, inside = part.startswith("sgn("), part[part.find("(") + 1 : -1]
    if not re.fullmatch(r"(sgn)?\(.*\)", part):
        _no_factor(part, text)
    if sign and inside in SIGNED:
        return 1, _made(inside, 0, sign=True)
    if inside in VARIABLES and inside not in SPIKES and not sign:
        return 1, _made(inside, 0, sign=False)
    if first := _FIRST.fullmatch(inside):
        minus, name, plus, number = first.groups()
    elif last := _LAST.fullmatch(inside):
        plus, number, minus, name = last.groups()
    else:
        _no_factor(part, text)
    if sign and (minus == "-" or name not in SIGNED):
        _no_factor(part, text)
    turned, constant = -1 if minus == "-" else 1, _constant(number, part) * (-1 if plus == "-" else 1)
    return turned, _made(name, turned * constant, sign=sign)


def _made(name: str, constant: int, *, sign: bool) -> Factor:
    return Factor.model_validate({"variable": name, "constant": constant, "sign": sign})


def _constant(number: str, part: str) -> int:
    """The integer that a factor adds."""
    size, power = _scale(number)
    if power < 0:
        raise ValueError(f"constant {number} of {_shown(part)} is not an integer: its power of 2 is negative")
    if size and (power > MOST_CONSTANT.bit_length() or size << power > MOST_CONSTANT):
        raise ValueError(f"constant {number} of {_shown(part)} is larger than {MOST_CONSTANT:,}")
    return size << power if size else 0


def _no_factor(part: str, text: str) -> NoReturn:
    """Refuse a part of a product, with the reason where it is known."""
    inside = part[part.find("(") + 1 : -1]
    if not part:
        why = f"product {_shown(text)} has a * without a factor on both sides" if text else "has an empty product"
    elif part.startswith("(") and inside in SPIKES:
        why = f"'{part}' needs no brackets: write {inside}"
    elif part.startswith("(") and inside[:1] in ("+", "-") and inside[1:] in VARIABLES:
        why = f"'{part}' has a sign in brackets: write it before the product"
    elif part.startswith("sgn("):
        why = f"{_shown(part)} is no factor: sgn takes w, d or t without a sign, and an integer, as sgn(w - 4)"
    elif part.startswith("(") and part.endswith(")"):
        why = f"{_shown(part)} is no factor: brackets hold a number, or a variable and an integer, as (w - 4)"
    elif re.fullmatch(r"u[0-9]*", part):
        why = f"{_shown(part)} is no dependency: u has one digit, u0 to u9"
    elif re.fullmatch(r"[0-9^+-]+", part):
        why = f"{_shown(part)} is no number: known are integers of up to 18 digits that do not begin with 0, and 2^-4"
    else:
        why = f"{_shown(part)} is no factor: known are {', '.join(VARIABLES)}, (variable + integer) and sgn(...), joined by *"
    raise ValueError(why)


def _normal(mantissa: int, exponent: int, text: str) -> tuple[int, int]:
    """Mantissa and exponent in their ranges: factors of 2 move to the exponent."""
    while abs(mantissa) > 7 and mantissa % 2 == 0 and exponent < 8:
        mantissa, exponent = mantissa // 2, exponent + 1
    if not -8 <= mantissa <= 7:
        size = f"mantissa {mantissa}" if abs(mantissa) < 10**9 else "a large mantissa"
        raise ValueError(f"product {_shown(text)} has {size}; needs -8 to 7, times a power of 2")
    if not -7 <= exponent <= 8:
        size = f"exponent {exponent}" if abs(exponent) < 10**9 else "an exponent of many digits"
        raise ValueError(f"product {_shown(text)} has {size}; needs -7 to 8")
    return mantissa, exponent


# --- writing


def _product_text(item: RuleProduct) -> str:
    size, parts = abs(item.mantissa), list[str]()
    if size != 1:
        parts.append(str(size))
    if item.exponent:
        parts.append(f"2^{item.exponent}")
    parts.append(item.dependency if item.decimation is None else f"u{item.decimation}")
    parts += [_factor_text(factor) for factor in item.factors]
    return ("-" if item.mantissa < 0 else "") + "*".join(parts)


def _factor_text(factor: Factor) -> str:
    name, constant = factor.variable, factor.constant
    inner = name if not constant else f"{name}{'+' if constant > 0 else '-'}{abs(constant)}"
    if factor.sign:
        return f"sgn({inner})"
    return f"({inner})" if constant else inner
