"""Applications with Eppo's SDK. It is global state too: a new client ends the polling of the one before."""

import contextlib

import eppo_client
from eppo_client import AssignmentLogger, ClientConfig, EppoClient

from sdk_world import eventually


class Assignments(AssignmentLogger):
    """Keeps what the application would send to its warehouse."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict] = []

    def log_assignment(self, event: dict) -> None:
        self.events.append(event)


class Application:
    """A client that asks for the document every second."""

    def __init__(self, url: str, sdk_key: str) -> None:
        self.assignments = Assignments()
        settings = ClientConfig(
            api_key=sdk_key,
            base_url=f"{url}/api",
            assignment_logger=self.assignments,
            poll_interval_seconds=1,
            poll_jitter_seconds=0,
        )
        self.client: EppoClient = eppo_client.init(settings)

    def value(self, value_type: str, key: str, default, subject: str = "alice", **attributes):
        call = getattr(self.client, f"get_{value_type.lower()}_assignment")
        return call(key, subject, attributes, default)

    def text(self, key: str, subject: str = "alice", **attributes) -> str:
        return self.value("STRING", key, "coded", subject, **attributes)

    def details(self, value_type: str, key: str, default, subject: str = "alice", **attributes):
        """The value, its variant, and the code of the evaluation."""
        call = getattr(self.client, f"get_{value_type.lower()}_assignment_details")
        answer = call(key, subject, attributes, default)
        return answer.variation, answer.evaluation_details["variationKey"], answer.evaluation_details["flagEvaluationCode"]


@contextlib.contextmanager
def application(url: str, sdk_key: str):
    """An application that has its document."""
    running = Application(url, sdk_key)
    eventually(running.client.is_initialized, "the first document")
    try:
        yield running
    finally:
        running.client.shutdown()
