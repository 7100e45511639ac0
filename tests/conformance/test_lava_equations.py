"""Equations of learning rules: lava-nc's own parser reads the same products, from any text and from those written here."""

from __future__ import annotations

import json
import random
import subprocess

import pytest

from neurodeploy.network import RuleProduct, equation_text
from neurodeploy.network.equations import equation_of
from neurodeploy.simulate import get_backend
from neurodeploy.worker import interpreter_of

BACKENDS = ("lava",)
CHILD = """
import json, sys
from lava.magma.core.learning.product_series import ProductSeries
from lava.magma.core.learning.symbolic_equation import SymbolicEquation

def products(text):
    try:
        series = ProductSeries(SymbolicEquation("dw", text))
    except Exception:
        return None
    return [
        [p.dependency, p.decimate_exponent, p.s_mantissa, p.s_exp - 7,
         [[f.state_var, f.const or 0, f.is_sgn] for f in p.factors]]
        for p in series.products
    ]

print(json.dumps([products(text) for text in json.load(sys.stdin)]))
"""


def by_lava(texts, vendor):
    """The products of each text in lava; None where it refuses."""
    python = interpreter_of(get_backend(vendor).environment).path
    done = subprocess.run([python, "-c", CHILD], input=json.dumps(texts), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def here(text):
    """The products of a text as plain data; None where it is refused."""
    try:
        equation = equation_of(text)
    except ValueError:
        return None
    return [plain(item) for item in equation]


def plain(item: RuleProduct):
    factors = [[factor.variable, factor.constant, factor.sign] for factor in item.factors]
    return [item.dependency, item.decimation, item.mantissa, item.exponent, factors]


def number(rng):
    size, power = rng.choice([0, 1, 2, 3, 5, 7, 8, 12, 56, 9]), rng.randint(-9, 9)
    return rng.choice([f"{size}", f"2^{power}", f"{size}*2^{power}", f"2^{power:+}"])


def factor(rng):
    variable = rng.choice(["x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "d", "t"])
    own = rng.choice(["w", "d", "t"])
    constant = rng.choice(["1", "4", "2^3", "3*2^2", "127", "32768"])
    minus, sign = rng.choice(["", "", "-", "+"]), rng.choice("+-")
    forms = [variable] * 4
    forms += [f"({minus}{variable}{sign}{constant})", f"({minus}{constant}{sign}{variable})"]
    return rng.choice([*forms, f"sgn({own})", f"sgn({own}{sign}{constant})", f"sgn({constant}+{own})"])


def product(rng, k):
    parts = [factor(rng) for _ in range(rng.randint(0, 3))]
    parts += [
        rng.choice([number(rng), f"({rng.choice(['', '-', '+'])}{number(rng)})"]) for _ in range(rng.randint(0, 2))
    ]
    parts += [rng.choice(["x0", "y0", f"u{k}"])] * (rng.random() < 0.97)
    rng.shuffle(parts)
    return "*".join(parts) or "x0"


def equation(rng):
    """A text of the grammar, with one k of u; some are outside the ranges of mantissa and exponent."""
    k = rng.randint(0, 9)
    text = "".join(f"{rng.choice('+-')}{product(rng, k)}" for _ in range(rng.randint(1, 4)))
    text = text[1:] if text.startswith("+") and rng.random() < 0.7 else text
    return "".join(letter + " " * (rng.random() < 0.1) for letter in text)


def damaged(rng):
    """A text of the grammar with a few letters changed, so that it often is in no grammar."""
    text = list(equation(rng))
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        text[place : place + rng.randint(0, 2)] = rng.choice(
            ["", "*", "+", "-", "(", ")", "2", "x", "u", "^", "sgn", "w"]
        )
    return "".join(text)


def test_equations_of_the_grammar_have_the_products_that_lava_reads(vendor):
    rng = random.Random(1)
    texts = [equation(rng) for _ in range(3_000)]
    read = by_lava(texts, vendor)
    own = [here(text) for text in texts]
    assert [text for text, one, other in zip(texts, own, read, strict=True) if one != other] == []
    assert 800 < sum(item is not None for item in own) < 2_900  # both kinds occur


def test_no_text_is_read_as_other_products_than_lava_reads(vendor):
    rng = random.Random(2)
    texts = [damaged(rng) for _ in range(30_000)]
    one_k = [text for text in texts if here(text) and len({item[1] for item in here(text)} - {None}) <= 1]
    assert len(one_k) > 300
    pairs = zip(one_k, by_lava(one_k, vendor), strict=True)
    assert [text for text, read in pairs if here(text) != read] == []


def test_lava_reads_what_is_written_here(vendor):
    rng = random.Random(3)
    equations = [item for item in (here_products(equation(rng)) for _ in range(3_000)) if item]
    read = by_lava([equation_text(item) for item in equations], vendor)
    assert read == [[plain(product) for product in item] for item in equations]


def here_products(text):
    try:
        return equation_of(text)
    except ValueError:
        return ()


MISREAD = {
    "(-x1)*x0": [["x0", None, 1, 0, [["x1", 0, False]]]],
    "sgn(-w)*x0": [["x0", None, 1, 0, [["w", 0, True]]]],
    "(x0)*y0": [["y0", None, 1, 0, []]],
    "((x1))*x0": [["x0", None, 1, 0, []]],
    "(x1+2+y1)*x0": [["x0", None, 1, 0, [["x1", 2, False]]]],
    "(x1*2)*x0": [["x0", None, 1, 0, [["x1", 2, False]]]],
    "u10*x1": [["u", 1, 0, 0, [["x1", 0, False]]]],
    "x12*x0": [["x0", None, 2, 0, [["x1", 0, False]]]],
    "x0*-y0": [["x0", None, 1, 0, []], ["y0", None, -1, 0, []]],
    "3x0**y1*": [["x0", None, 3, 0, [["y1", 0, False]]]],
    "x0*(w+2^-1)": [["x0", None, 1, 0, [["w", 0.5, False]]]],
}
"""Texts that lava reads as something else than they say."""


@pytest.mark.parametrize("text", MISREAD)
def test_what_lava_misreads_is_refused(text, vendor):
    assert by_lava([text], vendor) == [MISREAD[text]]
    assert here(text) is None
