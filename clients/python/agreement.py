"""Random flags and subjects. The same seed makes the same ones."""

import json
import random
import re
from typing import Any, NamedTuple

from sdk_world import SdkWorld, gate, key_of
from wire import condition, exposure, rule, variant, weights

FLAGS, SUBJECTS = 64, 20
SAFE_INTEGER = 2**53 - 1

VALUES: dict[str, list] = {
    "BOOLEAN": [True, False],
    "STRING": ["alpha", "beta", "", "ünïcode ✓", 'a "quoted" \\ text', " spaces ", "null", "42"],
    "INTEGER": [0, 1, -1, 42, SAFE_INTEGER, -SAFE_INTEGER, 1_000_000],
    "NUMERIC": [0.5, 3.25, -1e-7, 1e21, 2.0, 123456.789, 0.1],
    "JSON": [{}, {"a": 1}, {"a": [1, 2.5, {"b": None}]}, {"ü": "✓", "t": True}, {"deep": {"er": {"est": []}}}],
}
DEFAULTS = {"BOOLEAN": True, "STRING": "coded", "INTEGER": 7, "NUMERIC": 7.5, "JSON": {"coded": 7}}

# What subjects have, by attribute. Comparisons, patterns and membership, which see numbers, text and booleans in their own
# ways, look at all of it.
ATTRIBUTES: dict[str, list] = {
    "plan": ["free", "premium", "Premium", "premium ", "ünïcode", "", "true", "42", "1.2.3"],
    "age": [0, 17, 18, 18.5, -1, "18", "17.9", "1e3", "eighteen", "", 1e21, 0.1, 42, 42.0, SAFE_INTEGER, True],
    "staff": [True, False, "true", "True", 1, 0],
    "version": ["1.2.3", "1.10.0", "1.9.9", "2.0.0", "1.10.0-rc.1", "1.10.0-rc.11", "0.0.1", "10.20.30"],
    "build": ["1.2", "1", "1.2.3.4", "1.2.3+5", "v1.2.3", "01.2.3", "x", 1.2, "1.10.0", "2.0.0-alpha", ""],
    "id": ["alice", "subject-3", 42],
}
NUMBERS = ["0", "18", "17.95", "-1", "1e3", "42", "1.5"]
MEMBERS = ["free", "premium", "ünïcode", "", "18", "42", "42.0", "true", "false", "0.1", "alice", "subject-3", "1.2.3"]
PATTERNS = ["^pre", "m$", "(?i)PREMIUM", "[0-9]+", "^$", "ü", "^(true|42)$", "[[:alpha:]]{5}", r"^\d+\.\d+\.\d+$", "e"]
VERSIONS = ["1.10.0", "1.2.3", "2.0.0", "1.10.0-rc.2", "0.0.1", "1.10", "2"]
ORDERS = ["SEMVER_LT", "SEMVER_LTE", "SEMVER_GT", "SEMVER_GTE"]
EQUALITIES = ["SEMVER_EQ", "SEMVER_NEQ"]
OTHERS = ["LT", "LTE", "GT", "GTE", "MATCHES", "NOT_MATCHES", "ONE_OF", "NOT_ONE_OF", "EQUALS", "IS_NULL"]
PLAIN_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")


class Subject(NamedTuple):
    """Who asks."""

    key: str
    attributes: dict[str, Any]


