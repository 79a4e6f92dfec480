"""What applications on server SDKs evaluate: flags in production, and what OFREP says of them."""

import contextlib
import time

import httpx

from server import Server
from wire import ABC, FLAGS, Wire, allocation, condition, exposure, rule, unique, variant, weights

SUBJECTS = [*(f"subject-{number}" for number in range(200)), "ünïcode", ""]
PATIENCE_SECONDS = 20

VALUES = {
    "boolean": ("BOOLEAN", "true", False, True),
    "integer": ("INTEGER", "42", 0, 42),
    "least integer": ("INTEGER", "-9007199254740991", 0, -9007199254740991),
    "numeric": ("NUMERIC", "3.25", 0.5, 3.25),
    "whole numeric": ("NUMERIC", "2", 0.5, 2.0),
    "string": ("STRING", 'grün ✓ "quoted"', "coded", 'grün ✓ "quoted"'),
    "empty string": ("STRING", "", "coded", ""),
    "json": ("JSON", '{"a":[1,2.5,{"b":null}],"c":"d"}', {}, {"a": [1, 2.5, {"b": None}], "c": "d"}),
}

# How a flag is asked for that has another type, and the default in the code.
MISMATCHES = [
    ("BOOLEAN", "string", True),
    ("STRING", "boolean", "coded"),
    ("INTEGER", "numeric", 7),
    ("NUMERIC", "string", 0.5),
    ("JSON", "string", {"coded": 1}),
]

# Operator, its values, attributes that match, and attributes that do not (None: there is no such attribute).
OPERATORS = {
    "LT": (["10"], [9, "9.5", -1], [10, 11, "ten", True, None]),
    "LTE": (["10"], [10, 9], [10.5, "x"]),
    "GT": (["1.5"], [2, "1.6"], [1.5, False]),
    "GTE": (["1.5"], [1.5, 2], [1]),
    "MATCHES": (["^b.+a$", "^x"], ["beta", "xylophone"], ["a beta", "", None]),
    "NOT_MATCHES": (["beta"], ["alpha", 5], ["a beta b", None]),
    "ONE_OF": (["42", "true"], [42, True, "42", 42.0], ["42.0", 43, "True", None]),
    "NOT_ONE_OF": (["42"], [43, "x"], [42, "42", None]),
    "EQUALS": (["premium"], ["premium"], ["Premium", "premium ", None]),
    "IS_NULL": (["true"], [None], ["x", 0, False]),
    "SEMVER_EQ": (["1.2.3"], ["1.2.3"], ["1.2.4", "1.2", None]),
    "SEMVER_NEQ": (["1.2.3"], ["1.2.4"], ["1.2.3", None]),
    "SEMVER_LT": (["1.10.0"], ["1.9.9", "1.10.0-rc.1"], ["1.10.0", "2.0.0", "x", None]),
    "SEMVER_LTE": (["1.10.0"], ["1.10.0", "1.9.9"], ["1.10.1", "x"]),
    "SEMVER_GT": (["1.10.0"], ["1.10.1", "2.0.0"], ["1.10.0", "1.9.9", "x"]),
    "SEMVER_GTE": (["1.10.0"], ["1.10.0", "2.0.0"], ["1.9.9", "1.10.0-rc.1", "no version", None]),
}


class SdkWorld:
    """One server with flags for SDKs that read production."""

    def __init__(self, server: Server, wire: Wire) -> None:
        self.server, self.wire = server, wire
        self.production = server.environment("production")
        self.typed = {name: self._typed(*value[:2]) for name, value in VALUES.items()}
        self.compared = {operator: self._compared(operator, case[0]) for operator, case in OPERATORS.items()}

    def flag(self, value_type: str = "STRING", variants=ABC, allocations=(), **more) -> dict:
        """A flag that is enabled."""
        flag = self.wire.create_flag(None, value_type, variants, **more)
        self.replace(flag, *allocations)
        self.wire.enable(flag["id"], self.production["id"])
        return flag

    def key(self, *arguments, **more) -> str:
        """The key of a flag that is enabled."""
        return key_of(self.flag(*arguments, **more))

    def split(self) -> dict:
        """A flag of which four in ten get the default, and the rest one of three variants."""
        return self.flag(allocations=[gate(variant_weights=weights(a=50, b=30, c=20), exposure_schedule=exposure(0.6))])

    def disabled(self) -> dict:
        return self.wire.create_flag(None, "STRING", ABC)

    def archived(self) -> dict:
        flag = self.flag()
        self.archive(flag)
        return flag

    def archive(self, flag: dict) -> None:
        self.wire.expect(200, "POST", f"{FLAGS}/{flag['id']}/archive")

    def disable(self, flag: dict) -> None:
        self.wire.expect(200, "POST", f"{FLAGS}/{flag['id']}/environments/{self.production['id']}/disable")

    def replace(self, flag: dict, *allocations: dict) -> None:
        self.wire.replace_allocations(flag["id"], self.production["id"], *allocations)

    def serve(self, flag: dict, **keys) -> None:
        self.wire.serve(flag["id"], self.production["id"], **keys)

    def mark(self) -> str:
        """The key of a new flag. Who knows it has seen every change before."""
        return key_of(self.disabled())

    def over_ofrep(self, key: str) -> dict[str, str]:
        """What OFREP serves to each subject."""
        headers = {"X-API-Key": self.production["server_sdk_key"]}
        with httpx.Client(base_url=self.server.url, headers=headers) as reader:
            path = f"/ofrep/v1/evaluate/flags/{key}"
            answers = {one: reader.post(path, json={"context": {"targetingKey": one}}) for one in SUBJECTS}
        return {one: answer.json()["value"] for one, answer in answers.items()}

    @contextlib.contextmanager
    def away(self):
        """The server dies, and comes back on the same port."""
        self.server.kill()
        try:
            yield
        finally:
            self.server.start_again()

    def _typed(self, value_type: str, text: str) -> str:
        others = [variant("other", "false")] if value_type == "BOOLEAN" else []
        return self.key(value_type, [variant("served", text), *others])

    def _compared(self, operator: str, values: list[str]) -> str:
        rules = [rule(condition("x", operator, *values))]
        return self.key(allocations=[gate(targeting_rules=rules, variant_weights=weights(b=100))])


def key_of(flag: dict) -> str:
    return flag["attributes"]["key"]


def gate(**more) -> dict:
    return allocation(unique("gate"), **more)


def attributes_of(value) -> dict:
    return {} if value is None else {"x": value}


def eventually(probe, what: str, seconds: float = PATIENCE_SECONDS):
    """What the probe finds within a time that covers an SDK's own retries."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return found
