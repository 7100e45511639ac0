"""Worker: MLServer with a model that answers 0 to every sample. Its interpreter runs this file.

python benchmarks/child/serve_mlserver.py PORT FOLDER      FOLDER: an empty one, for the settings of the model
"""

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Zero(MLModel):
    """A model that takes no time."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return 0 for each sample."""
        pixels = NumpyCodec.decode_input(payload.inputs[0])
        answer = NumpyCodec.encode_output("answer", np.zeros(len(pixels), np.int64))
        return InferenceResponse(model_name=self.name, outputs=[answer])


async def main() -> None:
    """Serve until SIGTERM."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    made = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "host": "127.0.0.1", "debug": False}
    settings = Settings(**made, parallel_workers=0, load_models_at_startup=False, model_repository_root=str(folder))
    (folder / "model-settings.json").write_text(json.dumps({"name": "digits"}))
    server = MLServer(settings)
    await server.start([ModelSettings(name="digits", implementation=Zero)])


if __name__ == "__main__":
    asyncio.run(main())
