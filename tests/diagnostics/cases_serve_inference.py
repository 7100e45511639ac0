"""Triggers of findings about requests that are given up, and about programs that cannot be loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from factories import one_layer

import neurodeploy as nd
from neurodeploy.program.archive import save_program
from neurodeploy.serve.inference.infer import Circumstances, infer
from neurodeploy.serve.inference.models import Model, load_models
from neurodeploy.serve.inference.nouns import InferParameters, InferRequest, Tensor
from neurodeploy.serve.inference.reload import Reloader


def program():
    return nd.compile(one_layer(nd.If(v_threshold=1.0), np.eye(2), encoder="rate", name="pair", output="out"), "loihi1")


def broken_file():
    """A program that is overwritten by a copy that breaks off."""
    path = Path("pair.ndp")
    save_program(program(), path)

    async def work():
        reloader = Reloader(load_models([path]))
        path.write_bytes(path.read_bytes()[:100])
        await reloader.load("pair")

    asyncio.run(work())


def out_of_time():
    """A run that is longer than the server allows."""
    request = InferRequest((Tensor("in", "FP64", np.ones((64, 2))),), parameters=InferParameters(steps=100_000))
    (error,), _ = infer(Model("pair", program()), [request], Circumstances(threads=1, run_s=0.05))
    raise error


CASES = {
    "ND922": lambda m: broken_file(),
    "ND923": lambda m: out_of_time(),
}
