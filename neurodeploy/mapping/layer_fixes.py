"""Verb: what would make layers fit that need more cores than there are; each board was tried before it is offered."""

from __future__ import annotations

from neurodeploy.diagnostics import Fix
from neurodeploy.mapping.layered import LayersVerdict, fit_layers
from neurodeploy.network.layer_shapes import LayerStack
from neurodeploy.target import on_board
from neurodeploy.target.target import Target

__all__ = ["with_larger_board"]

TOO_MANY = "ND401"


def with_larger_board(stack: LayerStack, target: Target, result: LayersVerdict) -> LayersVerdict:
    """Return the verdict, whose finding of too many cores names the smallest board of the target that holds the layers."""
    if [item.code for item in result.findings if item.severity == "error"] != [TOO_MANY]:
        return result
    fix = _larger(stack, target, result)
    told = [
        item.model_copy(update={"fixes": (*item.fixes, fix)}) if fix and item.code == TOO_MANY else item
        for item in result.findings
    ]
    return result.model_copy(update={"findings": tuple(told)})


def _larger(stack: LayerStack, target: Target, result: LayersVerdict) -> Fix | None:
    least = max(target.chips + 1, -(-max(result.lower_bounds.values(), default=0) // int(target.chip.cores.value)))
    for name in sorted(target.boards, key=lambda name: target.boards[name].chips.value):
        place = on_board(target, name)
        if place.chips < least:
            continue
        found = fit_layers(stack, place)
        if found.verdict == "fits":
            text = f"{target.boards[name].title} ({place.chips:,} chips) holds its {found.cores:,} cores"
            return Fix(text=text, flag=f"--board {name}", change={"board": name})
    return None
