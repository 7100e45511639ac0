"""The interpreter of Brian2Loihi, with versions that are known to work together."""

from neurodeploy.worker import Environment

__all__ = ["BRIAN2_LOIHI"]

BRIAN2_LOIHI = Environment(
    name="brian2loihi",
    python="3.10",
    distribution="brian2-loihi",
    version="0.5.2",
    requirements=(
        "brian2-loihi==0.5.2",
        "brian2==2.9.0",
        "cython==3.3.1",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "mpmath==1.3.0",
        "numpy==1.26.4",
        "packaging==26.3",
        "pyparsing==3.3.3",
        "setuptools==84.2.1",
        "sympy==1.14.0",
    ),
    variable="NEURODEPLOY_BRIAN2LOIHI_PYTHON",
)
