"""Run a command, and end it with all its children when the parent process ends.

Started as `python guard.py COMMAND...` in a new session. When the other end of its standard input closes, it ends its whole
process group, itself included. Uses the standard library only.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading


def _end_with_parent():
    """Wait for the other end of the standard input to close."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os.killpg(0, signal.SIGKILL)


def main():
    """Run the command and exit with its status."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        status = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stdout.write(f"{sys.argv[1]} cannot be started: {error.strerror or error}\n")
        status = 127
    sys.stdout.flush()
    os._exit(status if 0 <= status < 256 else 128 - status)


main()
