"""What requests need to know of a program, found out once for each program."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Bias, Current, Input, Latency, Network, Rate, Spikes
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferRequest
from neurodeploy.serve.protocol.metadata import OutputInfo, available_outputs, default_outputs
from neurodeploy.simulate.decode import Units, drain_steps, units_of
from neurodeploy.simulate.events import is_events

__all__ = ["Prepared", "prepared"]


COUNTED_SYNAPSES = 1_000_000
"""Synapses of a program from which its overflows are not counted: a second layout would take too much memory."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model as requests need it."""

    model: Model
    outputs: dict[str, OutputInfo]
    """Name -> what requests can ask for."""
    default: tuple[OutputInfo, ...]
    """What a reply holds if its request names no outputs."""
    units: Units
    """Of v of the populations."""
    drain_steps: int
    """Steps in which the network drains after the last one shown."""
    together: bool
    """Whether samples of several requests run together: on the emulator, without noise and learning, which depend on the
    number of a sample and on the seed of its run."""
    stackable: bool
    """Whether values of several requests can also be encoded together: no encoder draws, and none takes events only."""
    counts_overflows: bool
    """Whether some runs count overflows, for which the emulator holds the program in a second layout."""

    @property
    def emulated(self) -> bool:
        """Whether the emulator runs it."""
        return self.model.backend == "emulator"

    @property
    def network(self) -> Network:
        """The network of the program."""
        return self.model.program.network

    def wanted(self, request: InferRequest) -> tuple[OutputInfo, ...]:
        """Return the outputs that a request asks for, in its order. Raises DiagnosticError: ND912, for each unknown output."""
        if not request.outputs:
            return self.default
        found, faults = list[OutputInfo](), list[Diagnostic]()
        for item in request.outputs:
            info = self.outputs.get(item.name)
            if info is None:
                faults.append(self._unknown(item.name))
            elif info.kind == "steps" and request.parameters.margin is None:
                message = f"asks for output '{item.name}', the steps of early answers, without the parameter 'margin'"
                faults.append(
                    finding("ND912", about("request"), message, fixes=["set margin, as nd.early_stop has it"])
                )
            else:
                found.append(info)
        raise_errors("serve", faults)
        return tuple(found)

    def extent(self, request: InferRequest) -> tuple[int, int]:
        """Return the (samples, steps of each, drain included) of a request, as far as they show before it is encoded: at least
        one sample; 0 steps where they depend on its events."""
        samples, shown = request.parameters.samples or 1, 0
        for tensor in request.inputs:
            item, array = self.network.input_by_name.get(tensor.name), tensor.array
            if item is None or not array.ndim or is_events(item, array):
                continue
            samples = max(samples, len(array))
            if array.ndim == len(item.sample_shape) + 2:
                shown = max(shown, array.shape[1])
        steps = request.parameters.steps or shown or self.network.time.steps_per_sample
        return samples, steps + self.drain_steps if steps else 0

    def _unknown(self, name: str) -> Diagnostic:
        message = f"asks for output '{name[:200]}', which model '{self.model.name}' does not have"
        return finding("ND912", about("request"), message, fixes=nearest(name[:200], list(self.outputs)))


def prepared(model: Model) -> Prepared:
    """Return a model as requests need it; computed once for each program."""
    return model.program.derived(f"served by {model.backend} as {model.name}", lambda _: _prepared(model))


def _prepared(model: Model) -> Prepared:
    program, network = model.program, model.program.network
    outputs = {item.name: item for item in available_outputs(model)}
    noisy = any("noise_at" in item.parameters for item in program.populations)
    plastic = any(item.plasticity is not None for item in network.projections)
    return Prepared(
        model=model,
        outputs=outputs,
        default=tuple(outputs[name] for name in default_outputs(model)),
        units=units_of(program),
        drain_steps=drain_steps(network),
        together=model.backend == "emulator" and bool(network.inputs) and not noisy and not plastic,
        stackable=all(_encodes_apart(item) for item in network.inputs),
        counts_overflows=model.backend == "emulator" and program.tables.entry_target.size < COUNTED_SYNAPSES,
    )


def _encodes_apart(item: Input) -> bool:
    """Whether what an encoder makes of a sample depends on that sample alone, and not on its number."""
    return isinstance(item.encoder, (Rate, Bias, Latency, Current, Spikes))
