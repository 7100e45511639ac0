"""Replies and errors as bytes."""

from __future__ import annotations

import json
import struct

import numpy as np

from neurodeploy.diagnostics import about, finding
from neurodeploy.serve.inference.nouns import InferReply, Tensor
from neurodeploy.serve.protocol.binary import reply_body
from neurodeploy.serve.protocol.errors import error_json, status_of

SCORES = Tensor("scores", "FP64", np.array([[0.1, np.nan], [-np.inf, 3.0]]))
ANSWERS = Tensor("answers", "INT64", np.array([7, 2**60]))
SPIKES = Tensor("spikes", "INT32", np.zeros((0, 3), dtype=np.int64)[::-1])


def reply(outputs, binary=(), **fields):
    body, length = reply_body(InferReply("digits", "0" * 16, outputs, frozenset(binary), **fields))
    return json.loads(body[:length]), b"" if length is None else body[length:], length


def test_numbers_that_json_does_not_have_are_null():
    plain, _, length = reply((SCORES,))
    assert length is None
    assert plain["outputs"][0]["data"] == [0.1, None, None, 3.0]


def test_bytes_follow_in_the_order_of_the_outputs():
    plain, tail, _ = reply((ANSWERS, SCORES, SPIKES), ("scores", "answers", "spikes"))
    assert [item["parameters"]["binary_data_size"] for item in plain["outputs"]] == [16, 32, 0]
    assert all("data" not in item for item in plain["outputs"])
    assert struct.unpack("<2q", tail[:16]) == (7, 2**60)
    assert tail[16:] == SCORES.array.tobytes()
    assert plain["outputs"][2]["shape"] == [0, 3]


def test_outputs_may_be_mixed():
    plain, tail, _ = reply((ANSWERS, SCORES), ("scores",))
    assert plain["outputs"][0]["data"] == [7, 2**60]
    assert len(tail) == 32


def test_a_reply_says_what_the_run_found():
    found = finding("ND532", about("population", "hidden"), "the voltage was clipped")
    plain, _, _ = reply((ANSWERS,), findings=(found,), parameters={"profile": {"energy": None}}, id="seven")
    assert plain["parameters"]["findings"][0]["code"] == "ND532"
    assert plain["parameters"]["profile"] == {"energy": None}
    assert plain["id"] == "seven"


def test_an_error_says_every_error_in_a_line_and_every_finding_as_data():
    warning = finding("ND532", about("population", "hidden"), "the voltage was clipped")
    errors = [
        finding("ND911", about("model", "a"), "is not served", fixes=["b", "c"]),
        finding("ND912", about("request"), "x"),
    ]
    plain = json.loads(error_json([warning, *errors]))
    assert plain["error"] == "ND911: model 'a': is not served (b; c)\nND912: request: x"
    assert [item["code"] for item in plain["findings"]] == ["ND532", "ND911", "ND912"]
    assert status_of([warning, *errors]) == 404
    assert status_of([warning]) == 400


def test_an_error_may_quote_anything():
    quoted = "".join(map(chr, [0, 10, 34, 0x2028, 0xD800, 0x1F600]))
    plain = json.loads(error_json([finding("ND912", about("request"), quoted)]))
    assert plain["error"].startswith("ND912: request: ")
    assert plain["error"].encode(), "valid Unicode"
    assert "\0" not in plain["error"]
