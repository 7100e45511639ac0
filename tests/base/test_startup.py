"""Signals around imports that discard the exceptions of signal handlers."""

import gc
import os
import signal
import subprocess
import sys

import pytest

from neurodeploy.base.startup import collect_from_here, deferred_signals


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


def test_garbage_of_a_command_is_collected_but_not_looked_for_in_what_was_imported():
    code = """
import gc, sys
import neurodeploy.cli.lookup_commands as commands
from neurodeploy.cli import main

def frozen(*_):
    print(gc.isenabled(), gc.get_freeze_count() > 10_000)

commands.rules_of_codes = frozen
sys.argv = ["neurodeploy", "explain", "ND001"]
main()
"""
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
        == "True True\n"
    )


def test_a_program_that_calls_a_command_keeps_its_collection():
    before = gc.get_freeze_count()
    collect_from_here()
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, before)
