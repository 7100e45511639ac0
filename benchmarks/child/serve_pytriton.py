"""Worker: NVIDIA's Triton Inference Server, written in C++, with a model in Python that answers 0 to every sample.

python benchmarks/child/serve_pytriton.py PORT FOLDER      FOLDER: an empty one, for the workspace
"""

import sys

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


@batch
def infer(pixels):
    """Return 0 for each sample."""
    return {"answer": np.zeros((len(pixels), 1), np.int64)}


def main() -> None:
    """Serve until SIGTERM."""
    port = int(sys.argv[1])
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=port,
        grpc_port=port + 1,
        metrics_port=port + 2,
        grpc_address="127.0.0.1",
        allow_grpc=False,
        allow_metrics=False,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="digits",
            infer_func=infer,
            inputs=[Tensor(name="pixels", dtype=np.float32, shape=(64,))],
            outputs=[Tensor(name="answer", dtype=np.int64, shape=(1,))],
            config=ModelConfig(max_batch_size=64),
        )
        triton.serve()


if __name__ == "__main__":
    main()
