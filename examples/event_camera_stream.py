"""Events of a camera that never stops: decisions as they come, in Python and over a WebSocket, with the same bits as one run.

    python examples/event_camera_stream.py

Shapes pass before a camera of 24 x 24 pixels, 60 ms each, without a pause; examples/event_cnn has the network and makes the events.
The chip names the shape every 10 ms. Nothing is reset between shapes, so that a name is sure only once the last shape is
forgotten. Events come in pieces of 1 ms, although a step is 2 ms: a step is run once the events of a later one arrive, and pieces
of any other length give the same spikes.

Over the WebSocket, the camera's own rows are sent: microsecond, column, row, polarity. Rows of population, step and neuron come
back. A client needs nothing of neurodeploy, only a library of WebSockets.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from websockets.sync.client import connect

import neurodeploy as nd
from neurodeploy.serve import load_models, running
from neurodeploy.stream.aer import event_form, event_steps_of

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "event_cnn"))
from event_cnn import SACCADE_US, SHAPES, events  # noqa: E402

N_SHAPES, SEED = 24, 11
SHOWN_US, PIECE_US, DECISION_STEPS = 3 * SACCADE_US, 1_000, 5


def camera() -> tuple[np.ndarray, np.ndarray]:
    """Return rows (microsecond, column, row, polarity) of shapes that follow each other, and the kind of each."""
    rows, kinds = events(N_SHAPES, SEED)
    sample, t_us, x, y, p = rows.T
    return np.stack([sample * SHOWN_US + t_us, x, y, p], axis=1).astype(np.int32), kinds


def pieces(rows: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each millisecond."""
    return np.split(rows, np.searchsorted(rows[:, 0], np.arange(PIECE_US, N_SHAPES * SHOWN_US, PIECE_US)))


def in_python(program: nd.Program, rows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the spikes of a session, population -> rows (step, neuron), and v of the shapes in every step."""
    form, chunks = event_form(program.network), []
    with nd.stream(program, probes="shape.v") as session:
        for piece in pieces(rows):
            chunks.append(session.push(event_steps_of(form, piece).rows))
        chunks.append(session.finish())
    names = chunks[-1].spikes
    spikes = {name: np.concatenate([chunk.spikes[name] for chunk in chunks if name in chunk.spikes]) for name in names}
    return spikes, np.concatenate([next(iter(chunk.states.values())) for chunk in chunks if chunk.steps])


def over_a_websocket(address: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the spikes that a server sends, population -> rows (step, neuron)."""
    received = []
    with connect(f"{address.replace('http', 'ws', 1)}/v2/models/event_cnn/stream", compression=None) as socket:
        socket.send(json.dumps({"format": "aer"}))
        header = json.loads(socket.recv(timeout=60))
        for piece in [*pieces(rows), None]:
            socket.send('{"finish": true}' if piece is None else piece.astype("<i4").tobytes())
            while isinstance(message := socket.recv(timeout=60), bytes):  # a text ends what one piece has caused
                received.append(np.frombuffer(message, "<i4").reshape(-1, 3))
    table = np.concatenate(received)
    return {item["name"]: table[table[:, 0] == item["index"], 1:] for item in header["populations"]}


def main() -> None:
    """Stream, compare, and print what the chip says."""
    program, (rows, kinds) = nd.compile(nd.load(HERE / "event_cnn" / "event_cnn.nir"), target="loihi1"), camera()
    shown = event_steps_of(event_form(program.network), rows).rows
    steps = N_SHAPES * SHOWN_US // round(1e6 * program.network.time.dt_s)
    whole = nd.run(program, {"camera": np.insert(shown, 0, 0, axis=1)}, steps=steps, probes="shape.v")
    expected = {name: found[:, 1:] for name, found in whole.spikes.items()}

    streamed, v = in_python(program, rows)
    print(f"{len(rows):,} events of {N_SHAPES} shapes in {N_SHAPES * SHOWN_US / 1e6:g} s")
    decided = v[DECISION_STEPS - 1 : steps : DECISION_STEPS].argmax(axis=1).reshape(N_SHAPES, -1)
    for kind, names in list(zip(kinds, decided, strict=True))[:6]:
        print(f"{SHAPES[kind]:>9}: " + " ".join(f"{SHAPES[name]:<8}" for name in names))
    right = (decided == kinds[:, None]).mean(axis=0)
    print("    right: " + " ".join(f"{part:<8.0%}" for part in right))

    with TemporaryDirectory() as folder:
        path = Path(folder) / "event_cnn.ndp"
        nd.save(program, path)
        with running(load_models([path])) as address:
            served = over_a_websocket(address, rows)
    for name, wanted in expected.items():
        print(f"{name}: {len(wanted):,} spikes")
        assert np.array_equal(streamed[name], wanted)
        assert np.array_equal(served[name], wanted)
    assert np.array_equal(v, next(iter(whole.states.values()))[0])
    assert right[-1] >= 0.8


if __name__ == "__main__":
    main()
