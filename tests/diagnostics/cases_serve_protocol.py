"""Triggers of findings about requests of the inference protocol."""

from __future__ import annotations

from types import SimpleNamespace

from neurodeploy.serve.inference.models import Model, Models
from neurodeploy.serve.limits import _too_much
from neurodeploy.serve.options import Limits
from neurodeploy.serve.protocol.binary import request_of_body
from neurodeploy.serve.protocol.compression import inflated


def malformed():
    """A shape that its values do not have, a misspelt parameter, and an output named twice."""
    body = """{"inputs": [{"name": "pixels", "datatype": "FP32", "shape": [1, 4], "data": [0, 0.5, 1]}],
        "outputs": [{"name": "digit"}, {"name": "digit"}], "parameters": {"step": 8}}"""
    request_of_body(body.encode(), None)


def not_offered():
    """A sequence, and a text."""
    body = """{"inputs": [{"name": "word", "datatype": "BYTES", "shape": [1], "data": ["two"]}],
        "parameters": {"sequence_id": 7, "sequence_start": true}}"""
    request_of_body(body.encode(), None)


def served(name, version=""):
    """One model in one version; another is asked for."""
    program = SimpleNamespace(digest=lambda: "0123456789abcdef" * 4)
    Models({"digits": (Model("digits", program),)}).model(name, version)


CASES = {
    "ND910": lambda m: served("digts"),
    "ND911": lambda m: served("digits", "fedcba9876543210"),
    "ND915": lambda m: (_too_much(Limits()),),
    "ND912": lambda m: malformed(),
    "ND925": lambda m: not_offered(),
    "ND927": lambda m: inflated(b"", "br", 1),
}
