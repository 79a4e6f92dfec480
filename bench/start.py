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
    began = time.monotonic()
    server = subprocess.Popen(
        [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", directory, "--log", "info"],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in server.stderr:
        if "listening" in line:
            break
    first = json.loads((pathlib.Path(directory) / "bootstrap.json").read_text())
    return server, first, began


def evaluate(first):
    request = urllib.request.Request(
        first["url"] + "/ofrep/v1/evaluate/flags/flag-000",
        method="POST",
        data=b"{}",
        headers={"X-API-Key": first["environments"][2]["server_sdk_key"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())


def stop(server):
    server.send_signal(signal.SIGTERM)
    server.stderr.close()
    server.wait()


if __name__ == "__main__":
    binary, count = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        server, first, _ = start(binary, directory)
        for number in range(count):
            make_flag(first, number)
        stop(server)
        seconds = []
        for _ in range(5):
            server, first, began = start(binary, directory)
            evaluate(first)
            seconds.append(time.monotonic() - began)
            memory = pathlib.Path(f"/proc/{server.pid}/status").read_text()
            stop(server)
        resident = next(line for line in memory.splitlines() if line.startswith("VmRSS")).split()[1]
        print(f"start with {count} flags to the first answer: median {sorted(seconds)[2]:.2f} s, {resident} kB resident")
