"""Options of a server, and the limits that keep one client from taking it from the others."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from neurodeploy.base.noun import Name, Noun, WholeNumber
from neurodeploy.signals.options import MOST_THREADS

__all__ = ["Limits", "ServeOptions"]


class Limits(Noun):
    """What one request, one stream or one client may take."""

    body_bytes: WholeNumber = Field(default=64 << 20, ge=1)
    """Bytes of the body of a request."""
    samples: WholeNumber = Field(default=4096, ge=1)
    """Samples of a request."""
    steps: WholeNumber = Field(default=100_000, ge=1)
    """Steps for which a request shows a sample."""
    sample_steps: WholeNumber = Field(default=4_000_000, ge=1)
    """Samples of a request times the steps of each."""
    waiting: WholeNumber = Field(default=1024, ge=1)
    """Requests that wait for the emulator; further ones are refused."""
    held_bytes: WholeNumber = Field(default=512 << 20, ge=1)
    """Bytes of the bodies of all requests in progress."""
    head_bytes: WholeNumber = Field(default=64 << 10, ge=1024)
    """Bytes of the request line and the headers of a request."""
    run_s: float = Field(default=60.0, gt=0)
    """Seconds for which the samples of a request run; then the run is stopped."""
    receive_s: float = Field(default=10.0, gt=0)
    """Seconds within which the headers of a request arrive, and then its body, which gets one more for every 64 KiB of it;
    and within which a client reads what it is sent."""
    keep_alive_s: WholeNumber = Field(default=60, ge=1)
    """Seconds for which a connection stays open between two requests."""
    connections: WholeNumber = Field(default=512, ge=1)
    """Open connections. One more closes the one that waits longest for a request."""
    streams: WholeNumber = Field(default=64, ge=1)
    """Open streams."""
    frame_bytes: WholeNumber = Field(default=4 << 20, ge=1)
    """Bytes of one message of a stream; two of each stream are held."""
    stream_idle_s: float = Field(default=300.0, gt=0)
    """Seconds for which a stream waits for a client that neither sends nor reads."""
    drain_s: float = Field(default=30.0, ge=0)
    """Seconds after SIGTERM within which requests in progress are answered; those that are not are given up then."""


class ServeOptions(Noun):
    """Options of a server."""

    host: str = "127.0.0.1"
    """Address to listen on. One that other machines reach needs a token, or that none is needed is said."""
    port: WholeNumber = Field(default=8000, ge=0, le=65535)
    """Port; 0: a free one."""
    token: SecretStr | None = None
    """Token that clients send as "Authorization: Bearer TOKEN"."""
    certificate: Path | None = None
    """File of the certificate (PEM) with which the server speaks TLS. None: it does not."""
    private_key: Path | None = None
    """File of the certificate's private key (PEM). None: it is in the file of the certificate."""
    no_auth: bool = False
    """Whether an address that other machines reach is served without a token."""
    backend: Name = "emulator"
    """Backend that runs the programs."""
    threads: WholeNumber | None = Field(default=None, ge=1, le=MOST_THREADS)
    """Threads of the emulator; default: one per CPU."""
    batch_wait_s: float = Field(default=0.002, ge=0, le=0.002)
    """Longest time for which a request waits for others that run together with it."""
    watch: bool = True
    """Whether a program is loaded again when its file changes."""
    watch_s: float = Field(default=1.0, gt=0)
    """Seconds between two looks at the files of the programs."""
    log: Literal["text", "json", "off"] = "text"
    """Form of the log on standard error: text, json or off."""
    limits: Limits = Limits()
    """Limits of requests and streams."""
