"""Events that arrive in datagrams: a socket as the source of a stream, with what was lost counted and told."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.network import Network
from neurodeploy.program.program import Program
from neurodeploy.signals import EventOptions, TimeOrigin
from neurodeploy.stream.aer import EventForm, event_form, event_steps_of, input_named
from neurodeploy.stream.sources import Batch

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["UdpCounts", "UdpEvents"]

Array = NDArray[Any]
DATAGRAM_BYTES = 65_535
"""No datagram is larger."""
KERNEL_BYTES = 8 << 20
"""Bytes asked of the system for datagrams that wait for this process; it may grant fewer."""
MOST_QUEUE_BYTES = 1 << 40
WAKE_S = 0.2
"""Seconds after which the receiver looks whether it has been closed."""
SO_RXQ_OVFL = getattr(socket, "SO_RXQ_OVFL", 40)
"""Option of Linux: every datagram tells how many were dropped before it."""


@dataclass(slots=True)
class UdpCounts:
    """What has arrived so far."""

    datagrams: int = 0
    """Datagrams that have arrived."""
    rows: int = 0
    """Events that were given to the stream."""
    malformed: int = 0
    """Datagrams that are no whole rows, or have events outside the input; none of their events is used."""
    lost: int = 0
    """Datagrams that arrived while the queue was full."""
    system_lost: int = 0
    """Datagrams that the system dropped before this process could take them; counted on Linux."""


@dataclass(slots=True)
class _Queue:
    """Datagrams between the receiver and the stream."""

    limit_bytes: int
    waiting: deque[bytes] = field(default_factory=deque[bytes])
    held_bytes: int = 0
    ready: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False


class UdpEvents:
    """A source of events that arrive on a UDP socket, as little-endian int32 rows (step, line) or (t, x, y, p).

    `network`: or the program. `host`, `port`: address to listen on; another than that of this machine only with
    `anyone=True`, because datagrams carry no token. `input`: the input; None: the only one. `format`: "steps" for rows (step,
    line), "aer" for rows of a sensor in the columns and the unit of time of the input's encoder, or of `events`. `time_origin`:
    "first" counts times from the first datagram. `idle_s`: seconds without a datagram after which the source ends; None: never.
    `queue_bytes`: bytes that wait for the stream at most; datagrams beyond are lost, and counted.

    Raises DiagnosticError: ND002 (arguments), ND936 (input), ND939 (address).

    Example: for chunk in nd.play(session, nd.UdpEvents(program, port=3333, idle_s=5)): ...
    """

    def __init__(
        self,
        network: Network | Program,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        input: str | None = None,  # the word of the network
        format: Literal["steps", "aer"] = "steps",
        events: EventOptions | None = None,
        time_origin: TimeOrigin = "zero",
        idle_s: float | None = None,
        queue_bytes: int = 64 << 20,
        anyone: bool = False,
    ) -> None:
        raise_errors("UdpEvents", _argument_faults(port=port, queue_bytes=queue_bytes, idle_s=idle_s))
        self.counts = UdpCounts()
        """What has arrived so far."""
        described = network.network if isinstance(network, Program) else network
        self._item = input_named(described, input)
        self._form: EventForm | None = event_form(described, self._item.name, events) if format == "aer" else None
        self._origin: int | None = None if time_origin == "first" else 0
        self._idle_s = idle_s
        raise_errors("stream", _address_faults(host, anyone=anyone))
        self._queue = _Queue(queue_bytes)
        self._socket = _bound(host, port)
        self.port = int(self._socket.getsockname()[1])
        """Port on which it listens."""
        self._thread = threading.Thread(target=self._receive, name="neurodeploy-udp", daemon=True)
        self._thread.start()

    def settle(self, datagrams: int, timeout_s: float) -> bool:
        """Return whether so many datagrams have arrived in all, after waiting for at most `timeout_s` seconds."""
        with self._queue.ready:
            return self._queue.ready.wait_for(lambda: self.counts.datagrams >= datagrams, timeout_s)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            taken = self._take()
            if not taken:
                return
            rows = self._rows(taken)
            if len(rows):
                self.counts.rows += len(rows)
                yield Batch({self._item.name: rows})

    def findings(self) -> tuple[Diagnostic, ...]:
        """Return ND940 if datagrams were lost, and ND941 if some were malformed; empty if all is well."""
        counts, where, found = self.counts, about("stream", f"udp:{self.port}"), list[Diagnostic]()
        lost = counts.lost + counts.system_lost
        if lost:
            total = counts.datagrams + counts.system_lost
            message = f"{lost:,} of {total:,} datagrams were lost: {counts.lost:,} as the queue was full, {counts.system_lost:,} in the system"
            found.append(finding("ND940", where, message, found=lost, limit=0, unit="datagram"))
        if counts.malformed:
            message = f"{counts.malformed:,} of {counts.datagrams:,} datagrams are no rows of events of input '{self._item.name}'"
            found.append(finding("ND941", where, message, found=counts.malformed, limit=0, unit="datagram"))
        return tuple(found)

    def close(self) -> None:
        """Close the socket; events that wait are given to the stream before it ends."""
        with self._queue.ready:
            self._queue.closed = True
            self._queue.ready.notify_all()
        with contextlib.suppress(OSError):  # a datagram to itself wakes the receiver at once, else its timeout does
            self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self) -> None:
        """Take datagrams from the system until closed."""
        queue, counts = self._queue, self.counts
        while not queue.closed:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(DATAGRAM_BYTES, socket.CMSG_SPACE(4))
            except TimeoutError:
                continue
            except OSError:
                return
            if queue.closed:
                return
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, SO_RXQ_OVFL):
                    counts.system_lost = int.from_bytes(value[:4], "little")
            with queue.ready:
                counts.datagrams += 1
                if queue.held_bytes + len(data) > queue.limit_bytes:
                    counts.lost += 1
                else:
                    queue.waiting.append(data)
                    queue.held_bytes += len(data)
                queue.ready.notify_all()

    def _take(self) -> list[bytes]:
        """All datagrams that wait, once there is one; empty at the end."""
        queue = self._queue
        with queue.ready:
            queue.ready.wait_for(lambda: queue.waiting or queue.closed, self._idle_s)
            taken = list(queue.waiting)
            queue.waiting.clear()
            queue.held_bytes = 0
        return taken

    def _rows(self, datagrams: list[bytes]) -> Array:
        """Rows (step, line) of the datagrams that hold whole rows of the input."""
        width = 4 * (2 if self._form is None else 4)
        whole = [data for data in datagrams if len(data) % width == 0]
        self.counts.malformed += len(datagrams) - len(whole)
        if not whole:
            return np.zeros((0, 2), dtype=np.int32)
        together = self._converted(b"".join(whole))
        if together is not None:
            return together
        apart = [self._converted(data) for data in whole]
        good = [rows for rows in apart if rows is not None]
        self.counts.malformed += len(apart) - len(good)
        return np.concatenate(good) if good else np.zeros((0, 2), dtype=np.int32)

    def _converted(self, data: bytes) -> Array | None:
        """Rows (step, line) of datagrams; None if some lie outside the input."""
        if self._form is None:
            rows = np.frombuffer(data, dtype="<i4").reshape(-1, 2)
            inside = (rows >= (1, 0)) & (rows <= (LARGEST, self._item.size - 1))
            return rows if inside.all() else None
        events = np.frombuffer(data, dtype="<i4").reshape(-1, 4)
        origin = self._origin
        if origin is None:
            origin = int(events[:, self._form.columns.index("t")].min()) if len(events) else 0
        try:
            rows = event_steps_of(self._form, events, origin=origin).rows
        except DiagnosticError:
            return None
        self._origin = origin if len(events) else self._origin
        return rows


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises DiagnosticError: ND939."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
        made.bind((host, port))
    except OSError as error:
        made.close()
        reason = getattr(error, "strerror", None) or str(error)
        message = f"cannot listen on {host} port {port}: {reason}"
        raise DiagnosticError("stream", (finding("ND939", about("stream", f"udp:{port}"), message),)) from None
    made.settimeout(WAKE_S)
    with contextlib.suppress(OSError):  # another system than Linux does not count what it drops
        made.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
    return made


def _argument_faults(*, port: Any, queue_bytes: Any, idle_s: Any) -> Iterator[Diagnostic]:
    """ND002 for numbers that are none, or out of range."""
    where = about("function", "UdpEvents")
    for name, value, low, high in (("port", port, 0, 65_535), ("queue_bytes", queue_bytes, 1, MOST_QUEUE_BYTES)):
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield finding("ND002", where, f"argument '{name}': needs a whole number from {low} to {high:,}")
    real = isinstance(idle_s, (int, float)) and not isinstance(idle_s, bool)
    if idle_s is not None and not (real and 0 < idle_s <= threading.TIMEOUT_MAX):
        yield finding("ND002", where, "argument 'idle_s': needs a number of seconds above 0")


def _address_faults(host: str, *, anyone: bool) -> Iterator[Diagnostic]:
    """ND939 for an address that others reach, if that is not said aloud."""
    try:
        inside = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if not inside and not anyone:
        message = f"listens on '{host}', which others reach, and datagrams carry no token"
        fixes = ["host='127.0.0.1'", "anyone=True, in a network that you trust"]
        yield finding("ND939", about("stream"), message, fixes=fixes)
