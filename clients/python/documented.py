"""schemathesis throws what the OpenAPI document allows, and what it does not, at the server that printed it.

The operations are dealt out to several files of tests, `test_schemathesis_*.py`, which run beside each other.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server import binary
from wire import allocation, exposure, unique, weights

SEED = 20_261_121
MAX_EXAMPLES = 25
# Some generated bodies cost a server that is not optimised seconds, and several of them share two cores.
PATIENCE_SECONDS = 10
# Valid names for members that take few: random text would rarely get past them.
CLOSED_NAMES = {
    "value_type": ["STRING", "BOOLEAN", "INTEGER", "NUMERIC", "JSON"],
    "distribution_channel": ["ALL", "CLIENT", "SERVER"],
    "staleness_status": ["ACTIVE", "PERMANENT"],
    "operator": ["ONE_OF", "NOT_ONE_OF", "EQUALS"],
    "strategy": ["NO_ROLLOUT", "UNIFORM_INTERVALS"],
    "trigger_action": ["PAUSE", "ABORT"],
    "default_variant_key": ["on", "off"],
    "override_variant_key": ["on", "off"],
    "off_variant_key": ["on", "off"],
    "control_variant_key": ["off"],
    "variant_key": ["on", "off"],
}
FLAGMINT_NAMES = {
    "type": ["boolean", "string", "number", "json"],
    "kind": ["custom", "segment"],
    "operator": ["eq", "in", "exists", "contains", "gt"],
    "strategy": ["off", "percentage", "gradual"],
    "logical_op": ["AND", "OR", "NOT"],
    "template": ["kill_switch", "gradual_rollout", "ab_test"],
    "flavor": ["string", "number", "json"],
    "category": ["user", "custom"],
    "permissions": ["read", "client", "write"],
}
FLAGMINT = "flagmint"
RESOURCE_TYPES = {
    "/api/v2/feature-flags/saved-filters": "saved-filters",
    "/projects": FLAGMINT,
    "/api-keys": FLAGMINT,
    "/api/attributes": FLAGMINT,
    "/api/v2/feature-flags/environments": "environments",
    "/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/allocations": "allocations",
    "/api/v2/feature-flags": "feature-flags",
}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def document() -> dict:
    """What `flaghoist openapi` prints."""
    printed = subprocess.run([binary(), "openapi"], check=True, capture_output=True, timeout=30)
    return json.loads(printed.stdout)


def load(openapi: dict):
    config = SchemathesisConfig(seed=SEED)
    config.projects.default.generation.update(with_security_parameters=False, database="none")
    return schemathesis.openapi.from_dict(openapi, config=config)


schema = load(document())
bounded = settings(
    max_examples=MAX_EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Caller:
    """Sends cases with the keys that their operation takes."""

    url: str
    management: dict[str, str]
    sdk: dict[str, str]

    def call(self, case):
        security = case.operation.definition.raw.get("security")
        reads = security is not None and any("sdk_key" in one for one in security)
        headers = self.sdk if reads else self.management
        return case.call(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS)


def with_valid_names(value, resource_type: str):
    """The generated body with valid names where the contract has a closed set of them, and with new keys."""
    if isinstance(value, list):
        return [with_valid_names(one, resource_type) for one in value]
    if not isinstance(value, dict):
        return value
    named = {}
    for name, member in value.items():
        closed = FLAGMINT_NAMES if resource_type == FLAGMINT else CLOSED_NAMES
        if name in closed and isinstance(member, str):
            member = closed[name][len(member) % len(closed[name])]
        elif name == "type" and isinstance(member, str):
            member = resource_type if "attributes" in value else ("FEATURE_GATE", "CANARY")[len(member) % 2]
        elif name in ("key", "name") and isinstance(member, str):
            member = unique("generated")
        named[name] = with_valid_names(member, resource_type)
    return named


def with_existing_ids(value, existing):
    """The body with ids of what is there."""
    names = {
        "environment_id": "environment_id",
        "from_environment_id": "environment_id",
        "environmentId": "environment_id",
        "envId": "environment_id",
        "user_id": "user_id",
        "segment_id": "segment_id",
        "variation_id": "variant_id",
        "rollout_id": "rollout_id",
        "offVariationId": "variant_id",
        "off_variation_id": "variant_id",
    }
    if not isinstance(value, dict):
        return value
    return {
        name: existing[names[name]] if name in names and isinstance(member, str) else member
        for name, member in value.items()
    }


class Existing:
    """Ids for path parameters and members of bodies: things that are made when they are first asked for."""

    def __init__(self, wire, environment: str, project_id: str) -> None:
        self.wire, self.environment_id, self.environment = wire, environment, environment
        self.project_id = project_id

    def __getitem__(self, name: str) -> str:
        return getattr(self, name)

    def _made(self, path: str, body: dict, status: int = 201) -> dict:
        return self.wire.expect(status, "POST", path, body).json()

    @cached_property
    def flag(self) -> dict:
        """A flag with a rule in the environment, and a policy."""
        flag = self.wire.create_flag(unique("schemathesis"))
        gate = allocation(unique("schemathesis"), variant_weights=weights(on=100), exposure_schedule=exposure(0.5))
        self.wire.replace_allocations(flag["id"], self.environment_id, gate)
        bindings = [{"relation": "editor", "principals": ["role:admin"]}]
        self.wire.expect(200, "PUT", f"/api/v1/flags/{flag['id']}/restriction-policy", {"bindings": bindings})
        return flag

    @property
    def flag_id(self) -> str:
        return self.flag["id"]

    feature_flag_id = flag_id

    @property
    def resource_id(self) -> str:
        return f"feature-flag:{self.flag_id}"

    @cached_property
    def exposure_schedule_id(self) -> str:
        """Of a rollout of a flag of its own, which nothing else removes."""
        flag = self.wire.create_flag(unique("schemathesis"))
        steps = [{"exposure_ratio": ratio, "grouped_step_index": 0, "is_pause_record": False} for ratio in (0.1, 1)]
        schedule = {"rollout_options": {"strategy": "UNIFORM_INTERVALS"}, "rollout_steps": steps}
        ramp = allocation(unique("schemathesis"), variant_weights=weights(on=100), exposure_schedule=schedule)
        made = self.wire.replace_allocations(flag["id"], self.environment_id, ramp)
        return made[0]["attributes"]["exposure_schedule"]["id"]

    @property
    def variant_id(self) -> str:
        return self.flag["attributes"]["variants"][1]["id"]

    @property
    def history_id(self) -> str:
        page = self.wire.expect(200, "GET", f"/api/v1/flags/{self.flag_id}/history").json()
        return page["data"][0]["id"]

    @cached_property
    def suggestion_id(self) -> str:
        attributes = {
            "action": "updated",
            "property": "ENVIRONMENT_STATUS",
            "suggestion": "ENABLED",
            "environment_id": self.environment_id,
            "notification_rule_targets": [],
        }
        body = {"data": {"type": "flag-suggestions", "attributes": attributes}}
        return self._made(f"/api/v2/feature-flags/{self.flag_id}/suggestions", body)["data"]["id"]

    @cached_property
    def user_id(self) -> str:
        """A service account that is in the team, so that it can be removed from it."""
        return self.wire.create_service_account("viewer")

    @cached_property
    def team_id(self) -> str:
        body = {"handle": unique("team"), "name": "Team", "member_ids": [self.user_id]}
        return self._made("/api/v1/teams", body)["id"]

    @cached_property
    def role_id(self) -> str:
        return self._made("/api/v1/roles", {"name": unique("Role"), "permissions": []})["id"]

    @cached_property
    def key_id(self) -> str:
        return self._made("/api/v1/me/keys", {"name": unique("Key")})["id"]

    def _flagmint(self, path: str, body: dict) -> dict:
        return self._made(f"/projects/{self.project_id}/{path}", body)["data"]

    @cached_property
    def segment_id(self) -> str:
        return self._flagmint("segments", {"name": unique("Segment"), "rules": []})["id"]

    @property
    def saved_filter_id(self) -> str:
        return self.segment_id

    @cached_property
    def rollout_id(self) -> str:
        place = f"flags/{self.flag_id}/environments/{self.environment_id}"
        return self._flagmint(f"{place}/rollouts", {"strategy": "off"})["id"]

    @property
    def rule_id(self) -> str:
        """Made for the request: lists that are replaced may have removed earlier ones."""
        place = f"envs/{self.environment_id}/flags/{self.flag_id}"
        conditions = [{"attribute": "plan", "operator": "eq", "value": "pro"}]
        return self._flagmint(f"{place}/targeting-rules", {"kind": "custom", "conditions": conditions})["id"]

    @cached_property
    def attribute_key(self) -> str:
        key = unique("user.generated").replace("-", "_").lower()
        return self._made("/api/attributes", {"key": key})["data"]["key"]

    @cached_property
    def metric_id(self) -> str:
        body = {"id": unique("metric"), "source": {"type": "events", "event": "checkout.error"}}
        return self._made("/api/v1/metrics", body)["id"]

    @cached_property
    def webhook_id(self) -> str:
        """In a place of its own: generated ones may have taken all there are."""
        for webhook in self.wire.expect(200, "GET", "/api/v1/webhooks").json()["webhooks"]:
            if not webhook["name"].startswith("Existing"):
                self.wire.expect(204, "DELETE", f"/api/v1/webhooks/{webhook['id']}")
        return self._made("/api/v1/webhooks", {"name": unique("Existing"), "url": "https://example.com/hook"})["id"]


@pytest.fixture(scope="module")
def existing(server, wire):
    return Existing(wire, server.environment("production")["id"], server.bootstrap["project_id"])


@pytest.fixture(scope="module")
def caller(server):
    key = server.environment("production")["server_sdk_key"]
    return Caller(server.url, server.management_headers, {"X-API-Key": key})


# Streams have no end: each request would wait for its time-out. Tests of their own listen to them.
finite = schema.exclude(path_regex="/stream$|^/ws/")
ABOUT_WHAT_EXISTS = "/api/v|^/projects|^/api-keys|^/api/attributes"
# Each takes a file about as long as the others. What is in none of them is in the part "rest".
PARTS = {
    "feature_flags": "^/api/v2/feature-flags",
    "api_v1": "^/api/v1/",
    "projects": "^/projects",
}


def part(name: str, *, about_what_exists: bool = False):
    """The operations of a part, each of which is in exactly one; or those of them that can be about what exists."""
    others = "|".join(PARTS.values())

    def belongs(context) -> bool:
        path = context.operation.path
        if about_what_exists and not re.search(ABOUT_WHAT_EXISTS, path):
            return False
        return bool(re.search(PARTS[name], path)) if name in PARTS else not re.search(others, path)

    return finite.include(belongs)


def checks_of(name: str):
    """The two tests of every operation of a part."""

    @part(name).parametrize()
    @bounded
    def any_request(case, caller):
        case.validate_response(caller.call(case), checks=CHECKS)

    @part(name, about_what_exists=True).parametrize()
    @bounded
    def about_what_exists(case, caller, wire, existing):
        """Generated ids and names mean nothing; here they name what was made for the request, or is in a closed set."""
        if case.path_parameters:
            if case.operation.method.upper() == "DELETE":
                takes_one = "environment_id" in case.path_parameters
                environment = wire.create_environment()["id"] if takes_one else existing.environment_id
                existing = Existing(wire, environment, existing.project_id)
            case.path_parameters = {name: existing[name] for name in case.path_parameters}
        kind = next((kind for path, kind in RESOURCE_TYPES.items() if case.operation.path.startswith(path)), "")
        case.body = with_existing_ids(with_valid_names(case.body, kind), existing)
        answer = caller.call(case)
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code != 404, "the ids exist"

    return any_request, about_what_exists
