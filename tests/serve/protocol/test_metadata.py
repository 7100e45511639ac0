"""What models say they take and give is what they take and give."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.network import Linear, SpikeCount, WeightFormat
from neurodeploy.network.graded import SigmaDelta
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.protocol.metadata import (
    available_inputs,
    available_outputs,
    default_outputs,
    model_config,
    model_metadata,
    repository_index,
)


def outputs_of(network):
    return {item.name: (item.datatype, item.shape, item.kind) for item in available_outputs(model_of(network))}


def model_of(network):
    return Model(network.name, nd.compile(network, "loihi2"))


def cells(name="cells", size=4, neuron=None):
    return nd.Population(name=name, shape=size, neuron=neuron or nd.Lif(tau_m_s=0.01, v_threshold=1.0))


def test_outputs_of_a_model(models):
    found = {item.name: (item.datatype, item.shape) for item in available_outputs(models.model("values"))}
    assert found == {
        "out": ("INT64", (-1,)),
        "out.scores": ("FP64", (-1, 3)),
        "cells.counts": ("INT64", (-1, 3)),
        "cells.spikes": ("INT32", (-1, 3)),
    }
    assert default_outputs(models.model("values")) == ("out",)


def test_an_output_read_from_v_says_when_it_was_decided(models):
    assert "out.steps" in {item.name for item in available_outputs(models.model("events"))}
    assert "out.steps" not in {item.name for item in available_outputs(models.model("values"))}


def test_outputs_of_groups_and_of_values():
    wire = nd.dense("in", "cells", np.ones((4, 2)))
    outputs = (
        nd.Output(name="choice", source="cells", decoder=SpikeCount(groups=2)),
        nd.Output(name="force", source="cells", decoder=Linear(weights=np.ones((3, 4)))),
        nd.Output(name="cells.counts", source="cells"),
    )
    found = outputs_of(network_of([cells()], [wire], outputs=outputs))
    assert found["choice"] == ("INT64", (-1,), "answers")
    assert found["choice.scores"] == ("FP64", (-1, 2), "scores")
    assert found["force"] == ("FP64", (-1, -1, 3), "values")
    assert "force.scores" not in found, "answers and scores are those of the first output"
    assert list(found).count("cells.counts") == 1


def test_a_linear_output_that_is_the_first_has_scores():
    output = nd.Output(name="force", source="cells", decoder=Linear(weights=np.ones((3, 4))))
    network = network_of([cells()], [nd.dense("in", "cells", np.ones((4, 2)))], outputs=(output,))
    found = outputs_of(network)
    assert found["force"][2] == "values"
    assert found["force.scores"] == ("FP64", (-1, 3), "scores")


def test_a_network_without_outputs_gives_counts():
    network = network_of([cells("one"), cells("two")], [nd.dense("in", "one", np.ones((4, 2)))])
    assert default_outputs(model_of(network)) == ("one.counts", "two.counts")


def test_graded_populations_have_payloads():
    names = {item.name for item in available_outputs(_graded())}
    assert "cells.payloads" in names


def _graded():
    neuron = SigmaDelta(threshold=1)
    wire = nd.dense("in", "cells", np.ones((4, 2)), weight_format=WeightFormat(weight_bits=8))
    return model_of(network_of([cells(neuron=neuron)], [wire]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("values", [("FP32", (-1, 4))]),
        ("spikes", [("UINT8", (-1, -1, 5)), ("INT32", (-1, 3))]),
        ("events", [("INT64", (-1, 5))]),
    ],
)
def test_inputs_of_a_model(models, name, expected):
    (item,) = available_inputs(models.model(name))
    assert [(form.datatypes[0], form.shape) for form in item.forms] == expected


def test_metadata_lists_versions_and_the_digest_of_the_one_asked_for(models):
    older, newer = models.by_name["values"]
    plain = model_metadata(models, older)
    assert plain["versions"] == [older.version, newer.version]
    assert plain["parameters"]["digest"] == older.program.digest()
    assert plain["parameters"]["steps_per_sample"] == 6
    assert plain["inputs"][0]["shape"] == [-1, 4]
    assert [item["name"] for item in plain["outputs"]] == [item.name for item in available_outputs(older)]


def test_the_configuration_names_the_same_tensors(models):
    plain = model_config(models.model("spikes"))
    assert plain["input"] == [{"name": "in", "data_type": "TYPE_UINT8", "dims": [-1, -1, 5]}]
    assert {item["name"] for item in plain["output"]} >= {"out", "out.scores"}


def test_the_index_lists_every_version(models):
    assert len(repository_index(models, ready=True)) == 4
    assert {item["state"] for item in repository_index(models, ready=False)} == {"UNAVAILABLE"}
