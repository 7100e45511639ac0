"""Verb: judgements as a table of features and backends, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from neurodeploy.conformance.judge import Judgement

__all__ = ["markdown"]

_HEAD = """Every case of the corpus on every backend, spike for spike and state for state against the emulator in the dialect that
the backend computes in. Made by `neurodeploy backends conformance NAME... --table docs/conformance.md`."""
_WORDS = {"exact": "exact", "refused": "refused", "differs": "**differs**", "failed": "**failed**"}


def markdown(judgements: Iterable[Judgement]) -> str:
    """Return one table for each feature, cases by backend, and below it why a case is refused or where it parts."""
    every = list(judgements)
    names = list(dict.fromkeys(item.backend for item in every))
    lines = ["# Conformance", "", _HEAD, ""]
    for feature in dict.fromkeys(item.feature for item in every):
        mine = [item for item in every if item.feature == feature]
        lines += [f"## {feature[0].upper()}{feature[1:]}", "", "| case | " + " | ".join(names) + " |"]
        lines += ["|---|" + "---|" * len(names)]
        for case in dict.fromkeys(item.case for item in mine):
            cells = {item.backend: item for item in mine if item.case == case}
            lines.append(f"| {case} | " + " | ".join(_cell(cells.get(name)) for name in names) + " |")
        lines.append("")
    totals = [f"{n}: {_count(every, n, 'exact')} exact, {_count(every, n, 'refused')} refused" for n in names]
    lines[3:3] = ["", *(f"- {total}" for total in totals)]
    why = dict.fromkeys((item.backend, item.code, item.told) for item in every if item.outcome != "exact")
    lines += ["## Why", "", *(f"- {backend}, {code}: {told}" for backend, code, told in sorted(why)), ""]
    return "\n".join(lines)


def _cell(item: Judgement | None) -> str:
    if item is None:
        return ""
    return _WORDS[item.outcome] + (f" {item.code}" if item.outcome == "refused" else "")


def _count(every: list[Judgement], backend: str, outcome: str) -> int:
    return sum(item.backend == backend and item.outcome == outcome for item in every)
