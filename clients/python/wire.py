"""The management API as bytes on a socket: what no typed client shows."""

import itertools

import httpx

JSON_API = "application/vnd.api+json"
FLAGS = "/api/v2/feature-flags"
ENVIRONMENTS = f"{FLAGS}/environments"
SUGGESTIONS = f"{FLAGS}/suggestions"

_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """A key that no other test uses."""
    return f"{prefix}-{next(_numbers)}"


def variant(key: str, value: str, name: str | None = None) -> dict:
    return {"key": key, "name": name or key.title(), "value": value}


ON_OFF = (variant("on", "true"), variant("off", "false"))
ABC = (variant("a", "alpha"), variant("b", "beta"), variant("c", "gamma"))


def flag_body(key: str, value_type: str = "BOOLEAN", variants=ON_OFF, **more) -> dict:
    attributes = {"key": key, "name": f"Flag {key}", "value_type": value_type, "variants": list(variants), **more}
    return {"data": {"type": "feature-flags", "attributes": attributes}}


def flag_update_body(**attributes) -> dict:
    return {"data": {"type": "feature-flags", "attributes": attributes}}


def environment_body(name: str, queries: list[str], **more) -> dict:
    return {"data": {"type": "environments", "attributes": {"name": name, "queries": queries, **more}}}


def condition(attribute: str, operator: str, *values: str) -> dict:
    return {"attribute": attribute, "operator": operator, "value": list(values)}


def rule(*conditions: dict) -> dict:
    return {"conditions": list(conditions)}


def weights(**shares: float) -> list[dict]:
    return [{"variant_key": key, "value": value} for key, value in shares.items()]


def step(ratio: float, group: int = 0, **more) -> dict:
    return {"exposure_ratio": ratio, "grouped_step_index": group, "is_pause_record": False, **more}


def exposure(ratio: float) -> dict:
    """The traffic exposure of a plain gate: NO_ROLLOUT with one step."""
    return {"rollout_options": {"strategy": "NO_ROLLOUT"}, "rollout_steps": [step(ratio)]}


def allocation(key: str, **more) -> dict:
    attributes = {"key": key, "name": f"Allocation {key}", "type": "FEATURE_GATE", **more}
    return {"type": "allocations", "attributes": attributes}


class Wire:
    """Sends requests with both keys and gives the answers as they are."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        # A connection for each request: what one test provokes cannot reach into the next.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(base_url=url, headers=headers, timeout=30, limits=alone)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_) -> None:
        self._client.close()

    def call(self, method: str, path: str, body=None, *, json_api: bool = False, **more) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if json_api:
            headers |= {"Accept": JSON_API, "Content-Type": JSON_API}
        if body is not None:
            more["json"] = body
        return self._client.request(method, path, headers=headers, **more)

    def expect(self, status: int, method: str, path: str, body=None, **more) -> httpx.Response:
        answer = self.call(method, path, body, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def create_flag(self, key: str | None = None, *arguments, **more) -> dict:
        body = flag_body(key or unique("flag"), *arguments, **more)
        return self.expect(201, "POST", FLAGS, body).json()["data"]

    def get_flag(self, flag_id: str, **more) -> dict:
        return self.expect(200, "GET", f"{FLAGS}/{flag_id}", **more).json()["data"]

    def entry(self, flag_id: str, environment_id: str, **more) -> dict:
        """What a flag shows of one environment."""
        return entry_of(self.get_flag(flag_id, **more), environment_id)

    def create_environment(self, name: str | None = None, **more) -> dict:
        name = name or unique("Environment")
        body = environment_body(name, more.pop("queries", [f"{name}-query"]), **more)
        return self.expect(201, "POST", ENVIRONMENTS, body).json()["data"]

    def delete_environment(self, environment_id: str) -> None:
        self.expect(204, "DELETE", f"{ENVIRONMENTS}/{environment_id}")

    def replace_allocations(self, flag_id: str, environment_id: str, *allocations: dict, query: str = "") -> list[dict]:
        path = allocations_path(flag_id, environment_id) + query
        return self.expect(200, "PUT", path, {"data": list(allocations)}).json()["data"]

    def enable(self, flag_id: str, environment_id: str) -> None:
        self.expect(200, "POST", f"{FLAGS}/{flag_id}/environments/{environment_id}/enable")

    def serve(self, flag_id: str, environment_id: str, **keys) -> dict:
        """Sets default, override and off variants; the API of ours, since Datadog has none."""
        path = f"/api/v1/flags/{flag_id}/environments/{environment_id}/serving"
        return self.expect(200, "PATCH", path, keys).json()

    def create_service_account(self, role: str) -> str:
        """The id of a new member; the API of ours, like that of keys."""
        body = {"kind": "service_account", "name": unique("Service"), "role": role}
        return self.expect(201, "POST", "/api/v1/users", body).json()["id"]

    def create_application_key(self, user_id: str, **more) -> dict:
        """A new key with its secret."""
        body = {"kind": "application_key", "user_id": user_id, "name": unique("Key"), **more}
        return self.expect(201, "POST", "/api/v1/keys", body).json()


def allocations_path(flag_id: str, environment_id: str) -> str:
    return f"{FLAGS}/{flag_id}/environments/{environment_id}/allocations"


def entry_of(flag: dict, environment_id: str) -> dict:
    entries = flag["attributes"]["feature_flag_environments"]
    return next(entry for entry in entries if entry["environment_id"] == environment_id)


def evaluated(url: str, sdk_key: str, flag_key: str, targeting_key: str = "alice") -> dict:
    """What a reader is served, over OFREP."""
    body = {"context": {"targetingKey": targeting_key}}
    answer = httpx.post(f"{url}/ofrep/v1/evaluate/flags/{flag_key}", json=body, headers={"X-API-Key": sdk_key})
    assert answer.status_code == 200, answer.text
    return answer.json()
