"""Workers: simulators that need an interpreter of their own, run as child processes that cannot hang, leak or crash their caller.

An adapter is a `SimulatorBackend`: it names its `Environment` and its script, says what the simulator lacks and makes a
job (`flat`, or its own plan). The script's side is `child/neurodeploy_worker.py`.
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
    needs,
)
from neurodeploy.worker.install import install
from neurodeploy.worker.job import Result, Script, run_job
from neurodeploy.worker.simulator_job import Flat, Origin, flat, recording_of, registers
from neurodeploy.worker.supervise import Limits

__all__ = [
    "BoardPackage",
    "Environment",
    "Flat",
    "Interpreter",
    "Unsupported",
    "Lacks",
    "Limits",
    "Origin",
    "Result",
    "Script",
    "SimulatorBackend",
    "data_folder",
    "flat",
    "install",
    "interpreter_of",
    "missing",
    "needs",
    "recording_of",
    "registers",
    "run_job",
]
