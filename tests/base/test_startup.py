"""Signals around imports that discard the exceptions of signal handlers."""

import os
import signal
import subprocess
import sys

import pytest

from neurodeploy.base.startup import deferred_signals


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are missing and cannot be had: the system has none")
def test_a_signal_in_a_deferred_block_arrives_after_it():
    arrived = []
    before = signal.signal(signal.SIGTERM, lambda *_: arrived.append("handler"))
    try:
        with deferred_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            arrived.append("end of the block")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert arrived == ["end of the block", "handler"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are missing and cannot be had: the system has none")
def test_a_command_whose_library_discards_the_exception_still_ends_with_the_status_of_the_signal():
    code = """
import os, signal
from neurodeploy.cli import process

def command():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except BaseException:
        pass

process.app = command
process.run()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 128 + signal.SIGTERM
