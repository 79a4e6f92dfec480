"""What applications report of flags, and what the server says it counted."""

import time
from typing import NamedTuple

from sdk_world import SdkWorld, gate, key_of
from wire import Wire, weights

UNKNOWN = "(unknown)"


class Counts(NamedTuple):
    """How often, of one allocation and variant."""

    evaluations: int = 0
    exposures: int = 0
    defaults: int = 0
    errors: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(sum, zip(self, other, strict=True)))


class ReportedFlag:
    """A flag with one gate, and its counts in an environment."""

    def __init__(self, sdk_world: SdkWorld, **gate_attributes) -> None:
        gate_ = gate(**(gate_attributes or {"variant_weights": weights(a=50, b=30, c=20)}))
        self.resource = sdk_world.flag(allocations=[gate_])
        self.id, self.key = self.resource["id"], key_of(self.resource)
        self.gate = gate_["attributes"]["key"]
        self._wire, self._environment = sdk_world.wire, sdk_world.production["id"]

    def exposure(self, variant: str = "b", **more) -> dict:
        """As Datadog's SDKs report it."""
        return self._record(variant, timestamp=now_ms(), subject={"id": "alice", "attributes": {}}, serial_id=12) | more

    def evaluations(self, count: int, variant: str = "b", **more) -> dict:
        """As Datadog's SDKs report them."""
        at = now_ms()
        seen = {"first_evaluation": at, "last_evaluation": at, "evaluation_count": count, "targeting_key": "sha256_00"}
        return self._record(variant, timestamp=at, **seen) | more

    def _record(self, variant: str, **more) -> dict:
        place = {"allocation": {"key": self.gate}, "variant": {"key": variant}}
        return {"flag": {"key": self.key}} | place | more

    def counted(self) -> dict[tuple, Counts]:
        return counted(self._wire, self.id, self._environment)

    def buckets(self, **query: str) -> list[dict]:
        return answer(self._wire, self.id, self._environment, **query)["buckets"]

    def last_evaluated_at(self) -> str | None:
        return answer(self._wire, self.id, self._environment)["last_evaluated_at"]


def now_ms() -> int:
    return int(time.time() * 1000)


def answer(wire: Wire, flag_id: str, environment_id: str, **query: str) -> dict:
    path, query = f"/api/v1/flags/{flag_id}/evaluations", {"environment_id": environment_id, **query}
    (environment,) = wire.expect(200, "GET", path, params=query).json()["environments"]
    assert environment["environment_id"] == environment_id
    return environment


def counted(wire: Wire, flag_id: str, environment_id: str) -> dict[tuple, Counts]:
    """By allocation and variant since the beginning. Buckets add up to the same."""
    environment = answer(wire, flag_id, environment_id)
    totals = {place(entry): counts(entry) for entry in environment["totals"]}
    assert len(totals) == len(environment["totals"]), environment["totals"]
    added: dict[tuple, Counts] = {}
    for bucket in environment["buckets"]:
        added[place(bucket)] = added.get(place(bucket), Counts()) + counts(bucket)
    assert added == totals, environment
    return totals


def place(entry: dict) -> tuple[str | None, str | None]:
    return entry["allocation_key"], entry["variant_key"]


def counts(entry: dict) -> Counts:
    return Counts(*(entry[name] for name in Counts._fields))
