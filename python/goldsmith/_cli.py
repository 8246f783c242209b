"""The command `goldsmith`: the same program as the binary."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from goldsmith import _goldsmith


def main() -> NoReturn:
    """Runs the command line and ends the process with its exit code: 0 done, 1 you can fix it, 2 unexpected."""
    # The program handles interrupts itself; Python's handler would wait until it is done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_goldsmith.command_line(["goldsmith", *sys.argv[1:]]))
