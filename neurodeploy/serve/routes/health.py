"""Whether the server lives, whether it takes requests, and what it is."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from neurodeploy.serve.protocol.metadata import server_metadata
from neurodeploy.serve.service import Service

__all__ = ["routes"]


def routes(service: Service) -> list[Route]:
    """Return the addresses of health and of the server."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        return JSONResponse({"ready": service.ready}, 200 if service.ready else 503)

    async def server(_: Request) -> Response:
        return JSONResponse(server_metadata())

    return [Route("/v2", server), Route("/v2/health/live", live), Route("/v2/health/ready", ready)]
