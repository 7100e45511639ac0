"""Programs that are loaded while the server runs, in its metrics and its log."""

from __future__ import annotations

from neurodeploy.serve.inference.models import Models
from neurodeploy.serve.observing import logs
from neurodeploy.serve.observing.batches import LoadDone
from neurodeploy.serve.observing.metrics import Metrics

__all__ = ["observe_load"]


def observe_load(models: Models, metrics: Metrics, done: LoadDone) -> None:
    """Count and log that a program was loaded while the server runs, or could not be.

    `models`: those served now. `metrics`: where it is counted. `done`: what was loaded, or why not.
    """
    served = [item for versions in models.by_name.values() for item in versions]
    name = done.model.name if done.model is not None else next((m.name for m in served if m.path == done.path), "")
    metrics.reloaded(name, loaded=done.model is not None)
    ms = round(1000 * done.seconds, 1)
    if done.model is not None:
        logs.log("loaded a program", model=name, version=done.model.version, file=str(done.path), ms=ms)
    else:
        logs.log_findings("kept the old program", done.findings, model=name, file=str(done.path), ms=ms)
