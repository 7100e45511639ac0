"""The queue before the emulator: what waits runs together, nobody waits for company, and every request is answered once."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from served_programs import KINDS, alone, model_of, request_of, same

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.serve.inference import batching
from neurodeploy.serve.inference.batching import Batcher, TooBusyError
from neurodeploy.serve.inference.infer import infer
from neurodeploy.serve.inference.nouns import InferParameters, InferRequest, Tensor
from neurodeploy.serve.options import Limits, ServeOptions

WITHIN_S = 60


def request(value=0.5, **parameters):
    return InferRequest((Tensor("in", "FP64", np.full((1, 6), value)),), (), "", InferParameters(**parameters))


def in_loop(work, **options):
    """The result of `work(batcher)`, a coroutine, within a bounded time."""

    async def whole():
        batcher = Batcher(ServeOptions(**options))
        try:
            return await asyncio.wait_for(work(batcher), WITHIN_S)
        finally:
            batcher.close()

    return asyncio.run(whole())


@pytest.fixture
def held(monkeypatch):
    """An engine that runs nothing before it is let go; (event, list of the sizes of its batches)."""
    go, sizes = threading.Event(), list[tuple[str, int]]()

    def later(model, requests, circumstances):
        sizes.append((model.name, len(requests)))
        assert go.wait(WITHIN_S)
        return infer(model, requests, circumstances)

    monkeypatch.setattr(batching, "infer", later)
    monkeypatch.setattr(batching, "LONG_S", 1000.0)
    yield go, sizes
    go.set()


async def until(condition):
    """Let the loop turn until a condition holds."""
    while not condition():
        await asyncio.sleep(0.001)


def test_64_clients_of_all_kinds_of_programs_get_the_bits_of_nd_run():
    cases = [(kind, number) for number in range(2) for kind in KINDS] * 4
    seen = []

    async def client(batcher, number):
        for step in range(2):
            kind, own = cases[(number + 7 * step) % len(cases)]
            seen.append((kind, own, await batcher.infer(model_of(kind), request_of(kind, own))))

    async def work(batcher):
        await asyncio.gather(*(client(batcher, number) for number in range(64)))

    in_loop(work)
    expected = {case: alone(model_of(case[0]), request_of(*case)) for case in dict.fromkeys(cases)}
    assert len(seen) == 128
    assert all(same(reply, expected[kind, number]) for kind, number, reply in seen)


def test_the_first_request_starts_at_once_and_those_that_arrive_meanwhile_are_the_next_batch(held):
    go, sizes = held

    async def work(batcher):
        first = asyncio.create_task(batcher.infer(model_of("rate"), request(0.1)))
        await until(lambda: sizes)
        others = [asyncio.create_task(batcher.infer(model_of("rate"), request(k / 10))) for k in range(2, 9)]
        await until(lambda: batcher.waiting == 7)
        go.set()
        return await asyncio.gather(first, *others)

    replies = in_loop(work)
    assert sizes == [("rate", 1), ("rate", 7)]
    assert len(replies) == 8


def test_a_batch_that_lasts_long_does_not_hold_up_the_next_if_a_thread_is_free(held, monkeypatch):
    go, sizes = held
    monkeypatch.setattr(batching, "LONG_S", 0.001)

    async def work(batcher):
        first = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        await until(lambda: sizes)
        second = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        await until(lambda: len(sizes) == 2)
        go.set()
        await asyncio.gather(first, second)

    in_loop(work)


def test_a_batch_is_bounded_by_requests_and_samples(held, monkeypatch):
    go, sizes = held
    monkeypatch.setattr(batching, "MOST_REQUESTS", 4)
    monkeypatch.setattr(batching, "MOST_SAMPLES", 6)
    many = InferRequest((Tensor("in", "FP64", np.full((9, 6), 0.5)),))

    async def work(batcher):
        asked = [*(request() for _ in range(5)), many, request(), request()]
        tasks = [asyncio.create_task(batcher.infer(model_of("rate"), item)) for item in asked]
        await until(lambda: sizes)
        go.set()
        return await asyncio.gather(*tasks)

    assert len(in_loop(work)) == 8
    assert [size for _, size in sizes] == [4, 1, 1, 2]


def test_models_take_turns(held, monkeypatch):
    go, sizes = held
    monkeypatch.setattr(batching, "MOST_REQUESTS", 1)

    async def work(batcher):
        batcher._threads = 1
        crowd = [asyncio.create_task(batcher.infer(model_of("rate"), request())) for _ in range(6)]
        await until(lambda: sizes)
        alone_ = asyncio.create_task(batcher.infer(model_of("rows"), request_of("rows", 1)))
        await until(lambda: batcher.waiting == 6)
        go.set()
        await asyncio.gather(*crowd, alone_)

    in_loop(work)
    assert [name for name, _ in sizes].index("rows") == 1


def test_too_many_that_wait_are_refused_with_the_seconds_until_there_is_room(held):
    go, sizes = held

    async def work(batcher):
        tasks = [asyncio.create_task(batcher.infer(model_of("rate"), request())) for _ in range(2)]
        await until(lambda: sizes)
        waiting = [asyncio.create_task(batcher.infer(model_of("rate"), request())) for _ in range(2)]
        await until(lambda: batcher.waiting == 2)
        with pytest.raises(TooBusyError, match="2 requests waiting") as refused:
            await batcher.infer(model_of("rate"), request())
        batcher._lines["rate", model_of("rate").version].pace.request_s = 7.0
        late = batcher.retry_after_s()
        go.set()
        await asyncio.gather(*tasks, *waiting)
        return refused.value, late, await batcher.infer(model_of("rate"), request())

    refused, late, after = in_loop(work, limits=Limits(waiting=2), threads=4)
    assert refused.diagnostics[0].code == "ND915"
    assert refused.retry_after_s == 1
    assert late == 7
    assert after.model == "rate"


def test_a_client_that_is_gone_gives_up_its_place(held):
    go, sizes = held

    async def work(batcher):
        first = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        await until(lambda: sizes)
        gone = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        stays = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        await until(lambda: batcher.waiting == 2)
        gone.cancel()
        first.cancel()
        await asyncio.wait([gone])
        go.set()
        return await stays

    assert in_loop(work).model == "rate"
    assert sizes == [("rate", 1), ("rate", 1)]


def test_a_request_whose_timeout_passes_while_it_waits_is_not_run(held):
    go, sizes = held

    async def work(batcher):
        first = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        await until(lambda: sizes)
        late = asyncio.create_task(batcher.infer(model_of("rate"), request(timeout_s=1e-9)))
        await until(lambda: batcher.waiting == 1)
        go.set()
        await first
        with pytest.raises(DiagnosticError, match="ND923") as error:
            await late
        return error.value

    assert "its timeout is 1e-09 s" in str(in_loop(work))
    assert len(sizes) == 1


def test_a_fault_of_the_engine_reaches_its_requests_and_not_the_next(monkeypatch):
    calls = []

    def broken(model, requests, circumstances):
        calls.append(requests)
        if len(calls) == 1:
            raise MemoryError
        return infer(model, requests, circumstances)

    monkeypatch.setattr(batching, "infer", broken)

    async def work(batcher):
        with pytest.raises(RuntimeError, match="MemoryError"):
            await batcher.infer(model_of("rate"), request())
        return await batcher.infer(model_of("rate"), request())

    assert in_loop(work).model == "rate"


def test_observers_are_told_every_run_with_its_counts_and_times():
    seen = []

    async def work(batcher):
        batcher.observers.append(seen.append)
        asked = [request(0.2), request(0.9), request(2.0)]
        tasks = [batcher.infer(model_of("rate"), item) for item in asked]
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: sum(done.requests for done in seen) == 3)
        return found

    replies = in_loop(work)
    assert [isinstance(reply, DiagnosticError) for reply in replies] == [False, False, True]
    whole = next(done for done in seen if done.samples)
    assert (whole.requests, whole.samples, whole.failed, whole.model) == (2, 2, 0, model_of("rate"))
    assert whole.counts["cells"].shape == (2, 8)
    assert len(whole.waiting_s) == 2
    assert min(whole.waiting_s) >= 0
    assert whole.running_s > 0
    assert [done.failed for done in seen if not done.samples] == [1]


def test_what_waits_at_the_end_is_refused_and_nothing_new_is_taken(held):
    go, sizes = held

    async def work(batcher):
        first = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        await until(lambda: sizes)
        left = asyncio.create_task(batcher.infer(model_of("rate"), request()))
        await until(lambda: batcher.waiting == 1)
        closing = asyncio.create_task(asyncio.to_thread(batcher.close))
        await until(batcher._ended.is_set)
        with pytest.raises(TooBusyError):
            await batcher.infer(model_of("rate"), request())
        go.set()
        await closing
        return await asyncio.gather(first, left, return_exceptions=True)

    first, left = in_loop(work)
    assert first.model == "rate"
    assert isinstance(left, TooBusyError)
