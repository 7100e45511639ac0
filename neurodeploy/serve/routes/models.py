"""The models that are served: what they take and give, their versions, whether they are ready, and the OpenAPI document."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.protocol.documents import raise_unless_plain_load, wants_ready
from neurodeploy.serve.protocol.metadata import model_config, model_list, model_metadata, repository_index
from neurodeploy.serve.protocol.openapi import openapi_document
from neurodeploy.serve.protocol.page import models_page
from neurodeploy.serve.service import Service

__all__ = ["routes"]


def routes(service: Service) -> list[Route]:
    """Return the addresses of models, of the repository, and of the documents about them."""

    def model(request: Request) -> Model:
        names = request.path_params
        return service.models.model(names["name"], names.get("version", ""))

    async def listed(_: Request) -> Response:
        return JSONResponse(model_list(service.models))

    async def metadata(request: Request) -> Response:
        return JSONResponse(model_metadata(service.models, model(request)))

    async def config(request: Request) -> Response:
        return JSONResponse(model_config(model(request)))

    async def ready(request: Request) -> Response:
        found = model(request)
        plain = {"name": found.name, "version": found.version, "ready": service.ready}
        return JSONResponse(plain, 200 if service.ready else 503)

    async def openapi(_: Request) -> Response:
        return JSONResponse(openapi_document(service.models, service.options))

    async def page(_: Request) -> Response:
        return HTMLResponse(models_page(service.models), headers=PAGE_HEADERS)

    one = "/v2/models/{name}"
    version = one + "/versions/{version}"
    shown = [("", metadata), ("/config", config), ("/ready", ready)]
    return [
        Route("/v2/models", listed),
        *(Route(prefix + path, handler) for prefix in (one, version) for path, handler in shown),
        *_repository(service),
        Route("/openapi.json", openapi),
        Route("/docs", page),
    ]


PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""The page holds no script and loads nothing."""


def _repository(service: Service) -> list[Route]:
    """Addresses of the repository: the index of all versions, and files that are loaded."""

    async def index(request: Request) -> Response:
        ready_only = wants_ready(await request.body())
        found = repository_index(service.models, ready=service.ready)
        return JSONResponse([item for item in found if item["state"] == "READY" or not ready_only])

    async def load(request: Request) -> Response:
        """The reply tells the version that the file of the model holds now."""
        raise_unless_plain_load(await request.body())
        loaded = await service.reloader.load(request.path_params["name"])
        return JSONResponse({"name": loaded.name, "version": loaded.version, "state": "READY"})

    async def unload(request: Request) -> Response:
        found = service.models.model(request.path_params["name"])
        message = f"model '{found.name}' cannot be unloaded while the server runs"
        fixes = ["replace its file with a new program", "end the server"]
        raise DiagnosticError("serve", (finding("ND925", about("request"), message, fixes=fixes),))

    one = "/v2/repository/models/{name}"
    return [
        Route("/v2/repository/index", index, methods=["POST"]),
        Route(f"{one}/load", load, methods=["POST"]),
        Route(f"{one}/unload", unload, methods=["POST"]),
    ]
