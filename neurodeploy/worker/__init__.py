"""Workers: simulators in separate interpreters, run as child processes that can neither hang nor crash their caller.

An adapter is a `SimulatorBackend`: it names its `Environment` and its script, declares what the simulator does not support,
and creates a job (`make_job`, or a plan of another form). The script uses `child/neurodeploy_worker.py`.
"""

from neurodeploy.check.backend_support import Lacks, Unsupported
from neurodeploy.worker.adapter import SimulatorBackend
from neurodeploy.worker.environment import (
    BoardPackage,
    Environment,
    Interpreter,
    data_folder,
    interpreter_of,
    missing,
    package_missing,
)
from neurodeploy.worker.install import install
from neurodeploy.worker.job import Result, Script, run_job
from neurodeploy.worker.simulator_job import Origin, SimulatorJob, make_job, recording_of
from neurodeploy.worker.supervise import Limits

__all__ = [
    "BoardPackage",
    "Environment",
    "Interpreter",
    "Lacks",
    "Limits",
    "Origin",
    "Result",
    "Script",
    "SimulatorBackend",
    "SimulatorJob",
    "Unsupported",
    "data_folder",
    "install",
    "interpreter_of",
    "make_job",
    "missing",
    "package_missing",
    "recording_of",
    "run_job",
]
