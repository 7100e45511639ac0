"""A connection of a stream: what uvicorn makes of WebSockets, with an end for clients that neither read nor close."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

__all__ = ["StreamConnection"]

LEAVE_S = 5.0
"""Seconds in which a client takes what is left for it, once its stream has ended."""
MOST_PARTS = 4096
"""Parts of one message; empty ones cost a client nothing, and would collect without end."""
TOO_LARGE = 1009


class StreamConnection(WebSocketsSansIOProtocol):
    """A connection that is cut if its client does not take the end of its stream."""

    async def run_asgi(self) -> None:
        """Run the stream, and see that the connection ends after it."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LEAVE_S, self.transport.abort)

    def handle_cont(self, event: Frame) -> None:
        """Take a further part of a message."""
        if len(self.frames) < MOST_PARTS:
            super().handle_cont(event)
            return
        self.conn.fail(TOO_LARGE, "message has too many parts")
        self.handle_parser_exception()
