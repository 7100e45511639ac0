"""Traffic between cores, counted spike by spike from the tables."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from page_runs import spread_subject

from neurodeploy.profile.traffic import INPUT, traffic


@pytest.fixture(scope="module")
def subject():
    return spread_subject()


def followed(program, recording):
    """Messages by (sending core, receiving core), and entries by projection and by core, one spike after the other."""
    tables = program.tables
    messages, entries, work = Counter(), Counter(), Counter()
    core_of = np.searchsorted(tables.compartment_ptr, np.arange(tables.n_rows), side="right") - 1

    def send(source, core, axon, step):
        messages[source, core] += 1
        if step == recording.n_steps:
            return
        one = tables.list_ptr[core] + tables.in_axon_list[tables.in_axon_ptr[core] + axon]
        for segment in range(tables.segment_ptr[one], tables.segment_ptr[one + 1]):
            length = int(tables.entry_ptr[segment + 1] - tables.entry_ptr[segment])
            entries[program.formats[tables.segment_format[segment]].projection] += length
            work[core] += length

    for item in program.populations:
        rows = program.table_rows[item.name]
        for _, step, neuron in recording.spikes[item.name].tolist():
            row = rows[neuron]
            for axon in range(tables.out_axon_ptr[row], tables.out_axon_ptr[row + 1]):
                send(int(core_of[row]), int(tables.out_core[axon]), int(tables.out_in_axon[axon]), step)
    for item in program.inputs:
        for _, step, line in recording.input_spikes[item.name].tolist():
            for route in range(item.ptr[line], item.ptr[line + 1]):
                send(INPUT, int(item.core[route]), int(item.in_axon[route]), step)
    return messages, entries, work


def test_messages_and_work_are_those_of_every_spike(subject):
    program, recording = subject.program, subject.recording
    found, n = traffic(program, recording), recording.n_samples
    messages, entries, work = followed(program, recording)
    assert program.tables.n_cores == 5
    pairs = zip(found.source.tolist(), found.to.tolist(), found.messages.tolist(), strict=True)
    assert {(a, b): round(n * value, 6) for a, b, value in pairs} == dict(messages)
    assert {flow.projection: round(n * flow.synops, 6) for flow in found.flows} == dict(entries)
    assert {core: round(n * value, 6) for core, value in enumerate(found.synops.tolist()) if value} == dict(work)
    assert [(flow.source, flow.target) for flow in found.flows] == [
        ("in", "first"),
        ("first", "middle"),
        ("middle", "last"),
    ]


def test_totals_are_those_of_the_profile(subject):
    found, profile = traffic(subject.program, subject.recording), subject.profile
    own = found.source != INPUT
    assert found.messages[own].sum() == pytest.approx(profile.messages_per_inference)
    assert found.synops.sum() == pytest.approx(profile.synops_per_inference)
    assert found.spikes.sum() == pytest.approx(sum(item.spikes_per_inference for item in profile.populations))
    table = found.matrix(5)
    assert table.shape == (6, 5)
    assert table[:5].sum() == pytest.approx(profile.messages_per_inference)
    assert table[5].sum() == pytest.approx(found.messages[~own].sum())


def test_a_silent_run_has_no_traffic(subject):
    empty = {name: rows[:0] for name, rows in subject.recording.spikes.items()}
    silent = subject.recording.model_copy(update={"spikes": empty, "input_spikes": {}})
    found = traffic(subject.program, silent)
    assert found.source.size == 0
    assert not found.synops.any()
    assert [flow.messages for flow in found.flows] == [0, 0, 0]
