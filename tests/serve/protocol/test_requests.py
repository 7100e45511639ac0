"""Requests as clients write them: what is read, and that everything else is refused with the name of the field."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from factories import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.serve.inference.nouns import InferParameters, WantedOutput
from neurodeploy.serve.protocol.binary import request_of_body
from neurodeploy.serve.protocol.datatypes import DATATYPES, datatype_of

GOOD = {"name": "in", "datatype": "FP32", "shape": [1, 4], "data": [0, 0.25, 0.5, 1]}


def body(**fields):
    return json.dumps({"inputs": [GOOD], **fields}).encode()


def tensor(**fields):
    """A body whose only input has other fields; a field that is None is left out."""
    changed = {**GOOD, **fields}
    return json.dumps({"inputs": [{name: value for name, value in changed.items() if value is not None}]}).encode()


def behind(plain, tail=b"", header=None):
    document = plain if isinstance(plain, bytes) else json.dumps(plain).encode()
    return request_of_body(document + tail, str(len(document)) if header is None else header)


def refused(call, *arguments):
    with pytest.raises(DiagnosticError) as caught:
        call(*arguments)
    return caught.value.diagnostics


def test_a_request_is_read_as_it_is_written():
    outputs = [{"name": "out"}, {"name": "cells.counts", "parameters": {"binary_data": True}}]
    parameters = {
        "steps": 8,
        "seed": -3,
        "samples": 1,
        "margin": 2,
        "profile": True,
        "learn": "off",
        "timeout": 2500000,
    }
    read = request_of_body(body(id="seven", outputs=outputs, parameters=parameters), None)
    assert read.id == "seven"
    assert read.outputs == (WantedOutput("out"), WantedOutput("cells.counts", binary=True))
    wanted = InferParameters(steps=8, seed=-3, samples=1, margin=2, profile=True, learn="off", timeout_s=2.5)
    assert read.parameters == wanted
    (read_input,) = read.inputs
    assert (read_input.name, read_input.datatype, read_input.array.dtype) == ("in", "FP32", np.float32)
    assert read_input.array.tolist() == [[0.0, 0.25, 0.5, 1.0]]
    assert not read.binary


def test_binary_data_output_holds_for_outputs_that_say_nothing():
    assert request_of_body(body(parameters={"binary_data_output": True}), None).binary
    outputs = [{"name": "a"}, {"name": "b", "parameters": {"binary_data": False}}]
    read = request_of_body(body(outputs=outputs, parameters={"binary_data_output": True}), None)
    assert [item.binary for item in read.outputs] == [True, False]
    assert not read.binary, "it would hold for the output that is wanted as JSON"


@pytest.mark.parametrize("parameters", [{"timeout": 0}, {"priority": 0}, {}])
def test_parameters_that_ask_for_nothing(parameters):
    assert request_of_body(body(parameters=parameters), None).parameters == InferParameters()


@pytest.mark.parametrize("datatype", DATATYPES)
def test_json_and_bytes_give_the_same_array(datatype):
    dtype = DATATYPES[datatype]
    if dtype.kind in "iu":
        values = np.array([[0, 1], [np.iinfo(dtype).min, np.iinfo(dtype).max]], dtype=dtype)
    elif dtype.kind == "f":
        values = np.array([[0.1, -1 / 3], [np.finfo(dtype).max, np.finfo(dtype).tiny]], dtype=dtype)
    else:
        values = np.array([[True, False], [False, True]])
    stated = {"name": "in", "datatype": datatype, "shape": [2, 2]}
    flat = behind({"inputs": [{**stated, "data": values.ravel().tolist()}]})
    nested = behind({"inputs": [{**stated, "data": values.tolist()}]})
    raw = behind({"inputs": [{**stated, "parameters": {"binary_data_size": values.nbytes}}]}, values.tobytes())
    for read in (flat, nested, raw):
        assert read.inputs[0].array.dtype == (np.uint8 if datatype == "BOOL" else dtype)
        assert read.inputs[0].array.tolist() == values.tolist()
        assert read.inputs[0].array.flags.aligned
    assert datatype_of(values.dtype) == datatype


def test_inputs_share_the_bytes_in_their_order():
    inputs = [
        {"name": "a", "datatype": "INT16", "shape": [3], "parameters": {"binary_data_size": 6}},
        {"name": "b", "datatype": "FP64", "shape": [1], "data": [0.5]},
        {"name": "c", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}},
        {"name": "none", "datatype": "INT32", "shape": [0, 3], "parameters": {"binary_data_size": 0}},
    ]
    read = behind({"inputs": inputs}, struct.pack("<3hf", 1, -2, 3, 0.75))
    assert {item.name: item.array.tolist() for item in read.inputs} == {
        "a": [1, -2, 3],
        "b": [0.5],
        "c": [0.75],
        "none": [],
    }


MALFORMED = {
    "empty": (b"", "is not JSON"),
    "text": (b"inputs", "is not JSON"),
    "not UTF-8": (b'{"inputs": "\xff"}', "is not JSON"),
    "half a surrogate": (b'{"id": "\\ud800", "inputs": []}', "is not JSON"),
    "deep": (b'{"inputs":' + b"[" * 100_000, "recursion limit"),
    "deep objects": (b'{"a":' * 50_000, "recursion limit"),
    "many digits": (b'{"inputs": [' + b"9" * 100_000 + b"]}", "number out of range"),
    "NaN": (b'{"inputs": [{"name": "in", "datatype": "FP32", "shape": [1], "data": [NaN]}]}', "is not JSON"),
    "infinity": (b'{"inputs": [{"name": "in", "datatype": "FP32", "shape": [1], "data": [-Infinity]}]}', "is not JSON"),
    "a list": (b"[]", "is a list; needs an object"),
    "null": (b"null", "is null; needs an object"),
    "nothing": (b"{}", "'inputs' is missing"),
    "inputs of text": (body(inputs="in"), "'inputs' is a text; needs a list"),
    "input of text": (body(inputs=["in"]), "'inputs[0]' is a text; needs an object"),
    "no name": (body(inputs=[{}]), "'inputs[0].name' is missing"),
    "name of number": (body(inputs=[{**GOOD, "name": 3}]), "'inputs[0].name' is a whole number"),
    "name twice": (body(inputs=[GOOD, GOOD]), "'inputs[in]' is given 2 times"),
    "unknown field": (body(input=[]), "'input' is not known here"),
    "unknown field of an input": (tensor(dtype="FP32"), "'inputs[in].dtype' is not known here"),
    "no datatype": (tensor(datatype=None), "'inputs[in].datatype' is missing"),
    "datatype of numpy": (tensor(datatype="float32"), "'inputs[in].datatype' is 'float32'"),
    "datatype of list": (tensor(datatype=["FP32"]), "'inputs[in].datatype' is a list"),
    "no shape": (tensor(shape=None), "'inputs[in].shape' is missing"),
    "shape of number": (tensor(shape=4), "'inputs[in].shape' is a whole number"),
    "shape of fractions": (tensor(shape=[1.0, 4]), "'inputs[in].shape' holds a number with a fraction"),
    "shape of flags": (tensor(shape=[True, 4]), "'inputs[in].shape' holds true or false"),
    "shape below 0": (tensor(shape=[-1, 4]), "'inputs[in].shape' holds a size out of range"),
    "shape below 0 twice": (tensor(shape=[-1, -4]), "'inputs[in].shape' holds a size out of range"),
    "huge axis": (tensor(shape=[10**30]), "'inputs[in].shape' holds a size out of range"),
    "huge shape": (tensor(shape=[2**31 - 1] * 9), "'inputs[in].shape' has more than"),
    "huge shape without values": (tensor(shape=[0] + [2**31 - 1] * 9, data=[]), "'inputs[in].shape' has more than"),
    "product that overflows to 4": (tensor(shape=[2**31 - 1, 2**31 - 1, 4]), "'inputs[in].shape' has more than"),
    "many axes": (tensor(shape=[1] * 100), "'inputs[in].shape' has 100 axes"),
    "no data": (tensor(data=None), "'inputs[in].data' is missing"),
    "data of number": (tensor(data=4), "'inputs[in].data' is a whole number"),
    "too few": (tensor(data=[0, 1]), "'inputs[in].data' holds 2 values; shape [1, 4] has 4"),
    "too many": (tensor(data=[0] * 5), "'inputs[in].data' holds 5 values"),
    "other nesting": (tensor(shape=[2, 2], data=[[0, 1, 1], [0]]), "'inputs[in].data' holds a list of 3"),
    "nested too little": (tensor(shape=[1, 1, 4], data=[[0, 1, 1, 0]]), "'inputs[in].data' holds a list of 4"),
    "nested too deep": (tensor(shape=[1], data=[[1]]), "'inputs[in].data' holds a list; FP32 needs numbers"),
    "nested in part": (tensor(shape=[2, 1], data=[[1], 1]), "'inputs[in].data' holds a whole number where"),
    "text in data": (tensor(data=[0, 0, "0.5", 1]), "'inputs[in].data' holds a text"),
    "null in data": (tensor(data=[0, 0, None, 1]), "'inputs[in].data' holds null"),
    "flags as numbers": (tensor(data=[0, 0, True, 1]), "'inputs[in].data' holds true or false"),
    "object in data": (tensor(data=[0, 0, {}, 1]), "'inputs[in].data' holds an object"),
    "numbers as flags": (tensor(datatype="BOOL", data=[0, 0, 1, 1]), "'inputs[in].data' holds a whole number"),
    "fractions as INT32": (tensor(datatype="INT32", data=[0, 0.5, 1, 1]), "'inputs[in].data' holds a number with"),
    "beyond FP64": (tensor(datatype="FP64").replace(b"0.25", b"1e999"), "outside the range of FP64"),
    "beyond FP32": (tensor(data=[0, 0, 1e39, 1]), "outside the range of FP32"),
    "beyond FP16": (tensor(datatype="FP16", data=[0, 0, 1e5, 1]), "outside the range of FP16"),
    "a whole number beyond FP64": (tensor(data=[0, 0, 10**400, 1]), "outside the range of FP32"),
    "beyond INT8": (tensor(datatype="INT8", data=[0, 0, 128, 1]), "outside the range of INT8"),
    "below INT8": (tensor(datatype="INT8", data=[0, 0, -129, 1]), "outside the range of INT8"),
    "below UINT8": (tensor(datatype="UINT8", data=[0, 0, -1, 1]), "outside the range of UINT8"),
    "beyond INT64": (tensor(datatype="INT64", data=[0, 0, 2**63, 1]), "outside the range of INT64"),
    "beyond UINT64": (tensor(datatype="UINT64", data=[0, 0, 2**64, 1]), "outside the range of UINT64"),
    "below UINT64": (tensor(datatype="UINT64", data=[0, 0, -1, 1]), "outside the range of UINT64"),
    "parameters of list": (body(parameters=[]), "'parameters' is a list; needs an object"),
    "parameters of an input": (tensor(parameters=3), "'inputs[in].parameters' is a whole number"),
    "unknown parameter": (body(parameters={"step": 8}), "'parameters.step' is not known here"),
    "no steps": (body(parameters={"steps": 0}), "'parameters.steps' is 0; needs a whole number from 1"),
    "steps of text": (body(parameters={"steps": "8"}), "'parameters.steps' is '8'; needs a whole number"),
    "steps of fraction": (body(parameters={"steps": 8.0}), "'parameters.steps' is 8.0; needs a whole number"),
    "steps of flag": (body(parameters={"steps": True}), "'parameters.steps' is true or false"),
    "huge seed": (body(parameters={"seed": 2**63}), "'parameters.seed' is 9,223,372,036,854,775,808; needs"),
    "endless seed": (body(parameters={"seed": 10**3000}), "'parameters.seed' is a whole number; needs"),
    "margin below 0": (body(parameters={"margin": -1}), "'parameters.margin' is -1; needs a number from 0"),
    "endless margin": (body(parameters={"margin": 7}).replace(b"7", b"1e999"), "'parameters.margin' is inf; needs"),
    "profile of number": (body(parameters={"profile": 1}), "'parameters.profile' is 1; needs true or false"),
    "learn": (body(parameters={"learn": "on"}), "'parameters.learn' is 'on'; needs one of"),
    "learn of list": (body(parameters={"learn": []}), "'parameters.learn' is a list; needs one of"),
    "id of number": (body(id=7), "'id' is a whole number; needs a text"),
    "endless id": (body(id="7" * 2000), "'id' has 2,000 letters"),
    "outputs of object": (body(outputs={}), "'outputs' is an object; needs a list"),
    "output twice": (body(outputs=[{"name": "out"}, {"name": "out"}]), "'outputs[out]' is given 2 times"),
    "output with data": (body(outputs=[{"name": "out", "data": []}]), "'outputs[out].data' is not known here"),
    "binary_data of number": (body(outputs=[{"name": "out", "parameters": {"binary_data": 1}}]), "needs true or false"),
    "bytes without header": (tensor(data=None, parameters={"binary_data_size": 16}), "announces bytes"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_document_names_the_field(case):
    plain, expected = MALFORMED[case]
    found = refused(request_of_body, plain, None)
    assert {item.code for item in found} == {"ND912"}
    assert any(expected in item.message for item in found), [item.message for item in found]


RAW = {**GOOD, "parameters": {"binary_data_size": 16}}
del RAW["data"]
FOUR = struct.pack("<4f", 0, 0.25, 0.5, 1)
LIES = {
    "no number": (RAW, FOUR, "12x", "is not a number of bytes"),
    "negative": (RAW, FOUR, "-1", "is not a number of bytes"),
    "digits of another script": (RAW, FOUR, "\u0661", "is not a number of bytes"),
    "endless": (RAW, FOUR, "9" * 5000, "is not a number of bytes"),
    "longer than the body": (RAW, FOUR, "999999", "but the body has"),
    "shorter than the document": (RAW, FOUR, "5", "is not JSON"),
    "no document": (RAW, FOUR, "0", "is not JSON"),
    "bytes that lack": (RAW, FOUR[:-1], None, "'inputs[in].parameters.binary_data_size' is more than the 15 bytes"),
    "bytes left": (RAW, FOUR + b"\0", None, "has 1 bytes behind its document that belong to no input"),
    "other size": ({**RAW, "shape": [1, 3]}, FOUR, None, "'inputs[in].data' is 16 bytes; shape [1, 3]"),
    "size of text": ({**RAW, "parameters": {"binary_data_size": "16"}}, FOUR, None, "needs a whole number of bytes"),
    "size below 0": ({**RAW, "parameters": {"binary_data_size": -16}}, FOUR, None, "needs a whole number of bytes"),
    "twice": ({**RAW, "data": [0, 0, 0, 0]}, FOUR, None, "'inputs[in].data' is given twice"),
    "NaN": (RAW, FOUR[:-4] + struct.pack("<f", np.nan), None, "'inputs[in].data' holds values that are not finite"),
    "flags": ({**RAW, "datatype": "BOOL", "shape": [16]}, FOUR, None, "holds bytes other than 0 and 1"),
}


@pytest.mark.parametrize("case", LIES)
def test_bytes_that_are_not_what_the_document_says(case):
    item, tail, header, expected = LIES[case]
    found = refused(behind, {"inputs": [item]}, tail, header)
    assert {item.code for item in found} == {"ND912"}
    assert any(expected in item.message for item in found), [item.message for item in found]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"parameters": {"sequence_id": 1, "sequence_start": True, "sequence_end": False}}, "parameters.sequence_id"),
        ({"parameters": {"priority": 1}}, "parameters.priority"),
        (
            {"inputs": [{**RAW, "parameters": {"shared_memory_region": "r"}}]},
            "inputs[in].parameters.shared_memory_region",
        ),
        ({"inputs": [{**GOOD, "datatype": "BYTES"}]}, "inputs[in].datatype"),
        ({"inputs": [{**GOOD, "datatype": "BF16"}]}, "inputs[in].datatype"),
        ({"outputs": [{"name": "out", "parameters": {"classification": 3}}]}, "outputs[out].parameters.classification"),
    ],
)
def test_what_other_servers_offer_is_refused_by_name(fields, field):
    found = refused(request_of_body, body(**fields), None)
    assert any(item.code == "ND925" and f"'{field}'" in item.message and item.fixes for item in found), found


def test_all_faults_are_said_at_once():
    found = refused(request_of_body, body(inputs=[{**GOOD, "shape": [4, 4]}], parameters={"steps": 0}, id=3, x=1), None)
    assert len(found) == 4


def test_long_names_are_cut():
    found = refused(request_of_body, body(inputs=[{**GOOD, "name": "x" * 10**6, "shape": []}]), None)
    assert all(len(item.message) < 500 for item in found)


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def near(word, others=plain_json):
    return st.just(word) | others


near_tensor = st.fixed_dictionaries(
    {"name": near("in"), "datatype": st.sampled_from([*DATATYPES, "BYTES", "x"]), "shape": near([2, 2])},
    optional={"data": near([0, 1, 1, 0]) | near([[0, 1], [1, 0]]), "parameters": near({"binary_data_size": 4})},
)
near_request = st.fixed_dictionaries(
    {"inputs": st.lists(near_tensor, max_size=2) | plain_json},
    optional={
        "id": near("a"),
        "outputs": near([{"name": "out"}]),
        "parameters": st.dictionaries(
            st.sampled_from(["steps", "seed", "margin", "learn", "timeout", "x"]), plain_json
        ),
    },
)


@settings(max_examples=examples(2000, 40), deadline=None)
@given(near_request | plain_json, st.binary(max_size=8), st.none() | st.integers(-1, 9) | st.text(max_size=3))
@example({"inputs": []}, b"", None)
def test_whatever_a_client_sends_is_read_or_refused(plain, tail, header):
    document = json.dumps(plain).encode()
    length = str(len(document) + header - 4) if isinstance(header, int) else header
    try:
        read = request_of_body(document + tail, length)
    except DiagnosticError as error:
        assert {item.code for item in error.diagnostics} <= {"ND912", "ND925"}
    else:
        assert all(item.array.dtype == DATATYPES[item.datatype] for item in read.inputs if item.datatype != "BOOL")


@settings(max_examples=examples(2000, 40), deadline=None)
@given(st.binary(max_size=60), st.none() | st.integers(0, 60).map(str))
def test_any_bytes_are_read_or_refused(plain, length):
    with pytest.raises(DiagnosticError):
        request_of_body(plain, length)


@settings(max_examples=examples(1000, 60), deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_numbers_keep_all_their_bits(values):
    read = behind({"inputs": [{"name": "in", "datatype": "FP64", "shape": [len(values)], "data": values}]})
    assert read.inputs[0].array.tobytes() == np.array(values, dtype=np.float64).tobytes()
