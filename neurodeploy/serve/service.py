"""What all requests share: the models, the queue before the emulator, and whether the server takes requests."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from neurodeploy.serve.inference.batching import Batcher
from neurodeploy.serve.inference.models import Models
from neurodeploy.serve.inference.reload import Reloader
from neurodeploy.serve.observing.batches import LoadDone
from neurodeploy.serve.observing.loads import observe_load
from neurodeploy.serve.observing.metrics import Metrics
from neurodeploy.serve.observing.monitors import LiveMonitors
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.streams.work import Streams

__all__ = ["Service"]


class Service:
    """A server's models, which are replaced as a whole, its queue and its state."""

    def __init__(self, models: Models, options: ServeOptions) -> None:
        self.options = options
        self.reloader = Reloader(models, backend=options.backend, watch_s=options.watch_s)
        self.batcher = Batcher(options)
        self.streams = Streams(options)
        self.metrics = Metrics()
        self.batcher.observers.append(self.metrics.batch)
        self.reloader.observers.append(self._loaded)
        self.monitors = LiveMonitors()
        self.batcher.observers.append(self.monitors.watch)
        self.ready = True
        """Whether it takes requests: not before its models are loaded, and no longer once it ends."""
        self.ending = asyncio.Event()
        """Set when the server is told to end: streams wait for it, and close."""
        self.overran = False
        """Whether something still ran when the server had to end."""
        self.in_progress = 0
        """Requests and streams that were taken and are not answered yet."""
        self.held_bytes = 0
        """Bytes of the bodies of requests in progress."""

    def end(self) -> None:
        """Take no new requests; those in progress go on. Called in the event loop."""
        self.ready = False
        self.ending.set()

    async def closed(self, within_s: float) -> bool:
        """Close in a thread, and return whether that was done within some seconds; the thread goes on if it was not."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def close() -> None:
            self.close()
            with contextlib.suppress(RuntimeError):  # the loop has ended before
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=close, name="neurodeploy-close", daemon=True).start()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(done.wait(), within_s)
        self.overran = self.overran or not done.is_set()
        return done.is_set()

    @property
    def models(self) -> Models:
        """The models that are served now."""
        return self.reloader.models

    def _loaded(self, done: LoadDone) -> None:
        observe_load(self.models, self.metrics, done)

    def close(self) -> None:
        """Answer what is in the queue, and take nothing more."""
        self.ready = False
        self.batcher.close()
        self.streams.close()
