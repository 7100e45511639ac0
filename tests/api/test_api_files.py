"""`nd.save` and `nd.load` for every noun that has a file; the command line writes the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from factories import examples, one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd

INTEGERS = st.integers(-8, 8)


def network(weights, threshold=4.0, **options):
    neuron = nd.If(v_threshold=threshold)
    return one_layer(neuron, weights, source="lines", output="answer", steps_per_sample=6, **options)


@st.composite
def nouns(draw):
    """A network, its program, a recording of it with states and a kept state, that state, and samples."""
    n_in, n = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    weights = draw(st.lists(st.lists(INTEGERS, min_size=n_in, max_size=n_in), min_size=n, max_size=n))
    net = network(np.array(weights, dtype=float) + 0.5, metadata={"note": draw(st.text(max_size=5))})
    program = nd.compile(net, "loihi1")
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    samples = nd.SampleValues(
        values={"lines": (rng.random((2, 6, n_in)) < 0.5).astype(np.uint8)},
        labels=draw(st.sampled_from([None, [0, 0]])),
    )
    recording = nd.run(program, samples, keep_state=True, probes="cells", seed=draw(st.integers(0, 5)))
    return net, program, recording, recording.final_state, samples


SUFFIXES = (".nd.json", ".ndp", ".ndr", ".nds", ".npz")


@given(nouns())
@settings(max_examples=examples(12), deadline=None)
def test_what_is_saved_is_loaded_as_it_was(tmp_path_factory, every):
    folder = tmp_path_factory.mktemp("kept")
    for noun, suffix in zip(every, SUFFIXES, strict=True):
        file, again = folder / f"a{suffix}", folder / f"b{suffix}"
        nd.save(noun, file)
        loaded = nd.load(file)
        assert type(loaded) is type(noun)
        assert loaded == noun
        assert nd.load(str(file), kind=type(noun)) == noun
        if suffix == ".nd.json":
            continue  # a document names its file of arrays
        nd.save(loaded, again)
        assert again.read_bytes() == file.read_bytes()


@pytest.fixture(scope="module")
def every():
    net = network(np.eye(2) * 5)
    program = nd.compile(net)
    samples = nd.SampleValues(values={"lines": np.ones((1, 6, 2), dtype=np.uint8)}, labels=[0])
    recording = nd.run(program, samples, keep_state=True)
    return dict(zip(SUFFIXES, (net, program, recording, recording.final_state, samples), strict=True))


@pytest.mark.parametrize("own", SUFFIXES)
@pytest.mark.parametrize(
    "name", ["x", "x.json", "x.txt", "x.nd.npz", "x.ndp.zip", *(f"x{s}" for s in SUFFIXES), *SUFFIXES]
)
def test_a_wrong_suffix_is_told_before_anything_is_written(every, own, name, tmp_path):
    if name == f"x{own}":
        return
    with pytest.raises(nd.DiagnosticError) as error:
        nd.save(every[own], tmp_path / name)
    (found,) = error.value.diagnostics
    assert found.code == "ND035"
    assert own in found.message
    assert list(tmp_path.iterdir()) == []
    nd.save(every[own], found.fixes[0].text.removeprefix("write it to '").removesuffix("'"))
    assert any(file.name.endswith(own) for file in tmp_path.iterdir())


def test_what_has_no_file_is_told_with_what_to_save(every, tmp_path):
    net = every[".nd.json"]
    stimulus = nd.encode(net, every[".npz"])
    for noun, word in (
        (nd.check(net), ".program"),
        (nd.Imported(network=net), ".network"),
        (stimulus, "SampleValues"),
        (3, ""),
    ):
        with pytest.raises(nd.DiagnosticError) as error:
            nd.save(noun, tmp_path / "x.ndp")
        (found,) = error.value.diagnostics
        assert found.code == "ND036"
        assert word in "".join(fix.text for fix in found.fixes)


def test_samples_that_a_file_does_not_hold(tmp_path):
    rows = np.array([[0, 1, 0]])
    for samples in (
        nd.SampleValues(values={"lines": rows}, n_samples=4),
        nd.SampleValues(values={"labels": rows}),
    ):
        with pytest.raises(nd.DiagnosticError) as error:
            nd.save(samples, tmp_path / "x.npz")
        assert error.value.diagnostics[0].code == "ND036"


@pytest.mark.parametrize("suffix", SUFFIXES[1:4])
@pytest.mark.parametrize("other", SUFFIXES[1:4])
def test_a_file_is_what_its_suffix_says(every, suffix, other, tmp_path):
    if suffix == other:
        return
    nd.save(every[suffix], tmp_path / f"x{suffix}")
    (tmp_path / f"x{suffix}").rename(tmp_path / f"x{other}")
    with pytest.raises(nd.DiagnosticError) as error:
        nd.load(tmp_path / f"x{other}")
    assert error.value.diagnostics[0].code == "ND003"


def test_another_kind_than_is_asked_for(every, tmp_path):
    for suffix, noun in every.items():
        nd.save(noun, tmp_path / f"x{suffix}")
    for suffix, noun in every.items():
        for other in every.values():
            if other is noun:
                continue
            with pytest.raises(nd.DiagnosticError) as error:
                nd.load(tmp_path / f"x{suffix}", kind=type(other))
            assert error.value.diagnostics[0].code == "ND037"
    assert nd.load(tmp_path / "x.nd.json", kind=nd.Imported).network == every[".nd.json"]


def test_files_that_are_not_loaded(every, tmp_path):
    nd.save(every[".nd.json"], tmp_path / "x.nd.json")
    nd.save(every[".ndp"], tmp_path / "x.ndp")
    (tmp_path / "x.pt").write_bytes(b"1")
    options = nd.ImportOptions(dt_s=1e-3)
    for name, code, told in (
        ("x.nd.npz", "ND009", None),
        ("x.pt", "ND009", None),
        ("none.pt", "ND001", None),
        ("none.ndr", "ND001", None),
        ("x.ndp", "ND035", options),
    ):
        with pytest.raises(nd.DiagnosticError) as error:
            nd.load(tmp_path / name, told)
        assert error.value.diagnostics[0].code == code


def test_the_command_line_reads_and_writes_the_same_bytes(every, tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    nd.save(every[".nd.json"], "net.nd.json")
    nd.save(every[".npz"], "net.stimulus.npz")
    program = nd.compile(nd.load("net.nd.json"), "loihi1")
    nd.save(program, "own.ndp")
    assert call("compile", "net.nd.json", "-t", "loihi1", "-o", "theirs.ndp")[0] == 0
    assert Path("own.ndp").read_bytes() == Path("theirs.ndp").read_bytes()
    recording = nd.run(nd.load("theirs.ndp"), nd.load("net.stimulus.npz"), keep_state=True)
    nd.save(recording, "own.ndr")
    nd.save(recording.final_state, "own.nds")
    words = ("run", "own.ndp", "--stimulus", "net.stimulus.npz", "-o", "theirs.ndr", "--save-state", "theirs.nds")
    assert call(*words)[0] == 0
    assert nd.load("theirs.ndr") == recording
    assert Path("own.ndr").read_bytes() == Path("theirs.ndr").read_bytes()
    assert Path("own.nds").read_bytes() == Path("theirs.nds").read_bytes()
    assert call("compare", "own.ndr", "theirs.ndr", "--program", "own.ndp")[0] == 0


def test_events_with_fields_are_left_to_their_network(tmp_path):
    np.savez(tmp_path / "a.npz", events=np.zeros(2, dtype=[("t", "i8"), ("x", "i4"), ("y", "i4"), ("p", "i4")]))
    with pytest.raises(nd.DiagnosticError) as error:
        nd.load(tmp_path / "a.npz")
    assert error.value.diagnostics[0].code == "ND505"
    assert "nd.run" in error.value.diagnostics[0].fixes[0].text


def test_warnings_of_an_import_reach_python(reference_data):
    """A network carries no findings: what an import doubts is said as Python says it, unless it is asked for."""
    path = reference_data / "real_inputs/nir_paper/02_cnn/cnn_sinabs.nir"
    options = nd.ImportOptions(dt_s=1e-3, reset="subtract")
    held = nd.load(path, options, kind=nd.Imported)
    doubts = [item for item in held.findings if item.severity == "warning"]
    assert [item.code for item in doubts] == ["ND056"]
    with pytest.warns(nd.FindingWarning, match=r"warning\[ND056\]") as said:
        network = nd.load(path, options)
    assert len(said) == len(doubts)
    assert network == held.network
