"""schemathesis throws what the OpenAPI document allows, and what it does not, at the server that printed it."""

import json
import subprocess
from dataclasses import dataclass

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
RESOURCE_TYPES = {
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
        return case.call(base_url=self.url, headers=self.sdk if reads else self.management, timeout=10)


def with_valid_names(value, resource_type: str):
    """The generated body with valid names where the contract has a closed set of them, and with new keys."""
    if isinstance(value, list):
        return [with_valid_names(one, resource_type) for one in value]
    if not isinstance(value, dict):
        return value
    named = {}
    for name, member in value.items():
        if name in CLOSED_NAMES and isinstance(member, str):
            member = CLOSED_NAMES[name][len(member) % len(CLOSED_NAMES[name])]
        elif name == "type" and isinstance(member, str):
            member = resource_type if "attributes" in value else ("FEATURE_GATE", "CANARY")[len(member) % 2]
        elif name in ("key", "name") and isinstance(member, str):
            member = unique("generated")
        named[name] = with_valid_names(member, resource_type)
    return named


def make_existing(wire, environment: str) -> dict[str, str]:
    """Ids for path parameters: a flag with a rule in that environment."""
    flag = wire.create_flag(unique("schemathesis"))
    gate = allocation(unique("schemathesis"), variant_weights=weights(on=100), exposure_schedule=exposure(0.5))
    wire.replace_allocations(flag["id"], environment, gate)
    return {
        "feature_flag_id": flag["id"],
        "flag_id": flag["id"],
        "variant_id": flag["attributes"]["variants"][1]["id"],
        "environment_id": environment,
    }


@pytest.fixture(scope="module")
def existing(server, wire):
    return make_existing(wire, server.environment("production")["id"])


@pytest.fixture(scope="module")
def caller(server):
    key = server.environment("production")["server_sdk_key"]
    return Caller(server.url, server.management_headers, {"X-API-Key": key})


@schema.parametrize()
@bounded
def test_any_request_is_answered_as_documented(case, caller):
    case.validate_response(caller.call(case), checks=CHECKS)


@schema.include(path_regex="/api/v").parametrize()
@bounded
def test_any_request_about_what_exists_is_answered_as_documented(case, caller, wire, existing):
    """Generated ids and names mean nothing; here they name what was made for the request, or is in a closed set."""
    if case.path_parameters:
        if case.operation.method.upper() == "DELETE":
            existing = make_existing(wire, wire.create_environment()["id"])
        case.path_parameters = {name: existing[name] for name in case.path_parameters}
    kind = next((kind for path, kind in RESOURCE_TYPES.items() if case.operation.path.startswith(path)), "")
    case.body = with_valid_names(case.body, kind)
    answer = caller.call(case)
    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code != 404, "the ids exist"


def test_the_document_describes_every_operation_of_the_contract():
    described = {(method.upper(), path) for path, operations in document()["paths"].items() for method in operations}
    flags = "/api/v2/feature-flags"
    flag, environments = f"{flags}/{{feature_flag_id}}", f"{flags}/environments"
    assert described >= {
        ("GET", flags),
        ("POST", flags),
        ("GET", flag),
        ("PUT", flag),
        ("POST", f"{flag}/archive"),
        ("POST", f"{flag}/unarchive"),
        ("POST", f"{flag}/variants"),
        ("PUT", f"{flag}/variants/{{variant_id}}"),
        ("DELETE", f"{flag}/variants/{{variant_id}}"),
        ("POST", f"{flag}/environments/{{environment_id}}/allocations"),
        ("PUT", f"{flag}/environments/{{environment_id}}/allocations"),
        ("POST", f"{flag}/environments/{{environment_id}}/enable"),
        ("POST", f"{flag}/environments/{{environment_id}}/disable"),
        ("GET", environments),
        ("POST", environments),
        ("GET", f"{environments}/{{environment_id}}"),
        ("PUT", f"{environments}/{{environment_id}}"),
        ("DELETE", f"{environments}/{{environment_id}}"),
        ("POST", "/ofrep/v1/evaluate/flags"),
        ("POST", "/ofrep/v1/evaluate/flags/{key}"),
    }
