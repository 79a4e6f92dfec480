"""Time from the start of the process to its first evaluation: `start.py BINARY FLAGS`."""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from flags import make_flag


def start(binary, directory):
    # So many flags are made faster than one key may make them.
    config = pathlib.Path(directory) / "flaghoist.toml"
    config.write_text("[limits]\nmanagement = { requests = 0, seconds = 60 }\n")
    began = time.monotonic()
    server = subprocess.Popen(
        [binary, "serve", "--config", config, "--listen", "127.0.0.1:0", "--data-dir", directory],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return server, began


def bootstrap(directory):
    return json.loads((pathlib.Path(directory) / "bootstrap.json").read_text())


def wait_for(directory, path, body=None):
    """Asks until the server that writes its address to bootstrap.json answers."""
    while True:
        try:
            first = bootstrap(directory)
            headers = {"X-API-Key": first["environments"][2]["server_sdk_key"], "Content-Type": "application/json"}
            request = urllib.request.Request(first["url"] + path, data=body, headers=headers)
            with urllib.request.urlopen(request) as response:
                return response.read()
        except OSError:
            time.sleep(0.002)


def stop(server):
    server.send_signal(signal.SIGTERM)
    server.wait()


if __name__ == "__main__":
    binary, count = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        server, _ = start(binary, directory)
        wait_for(directory, "/healthz")
        for number in range(count):
            make_flag(bootstrap(directory), number)
        stop(server)
        seconds = []
        for _ in range(5):
            server, began = start(binary, directory)
            wait_for(directory, "/ofrep/v1/evaluate/flags/flag-000", b"{}")
            seconds.append(time.monotonic() - began)
            memory = pathlib.Path(f"/proc/{server.pid}/status").read_text()
            stop(server)
        resident = next(line for line in memory.splitlines() if line.startswith("VmRSS")).split()[1]
        print(f"start with {count} flags to the first answer: median {sorted(seconds)[2]:.2f} s, {resident} kB resident")
