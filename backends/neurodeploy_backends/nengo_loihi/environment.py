"""The interpreter of nengo-loihi, with versions that are known to work together. nengo itself is GPL-2.0."""

from neurodeploy.worker import Environment

__all__ = ["NENGO_LOIHI"]

NENGO_LOIHI = Environment(
    name="nengo-loihi",
    python="3.10",
    distribution="nengo-loihi",
    version="1.1.0",
    requirements=(
        "nengo-loihi==1.1.0",
        "nengo==4.1.0",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "numpy==1.26.4",
        "packaging==26.3",
        "scipy==1.15.3",
    ),
    variable="NEURODEPLOY_NENGO_LOIHI_PYTHON",
)
