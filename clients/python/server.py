"""A Flaghoist process of its own, on a free port, with a data directory that is thrown away."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 15


def binary() -> Path:
    """The program under test: FLAGHOIST_BINARY, else what the workspace built."""
    return Path(os.environ.get("FLAGHOIST_BINARY") or REPOSITORY / "target/debug/flaghoist")


class Server:
    """A running server and the secrets of its first start."""

    def __init__(self, configuration: str = "") -> None:
        """`configuration` is the text of its TOML file, for what the command line cannot say."""
        self._directory = tempfile.TemporaryDirectory(prefix="flaghoist-clients-")
        self._configuration_file = Path(self._directory.name) / "flaghoist.toml"
        self._configuration_file.write_text(configuration)
        self.data_dir = Path(self._directory.name) / "data"
        self.log_file = Path(self._directory.name) / "server.log"
        self._process: subprocess.Popen | None = None
        self.bootstrap: dict = {}

    def start(self) -> "Server":
        with self.log_file.open("wb") as log:
            options = ["--listen", "127.0.0.1:0", "--data-dir", self.data_dir, "--config", self._configuration_file]
            self._process = subprocess.Popen(
                [binary(), "serve", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.bootstrap = self._await_bootstrap()
            self._await_ready()
        except Exception:
            self.stop()
            raise
        return self

    def stop(self) -> int:
        """Asks the server to end (SIGTERM) and gives its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._last_log = self.log()
            self._directory.cleanup()

    def log(self) -> str:
        if self.log_file.exists():
            return self.log_file.read_text(errors="replace")
        return getattr(self, "_last_log", "")

    @property
    def url(self) -> str:
        return self.bootstrap["url"]

    @property
    def management_headers(self) -> dict[str, str]:
        return {
            "DD-API-KEY": self.bootstrap["api_key"],
            "DD-APPLICATION-KEY": self.bootstrap["application_key"],
        }

    def environment(self, key: str) -> dict:
        """What bootstrap.json says of an environment: id, queries and SDK keys."""
        return next(entry for entry in self.bootstrap["environments"] if entry["key"] == key)

    def _await_bootstrap(self) -> dict:
        path = self.data_dir / "bootstrap.json"

        def read() -> dict | None:
            return json.loads(path.read_text()) if path.exists() and path.stat().st_size else None

        return self._await(read, "bootstrap.json")

    def _await_ready(self) -> None:
        def ready() -> bool:
            try:
                return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        self._await(ready, "/readyz")

    def _await(self, probe, what: str):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if found := probe():
                return found
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}:\n{self.log()}")
            time.sleep(0.02)
        raise TimeoutError(f"no {what} within {START_SECONDS} s:\n{self.log()}")
