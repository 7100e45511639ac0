"""What a stream is fed: the meaning of its client's rows, and the session that they go to. Runs in threads."""

from __future__ import annotations

from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.streams.messages import StreamCommand, StreamRequest, header_text, rows_of
from neurodeploy.serve.streams.work import Turned, Work
from neurodeploy.stream.aer import EventForm, event_form, event_steps_of, input_named
from neurodeploy.stream.session import open_session

__all__ = ["Feed", "opened"]


class Feed:
    """One stream from its first message on. It keeps the version of the model that it began with."""

    def __init__(self, model: Model, request: StreamRequest, work: Work) -> None:
        self.model, self.request, self.work = model, request, work
        self.item, self.form = "", None
        self.origin: int | None = None if request.time_origin == "first" else 0
        """Time with which step 1 begins; None before the first event."""
        inputs = model.program.network.inputs
        if request.input is not None or len(inputs) == 1:
            self._choose(request.input)

    item: str
    """Input of the rows that follow; empty before one of several is named."""
    form: EventForm | None
    """What rows of a sensor mean; None for rows (step, line)."""

    @property
    def step(self) -> int:
        """Last step that was run."""
        return self.work.session.step

    def header(self) -> str:
        """Return the first text of the server."""
        model = self.model
        network, recorded = model.program.network, self.work.recorded
        return header_text(network, self.request, self.form, version=model.version, recorded=recorded)

    def events_in(self, data: bytes) -> int:
        """Return the number of rows in a message."""
        return len(data) * 8 // (self._columns() * self.request.bits)

    def take_rows(self, data: bytes) -> Turned:
        """Begin with the rows of a message. Raises DiagnosticError: ND936, ND944, the codes of event_steps_of and of turn."""
        if not self.item:
            self._choose(None)
        rows = rows_of(data, self._columns(), self.request.bits)
        if self.form is not None and len(rows):
            if self.origin is None:
                self.origin = int(rows[:, self.form.columns.index("t")].min())
            rows = event_steps_of(self.form, rows, origin=self.origin).rows
        self.work.begin_rows(self.item, rows)
        return self.work.turn()

    def take_command(self, command: StreamCommand) -> Turned:
        """Begin with what a text asks for. Raises DiagnosticError: ND936, the codes of turn."""
        if command.input is not None:
            self._choose(command.input)
        self.work.begin_until(command.until or self.step, finish=command.finish)
        return self.work.turn()

    def _columns(self) -> int:
        return 2 if self.request.format == "steps" else 4

    def _choose(self, name: str | None) -> None:
        """Choose the input of the rows that follow."""
        network, request = self.model.program.network, self.request
        self.item = input_named(network, name).name
        if request.format == "aer":
            self.form = event_form(network, self.item, request.events, width=request.width, height=request.height)


def opened(model: Model, request: StreamRequest, most_steps: int) -> Feed:
    """Return the feed of a new stream, from the cleared state.

    `most_steps`: steps that one message may run. Raises DiagnosticError: ND936, the codes of open_session.
    """
    session = open_session(
        model.program,
        backend=model.backend,
        seed=request.seed,
        record=request.record,
        late=request.late,
        most_steps=most_steps,
    )
    names = tuple(population.name for population in model.program.network.populations)
    recorded = names if request.record is None else tuple(name for name in names if name in request.record)
    return Feed(model, request, Work(session, recorded, most_steps))
