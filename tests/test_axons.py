"""Axons by kind: what they cost, what they can name, and how the sources of a convolution share them."""

from __future__ import annotations

import pytest

from neurodeploy.check.axons import Room, input_axons_of, output_axons_of, room_of
from neurodeploy.target import load_target

LOIHI = load_target("loihi1")


def test_what_an_axon_of_each_kind_can_name():
    assert room_of(LOIHI.axons, "discrete") == Room(numbers=4096, atoms=1, step=1)
    assert room_of(LOIHI.axons, "pop16") == Room(numbers=1024, atoms=32, step=4)
    assert room_of(LOIHI.axons, "pop32") == Room(numbers=4096, atoms=1024, step=1)
    # a bit more for the atom is one less for the number, and there are four at most
    assert room_of(LOIHI.axons, "pop16", extra_bits=4) == Room(numbers=64, atoms=512, step=4)
    assert room_of(LOIHI.axons, "pop16", extra_bits=5) is None
    assert room_of(LOIHI.axons, "pop32", extra_bits=1) is None
    assert room_of(load_target("loihi2").axons, "pop16") is None


@pytest.mark.parametrize("rules", ["nengo-loihi", "nxtf"])
def test_what_an_axon_of_each_kind_costs(rules):
    target = load_target("loihi1", rules=rules)
    near, far = ({kind: output_axons_of(target, kind, other_chip=there) for kind in ("discrete", "pop16", "pop32")} for there in (False, True))  # fmt: skip
    assert near == {"discrete": 1, "pop16": 1, "pop32": 2}
    assert far == {"discrete": 2, "pop16": 2, "pop32": 3}
    assert input_axons_of(target) == 1


def test_an_axon_whose_synapses_learn_takes_a_second_entry():
    assert input_axons_of(LOIHI, learning=True) == 2


def test_a_target_that_says_nothing_of_axons_has_discrete_ones_that_cost_one():
    silent = load_target("loihi2")
    assert silent.axons is None
    assert [output_axons_of(silent, "discrete", other_chip=there) for there in (False, True)] == [1, 2]
    assert (input_axons_of(silent), input_axons_of(silent, learning=True)) == (1, None)
