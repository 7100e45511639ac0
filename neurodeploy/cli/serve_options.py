"""Options of the command `serve`, most of them derived from ServeOptions and Limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.cli.common_options import complete_backend
from neurodeploy.cli.options import field_option
from neurodeploy.cli.paths import read_option
from neurodeploy.serve.options import Limits, ServeOptions

__all__ = [
    "Backend",
    "Certificate",
    "Connections",
    "DrainTime",
    "Host",
    "KeyFile",
    "LogForm",
    "MaxBody",
    "MaxSampleSteps",
    "MaxSamples",
    "MaxSteps",
    "MaxStreams",
    "MaxWaiting",
    "NoAuth",
    "Port",
    "Threads",
    "TokenFile",
    "WatchFiles",
]

Host = Annotated[
    str,
    field_option(
        ServeOptions,
        "host",
        metavar="ADDRESS",
        text="Address to listen on. One that other machines reach needs a --token-file, or --no-auth.",
    ),
]
Port = Annotated[int, field_option(ServeOptions, "port")]
Threads = Annotated[int | None, field_option(ServeOptions, "threads")]
TokenFile = Annotated[
    Path | None,
    read_option("--token-file", "File of the token that clients send as `Authorization: Bearer TOKEN`."),
]
NoAuth = Annotated[bool, typer.Option("--no-auth", help="Serve an address that other machines reach without a token.")]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        "-b",
        help="Backend that runs the programs; see `neurodeploy backends`.",
        autocompletion=complete_backend,
    ),
]
WatchFiles = Annotated[
    bool, field_option(ServeOptions, "watch", "--watch/--no-watch", text="Load a program again when its file changes.")
]
LogForm = Annotated[str, field_option(ServeOptions, "log", metavar="FORM")]
Certificate = Annotated[
    Path | None, read_option("--certificate", "File of the certificate (PEM) with which the server speaks TLS.")
]
KeyFile = Annotated[
    Path | None, read_option("--private-key", "File of the certificate's key (PEM); default: the certificate's file.")
]
MaxBody = Annotated[int, field_option(Limits, "body_bytes", "--max-body", metavar="BYTES")]
MaxSamples = Annotated[int, field_option(Limits, "samples", "--max-samples")]
MaxSteps = Annotated[int, field_option(Limits, "steps", "--max-steps")]
MaxSampleSteps = Annotated[int, field_option(Limits, "sample_steps", "--max-sample-steps")]
MaxWaiting = Annotated[int, field_option(Limits, "waiting", "--max-waiting")]
MaxStreams = Annotated[int, field_option(Limits, "streams", "--max-streams")]
Connections = Annotated[int, field_option(Limits, "connections", "--max-connections")]
DrainTime = Annotated[float, field_option(Limits, "drain_s", "--drain")]
