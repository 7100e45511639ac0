"""Who may use a server: tokens, addresses that other machines reach, and browsers that show pages of other sites."""

from __future__ import annotations

import json
import os
import stat

import pytest
from asgi_calls import call, infer_body, tiny_service
from pydantic import SecretStr
from raw_clients import QUICK, connected, spoken, until_closed

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.serve.app import make_app
from neurodeploy.serve.auth import Access, open_to_others, read_token
from neurodeploy.serve.in_thread import running
from neurodeploy.serve.listening import is_local
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.service import Service

TOKEN = "correct-horse-battery-staple"
GUARDED = ServeOptions(port=0, token=SecretStr(TOKEN), limits=QUICK)
OPEN = ServeOptions(host="0.0.0.0", port=0, no_auth=True, limits=QUICK)


def scope(path="/v2", **headers):
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "path": path, "headers": named}


def code(options, path="/v2", **headers):
    """(code, status) with which a request is refused; None if it is allowed."""
    refused = Access(options).refused(scope(path, **headers))
    return refused and (refused[0].code, refused[1])


ALLOWED_TOKENS = (f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN}  ")
OTHER_TOKENS = (
    "",
    TOKEN,
    f"Basic {TOKEN}",
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN[:-1]}",
    f"Bearer x{TOKEN}",
    f"Bearer {TOKEN.upper()}",
    "Bearer",
    "Bearer ",
    "Bearer \xe9\xff",
    f"Bearer {TOKEN},Bearer {TOKEN}",
)


@pytest.mark.parametrize("given", ALLOWED_TOKENS)
def test_the_token_lets_in_whatever_the_host_or_the_page(given):
    assert code(GUARDED, host="models.example", origin="https://other.example", authorization=given) is None


@pytest.mark.parametrize("given", OTHER_TOKENS)
def test_nothing_but_the_token_lets_in(given):
    assert code(GUARDED, host="localhost", authorization=given) == ("ND914", 401)


@pytest.mark.parametrize("path", ["/metrics", "/v2", "/v2/models", "/openapi.json", "/v2/health/ready/", "/nothing"])
def test_all_but_health_needs_the_token(path):
    assert code(GUARDED, path, host="localhost") == ("ND914", 401)


def test_probes_need_no_token():
    assert {code(GUARDED, f"/v2/health/{word}", host="10.0.0.1") for word in ("live", "ready")} == {None}


