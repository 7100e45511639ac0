"""Command `serve`."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

from neurodeploy.cli import serve_options as given
from neurodeploy.cli.common_options import JsonOutput
from neurodeploy.cli.output import command, say, show, show_lines
from neurodeploy.cli.paths import read_argument
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, render_all
from neurodeploy.serve.options import Limits, ServeOptions

if TYPE_CHECKING:
    from neurodeploy.serve.inference.models import Models

__all__ = ["serve_command"]

USUAL, LIMITS = ServeOptions(), Limits()


@command
def serve_command(
    programs: Annotated[list[Path], read_argument("PROGRAM...", "Programs to serve (.ndp).")],
    host: given.Host = USUAL.host,
    port: given.Port = USUAL.port,
    threads: given.Threads = None,
    token_file: given.TokenFile = None,
    no_auth: given.NoAuth = False,
    certificate: given.Certificate = None,
    private_key: given.KeyFile = None,
    backend: given.Backend = USUAL.backend,
    watch: given.WatchFiles = USUAL.watch,
    log: given.LogForm = USUAL.log,
    max_body: given.MaxBody = LIMITS.body_bytes,
    max_samples: given.MaxSamples = LIMITS.samples,
    max_steps: given.MaxSteps = LIMITS.steps,
    max_sample_steps: given.MaxSampleSteps = LIMITS.sample_steps,
    max_waiting: given.MaxWaiting = LIMITS.waiting,
    max_streams: given.MaxStreams = LIMITS.streams,
    max_connections: given.Connections = LIMITS.connections,
    drain: given.DrainTime = LIMITS.drain_s,
    json_output: JsonOutput = False,
) -> None:
    """Serve programs over HTTP in the Open Inference Protocol V2.

    Example: neurodeploy serve digits.ndp --port 8000
    """
    from neurodeploy.simulate import get_backend

    get_backend(backend)
    limits = Limits(
        body_bytes=max_body,
        samples=max_samples,
        steps=max_steps,
        sample_steps=max_sample_steps,
        waiting=max_waiting,
        streams=max_streams,
        connections=max_connections,
        drain_s=drain,
    )
    options = ServeOptions.model_validate(
        {
            "host": host,
            "port": port,
            "threads": threads,
            "no_auth": no_auth,
            "certificate": certificate,
            "private_key": private_key,
            "backend": backend,
            "watch": watch,
            "log": log,
            "limits": limits,
        }
    )
    _serve(programs, options, token_file, json_output=json_output)


def _serve(programs: list[Path], options: ServeOptions, token_file: Path | None, *, json_output: bool) -> None:
    """Load the programs and serve them until the process is told to end."""
    from neurodeploy.serve.extra import require_extra

    require_extra()
    from neurodeploy.serve.auth import read_token
    from neurodeploy.serve.inference.models import load_models
    from neurodeploy.serve.observing import logs
    from neurodeploy.serve.server import serve

    found = tuple[Diagnostic, ...]()
    if token_file is not None:
        token, found = read_token(token_file)
        options = options.model_copy(update={"token": token})
    models = load_models(programs, options.backend)
    logs.configure(options.log)
    if options.log == "off" and found:
        say(render_all(found))
    try:
        serve(models, options, on_start=lambda address: _tell(address, models, options, json_output), findings=found)
    except DiagnosticError as error:
        logs.close()
        if any(item.code == "ND921" for item in error.diagnostics):
            _leave(error)
        raise
    logs.close()


def _leave(error: DiagnosticError) -> NoReturn:
    """End the process although threads still run: Python would wait for them."""
    say(render_all(error.diagnostics))
    sys.stdout.flush()
    os._exit(1)


def _tell(address: str, models: Models, options: ServeOptions, json_output: bool) -> None:
    """Print where the server listens, and what it serves."""
    from neurodeploy.report.serve_tables import models_table

    rows = [(item.name, item.version, item.program.target.name) for found in models.by_name.values() for item in found]
    if json_output:
        plain = [{"name": name, "version": version, "target": target} for name, version, target in rows]
        sys.stdout.write(json.dumps({"address": address, "models": plain, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        return
    secret = ["-H", "Authorization: Bearer TOKEN"] if options.token is not None else []
    example = shlex.join(["curl", *secret, f"{address}/v2/models/{rows[-1][0]}"])
    show_lines(f"neurodeploy serves on {address}", "")
    show(models_table(rows))
    show_lines("", f"Try: {example}", "Stop: Ctrl+C, or SIGTERM; requests in progress are answered first.")
    sys.stdout.flush()
