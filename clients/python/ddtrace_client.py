"""Applications with Datadog's tracer. Each is a process of its own: the tracer is global and reads the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

from sdk_world import eventually

APPLICATION = Path(__file__).with_name("ddtrace_application.py")
CONFIGURATION = "/api/v2/feature-flagging/config/rules-based/server"
SOURCE = "DD_FEATURE_FLAGS_CONFIGURATION_SOURCE_AGENTLESS"
NOBODY = "http://127.0.0.1:1"
STOP_SECONDS = 20

CALLS = {"BOOLEAN": "boolean", "STRING": "string", "INTEGER": "integer", "NUMERIC": "float", "JSON": "object"}


def in_query(url: str, sdk_key: str, dd_env: str) -> str:
    return f"{url}{CONFIGURATION}?dd_env={dd_env}&key={sdk_key}"


def in_path(url: str, sdk_key: str) -> str:
    return f"{url}/sdk/keys/{sdk_key}{CONFIGURATION}"


class Application:
    """A running application that asks its endpoint for the document every second."""

    COMMAND = (sys.executable, APPLICATION)

    def __init__(self, endpoint: str, **settings: str) -> None:
        source = {f"{SOURCE}_BASE_URL": endpoint, f"{SOURCE}_POLL_INTERVAL_SECONDS": "1", "DD_TRACE_AGENT_URL": NOBODY}
        self._start(source | settings)

    def _start(self, settings: dict[str, str]) -> None:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("DD_")}
        self._process = subprocess.Popen(
            self.COMMAND,
            env=ours | {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"} | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Application":
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        try:
            assert self._process.wait(STOP_SECONDS) == 0
        finally:
            self._process.kill()

    def details(self, value_type: str, key: str, default, targeting_key: str | None = "alice", **attributes) -> dict:
        asked = {
            "call": CALLS[value_type],
            "key": key,
            "default": default,
            "targeting_key": targeting_key,
            "attributes": attributes,
        }
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def text(self, key: str, targeting_key: str | None = "alice", **attributes):
        return self.details("STRING", key, "coded", targeting_key, **attributes)["value"]

    def knows(self, key: str) -> bool:
        return self.details("STRING", key, "coded")["error_code"] not in ("FLAG_NOT_FOUND", "PROVIDER_NOT_READY")

    def catch_up(self, marker: str) -> None:
        eventually(lambda: self.knows(marker), "the application sees what changed")


class AgentApplication(Application):
    """One that asks its Agent five times a second. Only under `ddtrace-run` it does so without a word in its code."""

    COMMAND = (Path(sys.executable).with_name("ddtrace-run"), sys.executable, APPLICATION)

    def __init__(self, agent_url: str, dd_env: str, **settings: str) -> None:
        source = {
            "DD_FEATURE_FLAGS_CONFIGURATION_SOURCE": "remote_config",
            "DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS": "0.2",
            "DD_TRACE_AGENT_URL": agent_url,
            "DD_ENV": dd_env,
        }
        self._start(source | settings)


def assert_details(details: dict, value, variant: str | None, reason: str, error_code: str | None = None) -> None:
    found = tuple(details[name] for name in ("value", "variant", "reason", "error_code"))
    assert found == (value, variant, reason, error_code), details
