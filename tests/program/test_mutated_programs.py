"""Programs that somebody edited and sealed again: refused with findings, or run by both engines with equal bits."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path

import pytest
from factories import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutated, verdict
from sealed_programs import Sealed, resealed, seeds, unsealed

from neurodeploy.program import load_program

MEMORY_BYTES = 4 << 30
"""Address space that a test may add to what its process has."""


@pytest.fixture(scope="module", autouse=True)
def little_memory():
    """What would allocate gigabytes fails with MemoryError, which is no finding."""
    if (
        not sys.platform.startswith("linux") or os.environ.get("NEURODEPLOY_NATIVE") == "checked"
    ):  # it reserves terabytes
        yield
        return
    old = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY_BYTES, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, old)


@settings(
    max_examples=examples(2_000, quick=250),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.randoms(use_true_random=False))
def test_an_edited_program_is_refused_or_runs_the_same_on_both_engines(dice):
    with tempfile.TemporaryDirectory() as folder:
        verdict(mutated(dice), Path(folder) / "program.ndp", dice)


@pytest.mark.parametrize("name", seeds())
def test_the_programs_before_their_edits_are_sound(name, tmp_path):
    """Opened, sealed again and loaded they are what they were: a refusal is about the edit."""
    sealed = unsealed(seeds()[name])
    assert isinstance(sealed, Sealed)
    for number, content in enumerate((seeds()[name], resealed(sealed))):
        (tmp_path / f"{number}.ndp").write_bytes(content)
    assert load_program(tmp_path / "0.ndp") == load_program(tmp_path / "1.ndp")
