"""Streams: events in and spikes out over a WebSocket, with the state of the network kept for each connection."""

from __future__ import annotations

import time

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.observing.metrics import StreamMetrics
from neurodeploy.serve.service import Service
from neurodeploy.serve.streams.client import Client, ClientGoneError
from neurodeploy.serve.streams.feed import Feed, opened
from neurodeploy.serve.streams.messages import StreamRequest, answer_text, command_of, options_of
from neurodeploy.serve.streams.work import Turned

__all__ = ["routes"]

NORMAL, GOING_AWAY = 1000, 1001
"""Codes with which a stream closes that its client has finished, and one whose server ends."""
TOLD_S = 1.0
"""Seconds after which a message that is still at work says so, which also finds clients that are gone."""


def routes(service: Service) -> list[BaseRoute]:
    """Return the addresses of streams."""

    async def stream(socket: WebSocket) -> None:
        names = socket.path_params
        model = service.models.model(names["name"], names.get("version", ""))
        await socket.accept()
        client = Client(socket, service.options.limits, service.ending)
        try:
            await _served(service, client, model)
        except DiagnosticError as error:
            await client.refuse(error.diagnostics)
        except (WebSocketDisconnect, ClientGoneError):
            return

    return [
        WebSocketRoute("/v2/models/{name}/stream", stream),
        WebSocketRoute("/v2/models/{name}/versions/{version}/stream", stream),
    ]


async def _served(service: Service, client: Client, model: Model) -> None:
    """Serve a connection from its first message to its end. Raises DiagnosticError: what the client did wrong."""
    streams, counts = service.streams, service.metrics.stream(model)
    with streams.place(counts):
        first = await client.receive()
        if first is None:
            return await client.close(GOING_AWAY)
        request = options_of(first) if isinstance(first, str) else None
        feed: Feed = await streams.call(opened, model, request or StreamRequest(), service.options.limits.steps)
        try:
            await client.send(feed.header())
            message = first if request is None else await client.receive()
            while message is not None:
                if await _finished(service, client, feed, message, counts):
                    return await client.close(NORMAL)
                message = await client.receive()
            await client.close(GOING_AWAY)
        finally:
            streams.let_go(feed.work)


async def _finished(service: Service, client: Client, feed: Feed, message: str | bytes, counts: StreamMetrics) -> bool:
    """Do what a message asks for, and send what comes of it. Returns whether the stream has ended.

    Raises DiagnosticError: ND935, ND936, ND944, the codes of event_steps_of and of the session.
    """
    call, finish, told, spikes, late = service.streams.call, False, time.monotonic(), 0, 0
    if isinstance(message, bytes):
        counts.events += feed.events_in(message)
        piece: Turned = await call(feed.take_rows, message)
    else:
        command = command_of(message)
        finish = command.finish
        piece = await call(feed.take_command, command)
    while True:
        counts.spikes, counts.late = counts.spikes + piece.spikes, counts.late + piece.late
        spikes, late = spikes + piece.spikes, late + piece.late
        for frame in piece.frames:
            await client.send(frame)
        if piece.done:
            break
        if time.monotonic() - told > TOLD_S:
            await client.send(answer_text(feed.step, spikes, late=late, more=True))
            told, spikes, late = time.monotonic(), 0, 0
        piece = await call(feed.work.turn)
    await client.send(answer_text(feed.step, spikes, late=late, finished=finish))
    return finish
