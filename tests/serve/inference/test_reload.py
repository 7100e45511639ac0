"""New programs while the server runs: files that change are loaded once they are whole, and no request is lost."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request

import numpy as np
import pytest
from served_programs import same, version_of

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.program.archive import save_program
from neurodeploy.serve.in_thread import running
from neurodeploy.serve.inference.batching import Batcher
from neurodeploy.serve.inference.models import KEPT_VERSIONS, Model, Models, load_models
from neurodeploy.serve.inference.nouns import InferRequest, Tensor, WantedOutput
from neurodeploy.serve.inference.reload import Reloader, make_ready
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.service import Service

WITHIN_S = 60
SAMPLES = np.random.default_rng(1).random((2, 6))


@pytest.fixture(scope="module")
def programs():
    return [version_of(number) for number in range(3)]


@pytest.fixture
def path(tmp_path, programs):
    save_program(programs[0], tmp_path / "rate.ndp")
    return tmp_path / "rate.ndp"


def looked(path, *changes):
    """A reloader of a file after each change and two looks, and what it told: (reloader, list of loads)."""
    told = []

    async def work():
        reloader = Reloader(load_models([path]))
        reloader.observers.append(told.append)
        for change in changes:
            change()
            await reloader.look()
            await reloader.look()
        return reloader

    return asyncio.run(asyncio.wait_for(work(), WITHIN_S)), told


def versions(reloader):
    return [item.version for item in reloader.models.by_name["rate"]]


def test_a_new_program_becomes_the_newest_version_and_the_old_ones_stay(path, programs):
    reloader, told = looked(path, lambda: save_program(programs[1], path), lambda: save_program(programs[2], path))
    assert versions(reloader) == [program.digest()[:16] for program in programs]
    assert reloader.models.model("rate").program == programs[2]
    assert [done.model.version for done in told] == versions(reloader)[1:]
    assert not any(done.findings for done in told)


def test_the_program_of_before_becomes_the_newest_again(path, programs):
    reloader, _ = looked(path, lambda: save_program(programs[1], path), lambda: save_program(programs[0], path))
    assert versions(reloader) == [programs[1].digest()[:16], programs[0].digest()[:16]]


def test_few_versions_are_kept(programs):
    models = Models({})
    for number in range(KEPT_VERSIONS + 2):
        models = models.with_model(Model("rate", version_of(number)), kept=KEPT_VERSIONS)
    kept = [version_of(number).digest()[:16] for number in range(2, KEPT_VERSIONS + 2)]
    assert [item.version for item in models.by_name["rate"]] == kept


def test_several_files_of_one_name_are_versions_and_the_last_is_the_newest(tmp_path, programs):
    paths = [tmp_path / f"{number}.ndp" for number in range(3)]
    for file, program in zip(paths, (programs[0], programs[1], programs[0]), strict=True):
        save_program(program, file)
    models = load_models(paths)
    assert [item.path.name for item in models.by_name["rate"]] == ["1.ndp", "2.ndp"]
    assert models.model("rate", programs[1].digest()).path.name == "1.ndp"


def test_a_file_that_is_still_being_written_is_not_read(path, programs, tmp_path, monkeypatch):
    save_program(programs[1], tmp_path / "other.ndp")
    whole, told, read = (tmp_path / "other.ndp").read_bytes(), [], []

    async def work():
        reloader = Reloader(load_models([path]))
        monkeypatch.setattr(
            "neurodeploy.serve.inference.reload.load_model", lambda *a: read.append(a) or Model("rate", programs[1])
        )
        reloader.observers.append(told.append)
        for part in range(1, 5):
            path.write_bytes(whole[: len(whole) * part // 4])
            await reloader.look()
            assert not read
        await reloader.look()

    asyncio.run(asyncio.wait_for(work(), WITHIN_S))
    assert len(read) == len(told) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x00" * 100])
def test_a_broken_file_is_told_once_and_what_was_served_still_is(path, programs, content):
    reloader, told = looked(path, lambda: path.write_bytes(content), lambda: None)
    assert versions(reloader) == [programs[0].digest()[:16]]
    (done,) = told
    assert done.model is None
    assert done.findings[0].code == "ND922"
    assert "what was served before it still is" in done.findings[0].message
    assert [item.severity for item in done.findings[1:]] == ["error"]


def test_a_file_that_is_gone_and_comes_back(path, programs):
    reloader, told = looked(path, path.unlink, lambda: save_program(programs[1], path))
    assert versions(reloader) == [program.digest()[:16] for program in programs[:2]]
    assert len(told) == 1


def test_a_file_that_was_only_touched_stays_the_version_it_was(path, programs):
    reloader, _ = looked(path, lambda: os.utime(path, ns=(1, 1)))
    assert versions(reloader) == [programs[0].digest()[:16]]


def test_a_client_has_a_file_loaded_now(path, programs):
    async def work():
        reloader = Reloader(load_models([path]))
        save_program(programs[1], path)
        newest = await reloader.load("rate")
        path.write_bytes(b"broken")
        with pytest.raises(DiagnosticError, match="ND922"):
            await reloader.load("rate")
        with pytest.raises(DiagnosticError, match="ND910"):
            await reloader.load("rat")
        return newest, reloader

    newest, reloader = asyncio.run(asyncio.wait_for(work(), WITHIN_S))
    assert newest.program == programs[1]
    assert reloader.models.model("rate") is newest


def test_64_clients_lose_no_request_while_programs_are_replaced(path, programs):
    asked = InferRequest((Tensor("in", "FP64", SAMPLES),), (WantedOutput("out"), WantedOutput("cells.counts")))
    seen, ended = [], asyncio.Event()

    async def client(reloader, batcher):
        while not ended.is_set():
            seen.append(await batcher.infer(reloader.models.model("rate"), asked))

    async def work():
        reloader, batcher = Reloader(load_models([path])), Batcher(ServeOptions())
        clients = [asyncio.create_task(client(reloader, batcher)) for _ in range(64)]
        for program in (programs[1], programs[2], programs[0]):
            save_program(program, path)
            newest = await reloader.load("rate")
            count = len(seen)
            while not any(reply.version == newest.version for reply in seen[count:]):
                await asyncio.sleep(0.001)
        ended.set()
        await asyncio.gather(*clients)
        await asyncio.to_thread(batcher.close)

    asyncio.run(asyncio.wait_for(work(), WITHIN_S))
    expected = dict[str, dict[str, np.ndarray]]()
    for program in programs:
        recording = nd.run(program, SAMPLES)
        counts = recording.spike_counts("cells", 8)
        expected[program.digest()[:16]] = {"out": nd.answers(program, recording), "cells.counts": counts}
    assert {reply.version for reply in seen} == set(expected)
    assert all(same(reply, expected[reply.version]) for reply in seen)
    assert len({str(item) for item in expected.values()}) == 3


def test_models_of_every_kind_are_made_ready():
    from served_programs import KINDS, model_of

    for kind in KINDS:
        make_ready(model_of(kind))


def test_a_server_loads_a_file_that_changes_and_says_so_in_its_metrics(path, programs):
    options = ServeOptions(port=0, watch_s=0.02)
    service = Service(load_models([path]), options)

    def served(address):
        with urllib.request.urlopen(f"{address}/v2/models/rate", timeout=WITHIN_S) as reply:
            return json.load(reply)["versions"]

    with running(service) as address:
        assert served(address) == [programs[0].digest()[:16]]
        save_program(programs[1], path)
        end = time.monotonic() + WITHIN_S
        while len(served(address)) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        assert served(address) == [program.digest()[:16] for program in programs[:2]]
    assert service.metrics.reloads == {("rate", "loaded"): 1}
