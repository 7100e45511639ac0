"""Inference."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferReply, InferRequest
from neurodeploy.serve.limits import over_limits
from neurodeploy.serve.protocol.binary import HEADER_LENGTH, reply_body, request_of_body
from neurodeploy.serve.protocol.compression import accepted_encoding, deflated, inflated
from neurodeploy.serve.protocol.suits import request_faults
from neurodeploy.serve.service import Service

__all__ = ["CONTENT_TYPES", "routes"]

CONTENT_TYPES = ("application/json", "application/octet-stream")
"""Types of bodies; a request without a type is taken as well, because clients of the protocol send none."""
LARGE_BYTES = 256 << 10
"""Bytes from which a body is read or written in a thread, so that other requests do not wait for it."""

_TYPE, _CODING, _ACCEPTS = b"content-type", b"content-encoding", b"accept-encoding"
_LENGTH = HEADER_LENGTH.lower().encode()

Headers = Mapping[bytes, bytes]
"""Headers of a request, as ASGI has them: names in lower case."""


def routes(service: Service) -> list[Route]:
    """Return the addresses of inference."""
    infer = _Inference(service)
    return [
        Route("/v2/models/{name}/infer", infer, methods=["POST"]),
        Route("/v2/models/{name}/versions/{version}/infer", infer, methods=["POST"]),
    ]


class _Inference:
    """The application of ASGI for inference: without the layers around a function, which take longer than reading a request."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises DiagnosticError: what is wrong with it."""
        service, names = self.service, scope["path_params"]
        model = service.models.model(names["name"], names.get("version", ""))
        body = await _body(receive)
        headers: Headers = dict(scope["headers"])
        if len(body) > LARGE_BYTES or _CODING in headers:
            asked = await run_in_threadpool(_read, service, model, body, headers)
        else:
            asked = _read(service, model, body, headers)
        reply = await service.batcher.infer(model, asked)
        accepts = headers.get(_ACCEPTS, b"").decode("latin-1")
        if sum(item.array.nbytes for item in reply.outputs) > LARGE_BYTES:
            written, said = await run_in_threadpool(_written, reply, accepts)
        else:
            written, said = _written(reply, accepts)
        await send({"type": "http.response.start", "status": 200, "headers": said})
        await send({"type": "http.response.body", "body": written})


async def _body(receive: Receive) -> bytes:
    """The body of a request. Raises ClientDisconnect."""
    parts = list[bytes]()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _read(service: Service, model: Model, body: bytes, headers: Headers) -> InferRequest:
    """The request in a body, which suits the model and keeps to the limits."""
    kind = headers.get(_TYPE, b"application/json").split(b";")[0].strip().lower().decode("latin-1")
    if kind not in CONTENT_TYPES:
        message = f"header Content-Type is '{kind[:60]}'; needs {' or '.join(CONTENT_TYPES)}"
        raise DiagnosticError("serve", (finding("ND927", about("request"), message),))
    limits, length = service.options.limits, headers.get(_LENGTH)
    plain = inflated(body, headers[_CODING].decode("latin-1"), limits.body_bytes) if _CODING in headers else body
    asked = request_of_body(plain, None if length is None else length.decode("latin-1"))
    raise_errors("serve", request_faults(model, asked))
    raise_errors("serve", over_limits(model, asked, limits))
    return asked


def _written(reply: InferReply, accepts: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The body and the headers of a reply of HTTP. `accepts`: the header Accept-Encoding of the request."""
    body, length = reply_body(reply)
    headers = [(_TYPE, CONTENT_TYPES[length is not None].encode())]
    if length is not None:
        headers.append((_LENGTH, str(length).encode()))
    encoding = accepted_encoding(accepts, len(body))
    if encoding:
        body = deflated(body, encoding)
        headers.append((_CODING, encoding.encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    return body, headers
