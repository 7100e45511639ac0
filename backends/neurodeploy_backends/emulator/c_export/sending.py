"""The functions that deliver a spike: the synapses of one block added to the sums of its target."""

from __future__ import annotations

from neurodeploy_backends.emulator.c_export.arrays import Arrays, at
from neurodeploy_backends.emulator.c_export.blocks import Block, forms_of
from neurodeploy_backends.emulator.c_export.model import Group, Model
from neurodeploy_backends.emulator.c_export.updates import slot_argument, value_start

__all__ = ["send_function", "send_loops"]


def _names(model: Model) -> dict[int, str]:
    return {part.number: part.name for part in [*model.groups, *model.lines]}


def send_function(model: Model, arrays: Arrays, prefix: str, number: int) -> str:
    """The function that delivers a spike of a block's source."""
    block, names = model.blocks[number], _names(model)
    target = next(group for group in model.groups if group.number == block.target)
    form, holds = forms_of(block), f"synapses {names[block.source]} -> {names[block.target]}"
    weights = arrays.weights(f"{prefix}_weight_{number}", form.arrays["weight"], holds)
    tables = {
        name: arrays.constant(f"{prefix}_{name}_{number}", values, holds)
        for name, values in form.arrays.items()
        if name != "weight"
    } | {"weight": weights}
    value = ", double value" if block.valued else ""
    body = {"dense": _dense, "sparse": _sparse, "shared": _shared}[form.kind](model, block, target, tables)
    return "\n".join(
        [
            f"static void {prefix}_send_{number}({prefix}_state *s, uint32_t source{value}{slot_argument(target)}) {{",
            *_sums(model, block, target),
            *body,
            "}",
        ]
    )


def _sums(model: Model, block: Block, target: Group) -> list[str]:
    """Where the block adds: the slot of the step in which its synapses arrive."""
    word = "int64_t" if model.wide else "int32_t"
    first = target.sums + block.plane * target.slots * target.size
    place = f"s->sums + {first}" if first else "s->sums"
    if block.delay < 0:
        now = f"  const uint32_t now = (slot + 1u) % {target.slots}u * {target.size}u;"
        return [now, f"  {word} *sums = {place};"]
    if target.slots > 1:
        place += f" + (slot + {1 + block.delay}u) % {target.slots}u * {target.size}u"
    return [f"  {word} *sums = {place};"]


def _added(model: Model, block: Block, to: str, weight: str) -> str:
    """The statement that adds a weight to a sum."""
    plus = "plus64" if model.wide else "plus32"
    if block.valued:
        return f"{to} = {plus}({to}, valued_weight({weight}, {block.shift}, value));"
    return f"{to} = {plus}({to}, up32({weight}, {block.shift}));"


def _dense(model: Model, block: Block, target: Group, tables: dict[str, str]) -> list[str]:
    weight = tables["weight"].format("row + i")
    return [
        f"  const uint32_t row = source * {target.size}u;",
        f"  for (uint32_t i = 0; i < {target.size}u; i++) {_added(model, block, 'sums[i]', weight)}",
    ]


def _sparse(model: Model, block: Block, target: Group, tables: dict[str, str]) -> list[str]:
    first, place, weight = tables["first"], tables["place"], tables["weight"].format("k")
    loop = f"  for (uint32_t k = {first}[source]; k < {first}[source + 1u]; k++)"
    if block.delay >= 0:
        return [f"{loop} {_added(model, block, f'sums[{place}[k]]', weight)}"]
    end = target.slots * target.size
    return [
        f"{loop} {{",
        f"    uint32_t at = now + {place}[k];",
        f"    if (at >= {end}u) at -= {end}u;",
        f"    {_added(model, block, 'sums[at]', weight)}",
        "  }",
    ]


def _shared(model: Model, block: Block, target: Group, tables: dict[str, str]) -> list[str]:
    pattern, base, first, offset, length, start, weight = (
        tables[name] for name in ("pattern", "base", "first", "offset", "length", "at", "weight")
    )
    return [
        f"  const uint32_t pattern = {pattern}[source];",
        f"  sums += {base}[source];",
        f"  for (uint32_t r = {first}[pattern]; r < {first}[pattern + 1u]; r++)",
        f"    for (uint32_t i = 0; i < {length}[r]; i++)",
        f"      {_added(model, block, f'sums[{offset}[r] + i]', weight.format(f'{start}[r] + i'))}",
    ]


def _calls(model: Model, prefix: str, source: int, index: str, value: str) -> list[str]:
    """Calls that deliver one spike to all blocks of its source."""
    lines = list[str]()
    for number, block in enumerate(model.blocks):
        if block.source == source:
            target = next(group for group in model.groups if group.number == block.target)
            valued = f", {value}" if block.valued else ""
            slot = f", slot_{target.ident}" if target.slots > 1 else ""
            lines.append(f"{prefix}_send_{number}(s, {index}{valued}{slot});")
    return lines


def send_loops(model: Model, prefix: str) -> list[str]:
    """Statements that deliver all spikes of a step."""
    lines = list[str]()
    for group in model.groups:
        calls = _calls(model, prefix, group.number, "i", "value")
        if calls:
            lines += [f"  for (uint32_t k = 0; k < s->counts[{group.number}]; k++) {{"]
            lines += [f"    const uint32_t i = s->spikes[{at(group.start, 'k')}];"]
            if any(block.valued for block in model.blocks if block.source == group.number):
                lines += [f"    const double value = s->values[{at(value_start(model, group), 'i')}];"]
            lines += [*(f"    {call}" for call in calls), "  }"]
    for item in model.spike_lines():
        calls = _calls(model, prefix, item.number, f"lines[k] - {item.start}u" if item.start else "lines[k]", "")
        if calls:
            lines += ["  for (uint32_t k = 0; k < n_lines; k++) {"]
            lines += [f"    if (lines[k] < {item.start}u) continue;"] if item.start else []
            last = item.start + item.size == sum(each.size for each in model.spike_lines())
            lines += [] if last else [f"    if (lines[k] >= {item.start + item.size}u) continue;"]
            lines += [*(f"    {call}" for call in calls), "  }"]
    for item in model.value_lines():
        calls = _calls(model, prefix, item.number, "i", f"values[{at(item.start, 'i')}]")
        if calls:
            lines += [f"  for (uint32_t i = 0; i < {item.size}u; i++) {{"]
            lines += [f"    if (values[{at(item.start, 'i')}] == 0.0) continue;"]
            lines += [*(f"    {call}" for call in calls), "  }"]
    return lines
