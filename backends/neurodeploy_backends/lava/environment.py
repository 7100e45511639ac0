"""The interpreter of lava-nc, with versions that are known to work together."""

from neurodeploy.worker import Environment

__all__ = ["LAVA"]

LAVA = Environment(
    name="lava",
    python="3.10",
    distribution="lava-nc",
    version="0.10.0",
    requirements=(
        "lava-nc==0.10.0",
        "asteval==0.9.33",
        "cloudpickle==3.1.2",
        "joblib==1.6.0",
        "networkx==2.8.7",
        "numpy==1.26.4",
        "scikit-learn==1.7.2",
        "scipy==1.15.3",
        "threadpoolctl==3.8.0",
    ),
    variable="NEURODEPLOY_LAVA_PYTHON",
)
