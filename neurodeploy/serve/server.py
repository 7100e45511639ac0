"""The server: the application on an address, until it is told to end."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.serve.auth import open_to_others
from neurodeploy.serve.inference.models import Models
from neurodeploy.serve.inference.reload import make_ready
from neurodeploy.serve.lifecycle import make_server
from neurodeploy.serve.listening import address_of, listen
from neurodeploy.serve.observing.logs import log_findings
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.service import Service
from neurodeploy.simulate import get_backend

__all__ = ["opened", "serve"]


def serve(
    models: Models,
    options: ServeOptions,
    *,
    on_start: Callable[[str], None] | None = None,
    findings: tuple[Diagnostic, ...] = (),
) -> None:
    """Serve models until SIGINT or SIGTERM. Returns once the requests in progress are answered.

    `on_start`: called with the address once the server takes requests. `findings`: warnings that the log begins with.

    Raises DiagnosticError: why the backend is not available, ND917 (cannot listen), ND918 (other machines reach it, without a token), ND919 (the certificate
    cannot be used), ND921 (requests were not answered in time; threads that run them may go on).
    """
    missing = get_backend(options.backend).unavailable()
    if missing is not None:
        raise DiagnosticError("serve", (missing,))
    listener, warnings = opened(options)
    try:
        for model in (item for versions in models.by_name.values() for item in versions):
            make_ready(model)
        if findings or warnings:
            log_findings("starting", (*findings, *warnings))
        address, service = address_of(listener, options), Service(models, options)
        server = make_server(service, None if on_start is None else lambda: on_start(address))
        server.run(sockets=[listener])
    finally:
        listener.close()
    if service.overran:
        message = f"ended {options.limits.drain_s:g} s after it was told to, before everything was answered"
        fixes = ["use a longer --drain, or lower limits of samples and steps"]
        raise DiagnosticError("serve", (finding("ND921", about("server"), message, fixes=fixes),))


def opened(options: ServeOptions) -> tuple[socket.socket, tuple[Diagnostic, ...]]:
    """Return the socket that listens on the address of the options, and warnings: ND918 (open to others, as was said).

    The caller closes it. Raises DiagnosticError: ND917, ND918, ND919, as serve.
    """
    warnings = open_to_others(options)
    if options.certificate is not None:
        _require_certificate(options.certificate, options.private_key)
    return listen(options), warnings


def _require_certificate(certificate: Path, private_key: Path | None) -> None:
    """Return if a server can use a certificate. A key with a password cannot be used: nobody is there to type it."""
    path = certificate if private_key is None else private_key
    for item in (certificate, path):
        if not item.is_file():
            raise _unusable(item, "does not exist")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, private_key, password=lambda: "")
    except (OSError, ValueError) as error:  # errors of TLS are OSErrors
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise _unusable(path, f"is not the key of a certificate, without a password: {reason}") from None


def _unusable(path: Path, message: str) -> DiagnosticError:
    fix = "give a certificate and its key in the form PEM, without a password"
    return DiagnosticError("serve", (finding("ND919", about("file", path), message, fixes=[fix]),))