LOCAL_HOSTS = ("localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "127.8.9.1", "[::1]", "[::1]:8000")
OTHER_HOSTS = (
    "",
    "evil.example",
    "evil.example:8000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "0.0.0.0",
    "[::2]:8000",
    "[",
    "127.0.0.1@evil.example",
    "\xff",
)


@pytest.mark.parametrize("host", LOCAL_HOSTS)
def test_a_request_may_name_this_machine(host):
    assert code(ServeOptions(), host=host) is None


@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_a_request_for_another_host_is_refused(host):
    """Such a request comes from a page whose name was made to stand for 127.0.0.1."""
    assert code(ServeOptions(), host=host) == ("ND920", 421)
    assert code(ServeOptions(), "/v2/health/live", host=host) == ("ND920", 421)


ORIGINS = {
    "http://localhost:8000": None,
    "https://LOCALHOST:8000": None,
    "http://localhost": ("ND920", 403),
    "http://localhost:9000": ("ND920", 403),
    "https://evil.example": ("ND920", 403),
    "http://localhost:8000.evil.example": ("ND920", 403),
    "null": ("ND920", 403),
    "file://": ("ND920", 403),
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_another_site_is_refused(origin):
    assert code(ServeOptions(), host="localhost:8000", origin=origin) == ORIGINS[origin]
    assert code(OPEN, host="localhost:8000", origin=origin) == ORIGINS[origin]


def test_a_server_that_is_open_to_others_has_any_name():
    assert code(OPEN, host="models.example:8000") is None


def test_a_refusal_says_what_is_needed_and_runs_nothing():
    app = make_app(Service(tiny_service().models, GUARDED))
    reply = call(app, "POST", "/v2/models/tiny/infer", infer_body())
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert "send the header Authorization: Bearer TOKEN" in json.loads(reply.body)["error"]
    assert TOKEN.encode() not in reply.body
    said = [("authorization", f"Bearer {TOKEN}")]
    assert call(app, "POST", "/v2/models/tiny/infer", infer_body(), said).status == 200


UPGRADE = (
    b"GET /v2/models/tiny/stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%s\r\n"
)


@pytest.mark.parametrize(
    ("options", "host", "more", "status"),
    [
        (GUARDED, b"localhost", b"", 401),
        (GUARDED, b"localhost", b"Authorization: Bearer x\r\n", 401),
        (ServeOptions(port=0, limits=QUICK), b"localhost", b"Origin: https://evil.example\r\n", 403),
        (ServeOptions(port=0, limits=QUICK), b"evil.example", b"", 421),
    ],
    ids=["no token", "another token", "a page of another site", "another host"],
)
def test_a_stream_is_refused_before_it_begins(options, host, more, status):
    with running(tiny_service().models, options) as address, connected(address) as client:
        client.sendall(UPGRADE % (host, more))
        answer = until_closed(client)
    assert answer.status == status
    assert json.loads(answer.body)["findings"][0]["code"] in ("ND914", "ND920")


def test_a_token_never_shows():
    assert TOKEN not in repr(GUARDED) + str(GUARDED) + GUARDED.model_dump_json()


@pytest.fixture
def token_file(tmp_path):
    def write(content, mode=0o600):
        path = tmp_path / "token"
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return write


@pytest.mark.parametrize("content", [TOKEN.encode(), f" \n{TOKEN}\r\n".encode()])
def test_a_token_is_read_without_white_space(token_file, content):
    token, found = read_token(token_file(content))
    assert (token.get_secret_value(), found) == (TOKEN, ())


BAD_TOKENS = {
    b"": "holds a token of 0 characters; it needs 16",
    b"short\n": "holds a token of 5 characters; it needs 16",
    b"two words of enough letters": "holds something other than one word of printable characters",
    b"sixteen letters\0 and a null": "holds something other than one word",
    "sechzehn-zeichen-ä".encode(): "holds something other than one word",
    b"x" * 5000: "has more than 4096 bytes",
}


@pytest.mark.parametrize("content", BAD_TOKENS, ids=range(len(BAD_TOKENS)))
def test_a_token_that_could_be_guessed_or_mistyped_is_refused(token_file, content):
    with pytest.raises(DiagnosticError, match=BAD_TOKENS[content]) as caught:
        read_token(token_file(content))
    assert caught.value.diagnostics[0].code == "ND919"


def test_a_token_that_others_can_read_is_a_warning(token_file):
    path = token_file(TOKEN.encode(), 0o644)
    token, (found,) = read_token(path)
    assert token.get_secret_value() == TOKEN
    assert (found.code, found.severity) == ("ND919", "warning")
    assert "mode 0644" in found.message
    os.chmod(path, stat.S_IRUSR)
    assert read_token(path)[1] == ()


def test_files_that_are_no_tokens(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(DiagnosticError, match="cannot be read"):
            read_token(path)


LOCAL = ("127.0.0.1", "127.1.2.3", "localhost", "::1")
REACHED = ("0.0.0.0", "::", "203.0.113.7", "2001:db8::1")


def test_which_addresses_other_machines_reach():
    assert [is_local(host) for host in LOCAL] == [True] * len(LOCAL)
    assert [is_local(host) for host in REACHED] == [False] * len(REACHED)


@pytest.mark.parametrize("host", REACHED)
def test_an_address_that_others_reach_needs_a_token_or_a_word(host):
    with pytest.raises(DiagnosticError, match="which other machines reach, and needs no token") as caught:
        open_to_others(ServeOptions(host=host))
    assert (caught.value.diagnostics[0].code, caught.value.diagnostics[0].severity) == ("ND918", "error")
    (warning,) = open_to_others(ServeOptions(host=host, no_auth=True))
    assert (warning.code, warning.severity) == ("ND918", "warning")
    assert open_to_others(ServeOptions(host=host, token=SecretStr(TOKEN))) == ()


def test_a_server_in_a_thread_is_no_exception():
    with pytest.raises(DiagnosticError, match="ND918"), running(tiny_service().models, ServeOptions(host="0.0.0.0")):
        pass


def test_a_server_with_a_token_listens_for_others():
    everywhere = GUARDED.model_copy(update={"host": "0.0.0.0"})
    with running(tiny_service().models, everywhere) as address:
        assert address.startswith("http://127.0.0.1:")
        said = b"GET /v2 HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n"
        assert spoken(address, said + b"\r\n").status == 401
        assert spoken(address, said + f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()).status == 200
