"""Triggers of findings about arguments of public functions."""

from __future__ import annotations

from diagnostic_cases import net

import neurodeploy as nd


def another_kind():
    nd.save(net(), "net.nd.json")
    nd.load("net.nd.json", kind=nd.Program)


CASES = {
    "ND035": lambda _: nd.save(nd.compile(net(), "loihi1"), "net.json"),
    "ND036": lambda _: nd.save(nd.check(net(), "loihi1"), "net.ndp"),
    "ND037": lambda _: another_kind(),
}
