"""Every public field is described in help, in the signature and in the JSON Schema."""

from __future__ import annotations

import inspect
import json
import pydoc
import subprocess
import sys
from typing import get_args

import pytest

import neurodeploy as nd
from neurodeploy.base.described import _below, field_meanings, meaning_of
from neurodeploy.base.noun import Noun
from neurodeploy.compiler import FitRow
from neurodeploy.feasibility import Judgement
from neurodeploy.hardware import FeasibilityTarget
from neurodeploy.mapping import LayersVerdict
from neurodeploy.network import Neuron
from neurodeploy.network.layer_shapes import LayerStack

ROOTS = (
    *(item for name in nd.__all__ if isinstance(item := getattr(nd, name), type) and issubclass(item, Noun)),
    *(FitRow, Judgement, LayersVerdict, LayerStack),
    *get_args(get_args(FeasibilityTarget)[0]),
)
NOUNS = sorted({model for root in ROOTS for model in (root, *_below(root))}, key=lambda model: model.__name__)


def test_public_nouns_are_found():
    assert len(NOUNS) > 60
    assert {
        nd.Lif,
        nd.CompileOptions,
        nd.RunOptions,
        nd.ImportOptions,
        nd.Target,
        *get_args(get_args(Neuron)[0]),
    } <= set(NOUNS)


@pytest.mark.parametrize("model", NOUNS, ids=lambda model: model.__name__)
def test_every_field_has_a_meaning(model):
    assert [name for name, text in field_meanings(model).items() if not text] == []


@pytest.mark.parametrize("model", NOUNS, ids=lambda model: model.__name__)
def test_help_shows_every_field(model):
    shown = pydoc.render_doc(model, renderer=pydoc.plaintext)
    assert "Fields:" in shown
    for name in model.model_fields:
        assert meaning_of(model, name) in shown
    assert set(inspect.signature(model).parameters) == set(model.model_fields)


def test_help_tells_type_range_default_and_meaning():
    told = meaning_of(nd.Lif, "refractory_steps")
    assert told.startswith("refractory_steps: int, >= 0 and <= ")
    assert "default 0. Steps after a spike in which v is held" in told
    assert meaning_of(nd.Lif, "tau_m_s").startswith(
        "tau_m_s: float | array. Membrane time constant in seconds, above 0"
    )
    assert "'zero' | 'subtract'" in meaning_of(nd.LoihiCuba, "reset")
    assert "0 | 1 | 2 | 3, default 1" in meaning_of(nd.CompileOptions, "level")


def properties(schema):
    for table in (schema, *schema.get("$defs", {}).values()):
        yield from table.get("properties", {}).items()


@pytest.mark.parametrize("schema", [nd.schema, *(model.model_json_schema for model in (nd.CompileOptions, nd.Target))])
def test_every_property_of_a_json_schema_has_a_description(schema):
    found = list(properties(schema()))
    assert len(found) > 10
    assert [name for name, table in found if not table.get("description")] == []


def test_the_command_line_prints_the_same_schema(call):
    status, out, _ = call("schema")
    assert status == 0
    assert json.loads(out) == json.loads(json.dumps(nd.schema()))
    assert (
        json.loads(out)["$defs"]["Lif"]["description"]
        == "Leaky integrate and fire: v[t] = keep * v[t-1] + gain * (v_leak + r * I[t])."
    )


def test_reprs_stay_short():
    for model in (nd.Lif(tau_m_s=0.02, v_threshold=1), nd.load_target("loihi1"), nd.explain("ND401"), *nd.backends()):
        assert len(repr(model)) < 2000
        assert "Fields:" not in repr(model)


DOORS = [item for name in nd.__all__ if inspect.isfunction(item := getattr(nd, name))]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_public_functions_say_what_they_take_and_raise(door):
    text = inspect.getdoc(door) or ""
    assert door.__name__ in ("backends", "rescan", "schema", "targets") or "Raises" in text
    plain = {
        "network",
        "program",
        "recording",
        "fields",
        "seed",
        "noun",
        "path",
        "code",
        "target",
        "name",
        "source",
        "report",
    }
    told = {name for name in inspect.signature(door).parameters if f"`{name}`" in text}
    assert set(inspect.signature(door).parameters) - told - plain == set()


TYPED = """
import neurodeploy as nd
reveal_type(nd.load("x.ndp", kind=nd.Program))
reveal_type(nd.load("x.nir", nd.ImportOptions(dt_s=1e-3)))
reveal_type(nd.load("x.ndr", kind=nd.Recording).findings)
program = nd.compile(nd.load("x.nd.json"), "loihi1", weight_bits={"a": 4})
reveal_type(program.run([1.0], seed=3, probes="a"))
nd.run(program, [1.0], sed=3)
nd.compile(nd.load("x.nd.json"), weight_bit={})
nd.Lif(tau_m=0.02, v_threshold=1)
nd.save(3, "x.ndp")
"""


@pytest.mark.slow
def test_a_type_checker_knows_what_comes_back_and_what_is_misspelt(tmp_path):
    (tmp_path / "own.py").write_text(TYPED)
    words = (sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, str(tmp_path / "own.py"))
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    for kind in ("Program", "Network", "tuple[Diagnostic, ...]", "Recording"):
        assert f'is "{kind}"' in told, told
    for word in ("sed", "weight_bit", "tau_m"):
        assert f'No parameter named "{word}"' in told, told
    assert 'cannot be assigned to parameter "noun"' in told
