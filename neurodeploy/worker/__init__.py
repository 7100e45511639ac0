"""Workers: simulators that need an interpreter of their own, run as child processes that cannot hang, leak or crash their caller.

An adapter names its `Environment`, makes a job (`flat`, or its own plan), runs a script in it (`run_job`) and makes a
recording of the result (`recording_of`). The script's side is `child/neurodeploy_worker.py`.
"""

from neurodeploy.worker.environment import Environment, Interpreter, data_folder, interpreter_of, missing, needs
from neurodeploy.worker.flat import Flat, Origin, flat, recording_of, registers
from neurodeploy.worker.install import install
from neurodeploy.worker.job import Result, Script, run_job
from neurodeploy.worker.supervise import Limits

__all__ = [
    "Environment",
    "Flat",
    "Interpreter",
    "Limits",
    "Origin",
    "Result",
    "Script",
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
