"""A flag whose changes wait for somebody else, and how that somebody decides."""

from uuid import UUID

from datadog_client import DatadogClient
from datadog_requests import allocation, text_flag, weights
from members import Member
from server import Server
from wire import SUGGESTIONS, evaluated, unique

CREATE = "create_allocations_for_feature_flag_in_environment"
OVERWRITE = "update_allocations_for_feature_flag_in_environment"
ENABLE, DISABLE = "enable_feature_flag_environment", "disable_feature_flag_environment"


class Guarded:
    """A flag in one environment, as the administrator and the readers see it."""

    def __init__(self, server: Server, administrator: DatadogClient, environment: dict, **flag) -> None:
        self._server, self._administrator, self._environment = server, administrator, environment
        self.flag = administrator.expect(201, "create_feature_flag", text_flag(unique("guarded"), **flag)).data
        self.place = (self.flag.id, UUID(environment["id"]))

    def variant(self, key: str):
        return next(variant for variant in self.flag.attributes.variants if variant.key == key)

    def shown(self):
        return self._administrator.expect(200, "get_feature_flag", self.flag.id).data.attributes

    def entry(self):
        """What the flag shows of the environment."""
        entries = self.shown().feature_flag_environments
        return next(entry for entry in entries if entry.environment_id == self.place[1])

    def pending(self) -> str | None:
        return self.entry().pending_suggestion_id

    def served(self):
        """The value that readers get; none while the flag is disabled."""
        key = self.flag.attributes.key
        return evaluated(self._server.url, self._environment["server_sdk_key"], key).get("value")


def serving(variant: str, key: str | None = None):
    """An allocation that serves one variant to everybody."""
    return allocation(key or unique("serving"), variant_weights=weights(**{variant: 100}))


def decide(member: Member, status: int, suggestion: str, verdict: str = "approve", **attributes):
    """The verdict with a body as generated clients will send it; see section 2.9."""
    body = {"data": {"type": "flag-suggestion-events", "attributes": attributes}}
    return member.wire.expect(status, "POST", f"{SUGGESTIONS}/{suggestion}/{verdict}", body)