class RandomFlag:
    """A flag, as it is made, and what its variants are."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance = chance
        self.value_type = list(VALUES)[number % len(VALUES)]
        self.default = DEFAULTS[self.value_type]
        count = min(chance.randint(2, 4), len(VALUES[self.value_type]))
        chosen = chance.sample(VALUES[self.value_type], count)
        self.values = dict(zip("abcd", chosen, strict=False))
        self.conditions: list[dict] = []
        # Operators take turns, so that each of them comes up.
        self._turn = number * 5
        self.allocations = [self._allocation() for _ in range(chance.choice([0, 1, 1, 2, 2, 3, 4]))]
        self.serving = self._serving()
        self.is_enabled = chance.random() < 0.9

    def create(self, sdk_world: SdkWorld) -> None:
        variants = [variant(key, text_of(value)) for key, value in self.values.items()]
        flag = sdk_world.flag(self.value_type, variants, self.allocations)
        self.key = key_of(flag)
        if self.serving:
            sdk_world.serve(flag, **self.serving)
        if not self.is_enabled:
            sdk_world.disable(flag)

    def _serving(self) -> dict:
        chance, serving = self.chance, {}
        if chance.random() < 0.2:
            serving["default_variant_key"] = chance.choice([None, *self.values])
        if chance.random() < 0.1:
            serving["override_variant_key"] = chance.choice(list(self.values))
        if chance.random() < 0.3:
            serving["off_variant_key"] = chance.choice(list(self.values))
        return serving

    def _allocation(self) -> dict:
        chance = self.chance
        more = {"variant_weights": weights(**self._weights())}
        if chance.random() < 0.7:
            more["targeting_rules"] = [self._rule() for _ in range(chance.randint(1, 3))]
        if chance.random() < 0.5:
            more["exposure_schedule"] = exposure(chance.choice([0, 0.0001, 0.1, 0.3333, 0.5, 0.9999, 1]))
        return gate(**more)

    def _weights(self) -> dict[str, float]:
        chance = self.chance
        keys = chance.sample(list(self.values), chance.randint(1, len(self.values)))
        cuts = sorted(round(chance.uniform(0, 100), chance.choice([0, 2])) for _ in keys[1:])
        shares = [round(end - start, 2) for start, end in zip([0, *cuts], [*cuts, 100], strict=True)]
        return dict(zip(keys, shares, strict=True))

    def _rule(self) -> dict:
        return rule(*(self._condition() for _ in range(self.chance.choice([1, 1, 1, 2, 3]))))

    def _condition(self) -> dict:
        chance = self.chance
        operators = [*OTHERS, *ORDERS, *EQUALITIES]
        operator = operators[self._turn % len(operators)]
        self._turn += 1
        attribute = chance.choice(list(ATTRIBUTES))
        if operator in (*ORDERS, *EQUALITIES):
            attribute, values = chance.choice(["version", "version", "version", "build"]), [chance.choice(VERSIONS)]
        elif operator in ("LT", "LTE", "GT", "GTE"):
            attribute, values = chance.choice(["age", "age", "age", attribute]), [chance.choice(NUMBERS)]
        elif operator in ("MATCHES", "NOT_MATCHES"):
            values = chance.sample(PATTERNS, chance.randint(1, 2))
        elif operator == "IS_NULL":
            values = [chance.choice(["true", "false"])]
        else:
            values = chance.sample(MEMBERS, chance.randint(1, 6))
        made = condition(attribute, operator, *values)
        self.conditions.append(made)
        return made

    def compares_versions(self) -> bool:
        return any(made["operator"] in ORDERS for made in self.conditions)

    def eppo_differs(self, subject: Subject) -> bool:
        """Whether Eppo's dialect says something else of versions here: it compares equality as text, and order only
        between versions of three parts without build metadata."""

        def differs(made: dict) -> bool:
            operator, (comparand, *_) = made["operator"], made["value"]
            given = subject.attributes.get(made["attribute"])
            if operator not in (*ORDERS, *EQUALITIES) or given is None:
                return False
            is_plain = isinstance(given, str) and PLAIN_VERSION.fullmatch(given) is not None
            return not is_plain or (operator in EQUALITIES and PLAIN_VERSION.fullmatch(comparand) is None)

        return any(differs(made) for made in self.conditions)


def text_of(value) -> str:
    """A value as the management API takes it."""
    return value if isinstance(value, str) else json.dumps(value)


def random_flags(chance: random.Random) -> list[RandomFlag]:
    return [RandomFlag(chance, number) for number in range(FLAGS)]


def random_subjects(chance: random.Random, count: int = SUBJECTS) -> list[Subject]:
    """An attribute that has none is null at times, which is the same."""

    def attributes() -> dict:
        found = {}
        for name, values in ATTRIBUTES.items():
            if chance.random() < (0.2 if name == "id" else 0.85):
                found[name] = chance.choice(values)
            elif chance.random() < 0.3:
                found[name] = None
        return found

    def key() -> str:
        return f"{chance.choice(['user', 'ünï', 'a b/'])}-{chance.randrange(10**9)}"

    return [Subject(key(), attributes()) for _ in range(count)]
