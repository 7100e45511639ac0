"""Worker: the least server on the same library, which sends the same reply to everyone. What it does not reach, no server on it does.

python benchmarks/child/serve_echo.py PORT FILE      FILE: the body of the reply
"""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main() -> None:
    """Serve until SIGTERM."""
    body = Path(sys.argv[2]).read_bytes()

    async def infer(request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    async def ready(_: Request) -> Response:
        return Response()

    routes = [Route("/v2/models/{name}/infer", infer, methods=["POST"]), Route("/v2/health/ready", ready)]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
