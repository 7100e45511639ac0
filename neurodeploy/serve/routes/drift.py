"""Drift of a model: its activity against that of its calibration."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from neurodeploy.monitor.findings import activity_required
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.observing.monitors import LiveMonitors
from neurodeploy.serve.service import Service

__all__ = ["routes"]

WINDOW = ("found", "poisson_p", "ks", "ks_p", "wasserstein", "p")
"""Fields of the last window that a population shows."""


def routes(service: Service) -> list[Route]:
    """Return the addresses of drift. Their functions run in a thread: a window takes milliseconds to compare."""

    def drift(request: Request) -> Response:
        names = request.path_params
        model = service.models.model(names["name"], names.get("version", ""))
        return JSONResponse(drift_document(service.monitors, model))

    one = "/v2/models/{name}"
    return [Route(f"{one}/drift", drift), Route(f"{one}/versions/{{version}}/drift", drift)]


def drift_document(monitors: LiveMonitors, model: Model) -> dict[str, Any]:
    """Return what `monitors` have seen of a `model`. Raises DiagnosticError: ND946 (its program carries no activity)."""
    activity = activity_required(model.program)
    seen, watched = monitors.report(model) or (0, ())
    window = monitors.window(model)
    rows = {(item.kind, item.name): item.model_dump(mode="json") for item in watched}
    for item in window.populations if window is not None else ():
        plain = item.model_dump(mode="json")
        rows[item.kind, item.name]["window"] = {name: plain[name] for name in WINDOW}
    return {
        "model_name": model.name,
        "model_version": model.version,
        "drifting": any(item.drifting for item in watched),
        "samples": seen,
        "not_compared": monitors.skipped(model),
        "calibration": {"samples": activity.n_samples, "steps": activity.n_steps},
        "options": monitors.options.model_dump(mode="json"),
        "window": None if window is None else {"first_sample": window.first_sample, "samples": window.n_samples},
        "populations": list(rows.values()),
    }
