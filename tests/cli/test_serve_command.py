"""Command `serve`: what it refuses before it listens, what it prints once it does, and how its process ends."""

from __future__ import annotations

import json
import socket

import pytest
from asgi_calls import tiny_program

import neurodeploy as nd
from neurodeploy.serve import extra, server
from neurodeploy.serve.observing import logs


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda _: None)  # it holds for the process
    nd.save(tiny_program(), "tiny.ndp")


@pytest.fixture
def told(call, monkeypatch):
    """(status, output, error, options) of a call whose server starts and ends at once."""

    def run(*words):
        seen = []

        def serve(models, options, *, on_start, findings):
            seen.append(options)
            on_start("http://127.0.0.1:8000")

        monkeypatch.setattr(server, "serve", serve)
        return *call("serve", "tiny.ndp", *words), seen[0]

    return run


def version():
    return tiny_program().digest()[:16]


def test_it_says_where_it_listens_what_it_serves_and_how_to_ask(told):
    status, out, _, _ = told()
    assert status == 0
    assert out.splitlines()[0] == "neurodeploy serves on http://127.0.0.1:8000"
    assert f"tiny   {version()}  loihi1" in out
    assert "Try: curl http://127.0.0.1:8000/v2/models/tiny\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_it_says_so_as_one_line_of_json(told):
    _, out, _, _ = told("--json")
    assert out.count("\n") == 1
    plain = json.loads(out)
    assert plain["models"] == [{"name": "tiny", "version": version(), "target": "loihi1"}]
    assert (plain["address"], plain["pid"] > 0) == ("http://127.0.0.1:8000", True)


def test_options_reach_the_server(told, tmp_path):
    (tmp_path / "token").write_text("correct-horse-battery-staple\n")
    (tmp_path / "token").chmod(0o600)
    words = "--host ::1 --port 9000 --threads 3 --token-file token --no-watch --log json --drain 2.5"
    limits = "--max-body 1000 --max-samples 2 --max-steps 3 --max-waiting 4 --max-streams 5 --max-connections 6"
    _, out, err, options = told(*words.split(), *limits.split())
    assert (options.host, options.port, options.threads, options.watch, options.log) == ("::1", 9000, 3, False, "json")
    assert options.token.get_secret_value() == "correct-horse-battery-staple"
    assert options.limits.model_dump(include={"body_bytes", "samples", "steps", "waiting", "streams"}) == {
        "body_bytes": 1000,
        "samples": 2,
        "steps": 3,
        "waiting": 4,
        "streams": 5,
    }
    assert (options.limits.connections, options.limits.drain_s) == (6, 2.5)
    assert "-H 'Authorization: Bearer TOKEN'" in out
    assert "correct-horse" not in out + err


REFUSED = {
    "--host 0.0.0.0": "error[ND918] server: listens on '0.0.0.0', which other machines reach, and needs no token",
    "--host nowhere.invalid": "error[ND917] server: cannot listen on 'nowhere.invalid'",
    "--host 203.0.113.7 --no-auth": "error[ND917] server: cannot listen on '203.0.113.7', port 8000",
    "--token-file missing": "error[ND919] file 'missing': cannot be read: No such file or directory",
    "--certificate tiny.ndp": "error[ND919] file 'tiny.ndp': is not the key of a certificate",
    "--log loud": "error[ND701] option '--log': 'loud' is not one of text, json, off",
    "--backend emulater": "error[ND504] backend 'emulater'",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_it_refuses_before_it_listens(call, words):
    status, out, err = call("serve", "tiny.ndp", *words.split())
    assert status in (1, 2, 3)
    assert REFUSED[words] in " ".join(err.split())
    assert out == ""


def test_a_port_in_use(call):
    with socket.create_server(("127.0.0.1", 0)) as other:
        status, _, err = call("serve", "tiny.ndp", "--port", other.getsockname()[1])
    assert status == 1
    assert "Address already in use" in err
    assert "use --port 0, which chooses a free one" in err


def test_a_missing_file_names_a_similar_one(call):
    status, _, err = call("serve", "tniy.ndp")
    assert status == 1
    assert "error[ND001] file 'tniy.ndp'" in err


def test_without_the_extra_it_says_how_to_install_it(call, monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    status, _, err = call("serve", "tiny.ndp")
    assert status == 1
    assert "error[ND916] server: needs starlette, uvicorn[standard], websockets, prometheus-client, scipy" in err
    assert "pip install 'neurodeploy[serve]'" in err
