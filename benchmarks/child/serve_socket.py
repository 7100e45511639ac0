"""Worker: a client that streams events to a server over a WebSocket, and reads spikes as they come.

    python benchmarks/child/serve_socket.py < job.json

The job: "address" (ws://...), "rows" (file of int32 rows step, line), "frame_rows", "pid" of the server, "options" of the stream, and
"spikes": file that takes the rows of spikes. It prints one JSON line.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from serve_client import used_s
from websockets.asyncio.client import connect

ROW_BYTES = 8
LIMIT_S = 120


async def stream(job):
    """Return the figures of a stream."""
    content = Path(job["rows"]).read_bytes()
    size = job["frame_rows"] * ROW_BYTES
    frames = [content[at : at + size] for at in range(0, len(content), size)]
    spikes, waits, sent = [], [], []
    async with connect(job["address"], compression=None, max_size=None, ping_interval=None) as socket:
        await socket.send(json.dumps(job["options"]))
        header = json.loads(await socket.recv())
        own, server, begun = time.process_time(), used_s(job["pid"]), time.perf_counter()

        async def send():
            for frame in frames:
                sent.append(time.perf_counter())
                await socket.send(frame)
            await socket.send('{"finish": true}')

        sending = asyncio.create_task(send())
        answered, last = 0, {}
        async for message in socket:
            if isinstance(message, bytes):
                spikes.append(message)
                continue
            last = json.loads(message)
            if "error" in last:
                break
            if not last.get("more") and answered < len(frames):
                waits.append(time.perf_counter() - sent[answered])
                answered += 1
        wall = time.perf_counter() - begun
        own, server = time.process_time() - own, used_s(job["pid"]) - server
        await sending
    Path(job["spikes"]).write_bytes(b"".join(spikes))
    figures = {"wall_s": wall, "client_s": own, "server_s": server, "error": last.get("error", "")}
    return {**figures, "populations": [item["name"] for item in header["populations"]], "waits_s": waits}


def main():
    """Do the job."""
    job = json.load(sys.stdin)
    try:
        from uvloop import run
    except ImportError:
        run = asyncio.run

    async def limited():
        return await asyncio.wait_for(stream(job), LIMIT_S)

    print(json.dumps(run(limited())))


if __name__ == "__main__":
    main()
