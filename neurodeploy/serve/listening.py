"""The socket that a server listens on, and whether its address is that of this machine alone."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.serve.options import ServeOptions

__all__ = ["address_of", "is_local", "listen"]

BACKLOG = 2048
"""Connections that wait to be accepted; the system may allow fewer."""


def is_local(host: str) -> bool:
    """Return whether everything that a host name stands for is an address of this machine alone (127.0.0.0/8 or ::1).

    Raises DiagnosticError: ND917 (a name that stands for nothing).
    """
    return all(ipaddress.ip_address(found[4][0].partition("%")[0]).is_loopback for found in _resolved(host, 0))


def listen(options: ServeOptions) -> socket.socket:
    """Return the socket that listens on the address of the options. The caller closes it.

    Raises DiagnosticError: ND917 (in use, not allowed, not an address of this machine).
    """
    family, _, _, _, address = _resolved(options.host, options.port)[0]
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows it lets two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise _unusable(options.host, options.port, error) from None
    found.set_inheritable(False)
    return found


def address_of(listener: socket.socket, options: ServeOptions) -> str:
    """Return the address that clients of this machine use, such as "http://127.0.0.1:8000"."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    scheme = "https" if options.certificate is not None else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _resolved(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    """The addresses that a host name stands for."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _unusable(host, port, error) from None
    return found  # pyright: ignore[reportReturnType]  # stream sockets of IP only


def _unusable(host: str, port: int, error: OSError | UnicodeError) -> DiagnosticError:
    """What is wrong with an address."""
    number = error.errno if isinstance(error, OSError) else None
    reason = (error.strerror if isinstance(error, OSError) else "") or "it is not a name of a host"
    message = f"cannot listen on '{host}'" + (f", port {port}" if port else "") + f": {reason}"
    fixes = {
        errno.EADDRINUSE: "use --port 0, which chooses a free one, or end what listens there",
        errno.EACCES: "use a port of 1024 or above",
        errno.EADDRNOTAVAIL: "use 127.0.0.1 or an address of this machine",
    }
    fix = fixes.get(number or 0, "use --host 127.0.0.1")
    return DiagnosticError("serve", (finding("ND917", about("server"), message, fixes=[fix]),))
