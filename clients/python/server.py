"""A Flaghoist process of its own, on a free port, with a data directory that is thrown away."""

import json
import os
import signal
import socket
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


def free_address() -> str:
    """An address that nobody listens on, for what cannot say which one it took."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


class Server:
    """A running server and the secrets of its first start."""

    def __init__(self, configuration: str = "", *, agent: bool = False) -> None:
        """`configuration` is the text of its TOML file, for what the command line cannot say. With `agent` it is an
        Agent for tracers too."""
        self._directory = tempfile.TemporaryDirectory(prefix="flaghoist-clients-")
        self._configuration_file = Path(self._directory.name) / "flaghoist.toml"
        self._configuration_file.write_text(configuration)
        self.data_dir = Path(self._directory.name) / "data"
        self.log_file = Path(self._directory.name) / "server.log"
        self._agent_address = free_address() if agent else None
        self._process: subprocess.Popen | None = None
        self.bootstrap: dict = {}

    def start(self) -> "Server":
        self._launch("127.0.0.1:0")
        try:
            self.bootstrap = self._await_bootstrap()
            self._await_ready()
        except Exception:
            self.stop()
            raise
        return self

    def join(self, first: "Server") -> "Server":
        """Starts as another node on the database of the first, which knows the secrets."""
        address = free_address()
        self.bootstrap = first.bootstrap | {"url": f"http://{address}"}
        self._launch(address)
        try:
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

    def kill(self) -> None:
        """Ends the server at once (SIGKILL); its data stay."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """On the same ports, with the same data."""
        self._launch(self.url.removeprefix("http://"))
        self._await_ready()

    def log(self) -> str:
        if self.log_file.exists():
            return self.log_file.read_text(errors="replace")
        return getattr(self, "_last_log", "")

    @property
    def url(self) -> str:
        return self.bootstrap["url"]

    @property
    def agent_url(self) -> str:
        """Where it is an Agent."""
        assert self._agent_address is not None, "started without an Agent"
        return f"http://{self._agent_address}"

    @property
    def management_headers(self) -> dict[str, str]:
        return {
            "DD-API-KEY": self.bootstrap["api_key"],
            "DD-APPLICATION-KEY": self.bootstrap["application_key"],
        }

    def environment(self, key: str) -> dict:
        """What bootstrap.json says of an environment: id, queries and SDK keys."""
        return next(entry for entry in self.bootstrap["environments"] if entry["key"] == key)

    def _launch(self, address: str) -> None:
        with self.log_file.open("ab") as log:
            options = ["--listen", address, "--data-dir", self.data_dir, "--config", self._configuration_file]
            if self._agent_address is not None:
                options += ["--agent-listen", self._agent_address]
            self._process = subprocess.Popen(
                [binary(), "serve", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

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
