"""Digits over HTTP: a server runs a program of Loihi 1, and a client that knows nothing of neurodeploy asks it.

    python examples/digits_over_http.py

The client is `tritonclient`, which NVIDIA wrote for its own server: the Open Inference Protocol V2 is the same. Without it
(pip install 'tritonclient[http]'), urllib sends the same requests as JSON. The 360 images that were held back are answered as
nd.run answers them; a request with "profile" says what an inference would cost on the chip; /metrics counts what was asked.
"""

import json
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import neurodeploy as nd
from neurodeploy.serve import load_models, running

DIGITS = Path(__file__).parent / "digits"
SAMPLES = 24
"""Images of a request."""
SHOWN = ("neurodeploy_inferences_total", "neurodeploy_spikes_total", "neurodeploy_energy_joules_total")
"""Metrics that are printed."""


def tensor(images: np.ndarray) -> dict[str, object]:
    """Return the images as a tensor of the protocol in JSON."""
    return {"name": "pixels", "shape": list(images.shape), "datatype": "FP32", "data": images.ravel().tolist()}


def asked(address: str, **fields: object) -> dict[str, object]:
    """Return the reply to a request in JSON."""
    body = json.dumps(fields).encode()
    request = urllib.request.Request(f"{address}/v2/models/digits/infer", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def answers_as_json(address: str, images: np.ndarray) -> np.ndarray:
    """Return the answers to images (n, 64), asked in JSON."""
    parts = [images[first : first + SAMPLES] for first in range(0, len(images), SAMPLES)]
    return np.concatenate([asked(address, inputs=[tensor(part)])["outputs"][0]["data"] for part in parts])


def answers_by_triton(address: str, images: np.ndarray) -> np.ndarray:
    """Return the answers to images (n, 64), asked by tritonclient with binary tensors in both directions."""
    from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

    client, found = InferenceServerClient(address.removeprefix("http://")), []
    try:
        assert client.is_server_ready()
        assert client.is_model_ready("digits")
        for first in range(0, len(images), SAMPLES):
            part = images[first : first + SAMPLES]
            given = InferInput("pixels", list(part.shape), "FP32")
            given.set_data_from_numpy(part, binary_data=True)
            wanted = [InferRequestedOutput("answer", binary_data=True)]
            found.append(client.infer("digits", [given], outputs=wanted).as_numpy("answer"))
    finally:
        client.close()
    return np.concatenate(found)


def main() -> None:
    """Ask, and compare."""
    program = nd.compile(nd.load(DIGITS / "digits.nd.json"), target="loihi1")
    samples = np.load(DIGITS / "digits.stimulus.npz")
    images, labels = samples["inputs"].astype(np.float32), samples["labels"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "digits.ndp"
        nd.save(program, path)
        with running(load_models([path])) as address:
            with urllib.request.urlopen(f"{address}/v2/models/digits", timeout=60) as reply:
                described = json.load(reply)
            found = {"JSON": answers_as_json(address, images)}
            if find_spec("tritonclient") and find_spec("geventhttpclient"):
                found["tritonclient"] = answers_by_triton(address, images)
            cost = asked(address, inputs=[tensor(images[:SAMPLES])], parameters={"profile": True})["parameters"][
                "profile"
            ]
            with urllib.request.urlopen(f"{address}/metrics", timeout=60) as reply:
                metrics = reply.read().decode()
    print(
        f"{described['name']} {described['versions'][-1]} for {described['parameters']['target']}: "
        f"{described['inputs'][0]['name']} -> {described['outputs'][0]['name']}"
    )
    expected = nd.answers(program, nd.run(program, {"pixels": images}))
    for client, given in found.items():
        print(
            f"{client}: {np.mean(given == labels):.2%} of {len(labels)} digits right, "
            f"{np.sum(given != expected)} answers differ from nd.run"
        )
    energy = cost["energy_per_inference"]
    print(
        f"an inference on the chip: {energy['value'] * 1e6:.2f} uJ "
        f"({energy['low'] * 1e6:.2f} - {energy['high'] * 1e6:.2f}), {energy['kind']}"
    )
    print("\n".join(line for line in metrics.splitlines() if line.startswith(SHOWN)))
    assert all(np.array_equal(given, expected) for given in found.values())
    assert np.mean(expected == labels) >= 0.96
    assert energy["low"] <= energy["value"] <= energy["high"]


if __name__ == "__main__":
    main()
