"""Who may use the server: the token, and whether a browser sends a request for a page of another site.

A server on the loopback address needs no token, because the system lets only programs of this machine reach it. Browsers are
such programs, and run code of pages from anywhere. Two checks keep those out. The header Host must name this machine:
otherwise a name of the attacker that was made to stand for 127.0.0.1 would make the page one of the server's own site. The
header Origin, which browsers add to what pages send, must be absent or that of the server itself. With a token neither is
needed: a page does not know it, and browsers add it to nothing by themselves.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import stat
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr
from starlette.types import Scope

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.serve.listening import is_local
from neurodeploy.serve.options import ServeOptions

__all__ = ["OPEN_PATHS", "Access", "open_to_others", "read_token"]

OPEN_PATHS = ("/v2/health/live", "/v2/health/ready")
"""Paths without a token, for probes: they say nothing but whether the server lives and takes requests."""
SHORTEST = 16
"""Characters of a token below which it can be guessed."""
LONGEST = 4096
"""Bytes that the file of a token may have."""
MAKE = "python -c 'import secrets; print(secrets.token_urlsafe(32))' > FILE; chmod 600 FILE"
OTHERS = stat.S_IRGRP | stat.S_IROTH
LOCAL_NAMES = ("localhost", "localhost.")


def read_token(path: Path) -> tuple[SecretStr, tuple[Diagnostic, ...]]:
    """Return the token in a file, without white space around it, and warnings: ND919 (others can read the file).

    Raises DiagnosticError: ND919 (the file cannot be read, or holds no token of 16 printable characters of ASCII or more).
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
            mode = os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from None
    token = content.strip()
    if len(content) > LONGEST:
        raise _unusable(path, f"has more than {LONGEST} bytes")
    if not all(33 <= byte <= 126 for byte in token):
        raise _unusable(path, "holds something other than one word of printable characters")
    if len(token) < SHORTEST:
        raise _unusable(path, f"holds a token of {len(token)} characters; it needs {SHORTEST}")
    warnings = tuple[Diagnostic, ...]()
    if os.name == "posix" and stat.S_ISREG(mode) and mode & OTHERS:
        message = f"can be read by other users of this machine (mode {stat.S_IMODE(mode):04o})"
        fix = f"chmod 600 {path}"
        warnings = (finding("ND919", about("file", path), message, fixes=[fix], severity="warning"),)
    return SecretStr(token.decode()), warnings


def open_to_others(options: ServeOptions) -> tuple[Diagnostic, ...]:
    """Return a warning if other machines reach the server and need no token: ND918.

    Raises DiagnosticError: ND918 (the same without `no_auth`), ND917 (the host stands for nothing).
    """
    if options.token is not None or is_local(options.host):
        return ()
    message = f"listens on '{options.host}', which other machines reach, and needs no token"
    if options.no_auth:
        said = f"{message}: whoever reaches it can use it"
        fix = "give a --token-file unless everyone in the network may"
        return (finding("ND918", about("server"), said, fixes=[fix], severity="warning"),)
    fixes = [
        f"--token-file FILE, made by {MAKE}",
        "--host 127.0.0.1",
        "--no-auth, if everyone in the network may use it",
    ]
    raise DiagnosticError("serve", (finding("ND918", about("server"), message, fixes=fixes),))


def _unusable(path: Path, message: str) -> DiagnosticError:
    return DiagnosticError("serve", (finding("ND919", about("file", path), message, fixes=[MAKE]),))


class Access:
    """The rules of who may use a server, made from its options once."""

    def __init__(self, options: ServeOptions) -> None:
        self.token = options.token.get_secret_value().encode() if options.token is not None else None
        self.local = self.token is None and is_local(options.host)

    def refused(self, scope: Scope) -> tuple[Diagnostic, int] | None:
        """Return what is wrong with a request and the status of HTTP for it; None if it is allowed.

        ND914 (no token or a wrong one), ND920 (another host, a page of another site).
        """
        host = origin = given = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"authorization":
                given = value
        if self.token is not None:
            return None if scope["path"] in OPEN_PATHS or self._knows(given) else _without_token(given)
        if self.local and not _names_this_machine(host):
            return _foreign(f"is for host '{host.decode('latin-1')}', not for one of this machine", 421)
        if origin and not _same_site(origin, host):
            return _foreign(f"comes from a page of '{origin.decode('latin-1')}'", 403)
        return None

    def _knows(self, given: bytes) -> bool:
        """Whether a header Authorization has the token. The time it takes does not depend on where the two differ."""
        scheme, _, token = given.strip().partition(b" ")
        return hmac.compare_digest(token.strip(), self.token or b"") and scheme.lower() == b"bearer"


def _without_token(given: bytes) -> tuple[Diagnostic, int]:
    message = "has another token than the server's" if given else "has no token"
    return finding("ND914", about("request"), message, fixes=["send the header Authorization: Bearer TOKEN"]), 401


def _foreign(message: str, status: int) -> tuple[Diagnostic, int]:
    return finding("ND920", about("request"), message, fixes=["use the address that the server prints"]), status


@lru_cache(maxsize=32)  # a few hosts come again and again
def _names_this_machine(host: bytes) -> bool:
    """Whether a header Host has an address of this machine alone, or the name localhost."""
    text = host.decode("latin-1").lower()
    name = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    if name in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _same_site(origin: bytes, host: bytes) -> bool:
    """Whether a page comes from the server itself: its origin is the host and port that the request is for."""
    return origin.lower().partition(b"://")[2] == host.lower()
