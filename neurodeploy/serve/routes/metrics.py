"""Metrics, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from neurodeploy.serve.observing.exposition import registry_of
from neurodeploy.serve.service import Service

__all__ = ["routes"]


def routes(service: Service) -> list[Route]:
    """Return the address of the metrics."""
    registry = registry_of(service)

    async def metrics(request: Request) -> Response:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": media_type})

    return [Route("/metrics", metrics)]
