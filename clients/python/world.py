"""A small world that bad requests must leave as it is, and how to look at all of it."""

import httpx

from server import Server
from wire import (
    ABC,
    ENVIRONMENTS,
    FLAGS,
    JSON_API,
    Wire,
    allocation,
    allocations_path,
    condition,
    environment_body,
    exposure,
    flag_body,
    flag_update_body,
    rule,
    step,
    variant,
    weights,
)


class World:
    """One flag with everything, and an environment."""

    def __init__(self, server: Server, wire: Wire) -> None:
        self.server, self.wire = server, wire
        self.flag = wire.create_flag("world", "STRING", ABC, tags=["kept"])["id"]
        self.production = server.environment("production")["id"]
        self.environment = wire.create_environment("Here", queries=["here"])["id"]
        self.variant = wire.get_flag(self.flag)["attributes"]["variants"][2]["id"]
        rules = [rule(condition("plan", "ONE_OF", "beta"))]
        everything = allocation(
            "everything", targeting_rules=rules, variant_weights=weights(a=50, b=50), exposure_schedule=exposure(0.5)
        )
        wire.replace_allocations(self.flag, self.production, everything)
        wire.enable(self.flag, self.production)

    def state(self) -> dict:
        """All that can be seen through the API, and what readers are served."""
        flags = self.wire.expect(200, "GET", FLAGS, params={"limit": 1000}).json()
        return {
            "flags": flags,
            "single": [self.wire.get_flag(flag["id"]) for flag in flags["data"]],
            "environments": self.wire.expect(200, "GET", ENVIRONMENTS, params={"limit": 1000}).json(),
            "published": [self._published(one["server_sdk_key"]) for one in self.server.bootstrap["environments"]],
        }

    def _published(self, sdk_key: str) -> tuple[str, str]:
        answer = httpx.get(f"{self.server.url}/sdk/v1/config", headers={"X-API-Key": sdk_key})
        assert answer.status_code == 200
        return answer.headers["etag"], answer.text

    def operations(self) -> dict[str, tuple[str, str, object]]:
        """Every operation that takes a body, with a body that would be fine."""
        full = allocation(
            "new",
            targeting_rules=[rule(condition("plan", "ONE_OF", "beta"))],
            variant_weights=weights(a=100),
            guardrail_metrics=[{"metric_id": "errors", "trigger_action": "ABORT"}],
            exposure_schedule={
                "rollout_options": {"strategy": "UNIFORM_INTERVALS", "autostart": False, "selection_interval_ms": 60000},
                "rollout_steps": [step(0.5, 0, interval_ms=60000), step(1, 1)],
                "absolute_start_time": None,
                "control_variant_key": "b",
            },
        )
        flag, allocations = f"{FLAGS}/{self.flag}", allocations_path(self.flag, self.production)
        return {
            "create flag": ("POST", FLAGS, flag_body("new", "STRING", ABC, tags=["x"], description="d")),
            "update flag": ("PUT", flag, flag_update_body(name="New", description="new", tags=["y"])),
            "create variant": ("POST", f"{flag}/variants", variant("d", "delta")),
            "update variant": ("PUT", f"{flag}/variants/{self.variant}", {"name": "New", "value": "new"}),
            "create allocation": ("POST", allocations, {"data": full}),
            "replace allocations": ("PUT", allocations, {"data": [full]}),
            "create environment": ("POST", ENVIRONMENTS, environment_body("New", ["new"], is_production=False)),
            "update environment": ("PUT", f"{ENVIRONMENTS}/{self.environment}", environment_body("New", ["new"])),
        }


OPERATIONS = [
    "create flag",
    "update flag",
    "create variant",
    "update variant",
    "create allocation",
    "replace allocations",
    "create environment",
    "update environment",
]


def assert_refused(answer: httpx.Response, statuses=(400,), pointer: str | None = None) -> None:
    """The answer is one of the statuses, in the documented shape, and names the member."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == JSON_API
    texts = answer.json()["errors"]
    assert texts and all(isinstance(text, str) for text in texts), texts
    if pointer is not None:
        named = [text.split(": ")[0] for text in texts]
        assert any(name == pointer or name.startswith(f"{pointer}/") for name in named), (pointer, texts)
