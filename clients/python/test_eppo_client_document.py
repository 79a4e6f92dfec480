"""The document that Eppo's SDKs for browsers read with a client key: names are hashed, the rest is base64."""

import base64
import hashlib
import json

import httpx
import pytest

from sdk_world import OPERATORS, SUBJECTS, VALUES, gate, key_of
from wire import condition, rule, variant, weights

CONFIGURATION = "/api/flag-config/v1/config"
OPERATOR_HASHES = {
    "GTE": "32d35312e8f24bc1669bd2b45c00d47c",
    "GT": "cd6a9bd2a175104eed40f0d33a8b4020",
    "LTE": "cc981ecc65ecf63ad1673cbec9c64198",
    "LT": "c562607189d77eb9dfb707464c1e7b0b",
    "MATCHES": "05015086bdd8402218f6aad6528bef08",
    "NOT_MATCHES": "8323761667755378c3a78e0a6ed37a78",
    "ONE_OF": "27457ce369f2a74203396a35ef537c0b",
    "NOT_ONE_OF": "602f5ee0b6e84fe29f43ab48b9e1addf",
    "IS_NULL": "dbd9c38e0339e6c34bd48cafc59be388",
}


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


@pytest.fixture
def read(server, sdk_world):
    """Reads the document as browsers do."""

    def fetch() -> httpx.Response:
        query = {"apiKey": sdk_world.production["client_sdk_key"], "sdkName": "js-client-sdk", "sdkVersion": "3.15.0"}
        answer = httpx.get(f"{server.url}{CONFIGURATION}", params=query)
        assert answer.status_code == 200, answer.text
        return answer

    return fetch


def published(answer: httpx.Response, key: str) -> dict:
    flag = answer.json()["flags"][md5(key)]
    assert flag["key"] == md5(key)
    return flag


def test_a_client_key_gets_the_obfuscated_format(read):
    document = read().json()
    assert (document["format"], document["environment"]["name"]) == ("CLIENT", "production")
    assert isinstance(document["createdAt"], str)


@pytest.mark.parametrize("name", VALUES)
def test_values_are_text_in_base64(read, sdk_world, name):
    value_type, text, _, expected = VALUES[name]
    flag = published(read(), sdk_world.typed[name])
    assert (flag["enabled"], flag["variationType"]) == (True, value_type)
    variation = flag["variations"][encoded("served")]
    assert variation["key"] == encoded("served")
    value = decoded(variation["value"])
    assert (value if value_type == "STRING" else json.loads(value)) == expected


COMPARED = ["LT", "LTE", "GT", "GTE", "MATCHES", "NOT_MATCHES", "ONE_OF", "NOT_ONE_OF", "EQUALS", "IS_NULL"]


@pytest.mark.parametrize("operator", COMPARED)
def test_conditions_hide_what_they_compare(read, sdk_world, operator):
    values, operator_name = OPERATORS[operator][0], {"EQUALS": "ONE_OF"}.get(operator, operator)
    first = published(read(), sdk_world.compared[operator])["allocations"][0]
    (hidden,) = first["rules"][0]["conditions"]
    assert (hidden["attribute"], hidden["operator"]) == (md5("x"), OPERATOR_HASHES[operator_name])
    if operator_name in ("ONE_OF", "NOT_ONE_OF"):
        assert hidden["value"] == [md5(value) for value in values]
    elif operator_name == "IS_NULL":
        assert hidden["value"] == md5(values[0])
    elif operator_name == "MATCHES":
        assert decoded(hidden["value"]) == "(?:^b.+a$)|(?:^x)"
    elif operator_name == "NOT_MATCHES":
        assert decoded(hidden["value"]) == values[0]
    else:
        assert float(decoded(hidden["value"])) == float(values[0])


def test_keys_of_allocations_and_variants_are_base64(read, sdk_world):
    targeted = gate(targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100))
    key = sdk_world.key(allocations=[targeted])
    first, default = published(read(), key)["allocations"]
    assert (decoded(first["key"]), first["doLog"]) == (targeted["attributes"]["key"], True)
    assert [decoded(split["variationKey"]) for split in first["splits"]] == ["b"]
    assert [decoded(split["variationKey"]) for split in default["splits"]] == ["a"]
    assert default["rules"] == []


def test_salts_are_base64_and_share_subjects_as_ofrep_does(read, sdk_world):
    key = key_of(sdk_world.split())
    flag = published(read(), key)

    def matches(shard: dict, subject: str) -> bool:
        digest = hashlib.md5(f"{decoded(shard['salt'])}-{subject}".encode()).digest()
        bucket = int.from_bytes(digest[:4], "big") % flag["totalShards"]
        return any(part["start"] <= bucket < part["end"] for part in shard["ranges"])

    def served(subject: str) -> str:
        splits = (split for allocation in flag["allocations"] for split in allocation["splits"])
        split = next(split for split in splits if all(matches(shard, subject) for shard in split["shards"]))
        return decoded(flag["variations"][split["variationKey"]]["value"])

    assert {one: served(one) for one in SUBJECTS} == sdk_world.over_ofrep(key)


def test_nothing_is_readable(read, sdk_world):
    secret = gate(targeting_rules=[rule(condition("salary", "ONE_OF", "director"))], variant_weights=weights(hidden=100))
    variants = [variant("shown", "public"), variant("hidden", "unannounced")]
    key = sdk_world.key("STRING", variants, allocations=[secret])
    text = read().text
    for word in (key, "salary", "director", "hidden", "unannounced", "ONE_OF", secret["attributes"]["key"]):
        assert f'"{word}"' not in text


def test_only_flags_for_clients_are_in_it(read, sdk_world):
    channels = {channel: sdk_world.key(distribution_channel=channel) for channel in ("ALL", "CLIENT", "SERVER")}
    flags = read().json()["flags"]
    assert [channel for channel, key in channels.items() if md5(key) in flags] == ["ALL", "CLIENT"]


def test_disabled_flags_say_so_and_archived_ones_are_gone(read, sdk_world):
    disabled, archived = key_of(sdk_world.disabled()), key_of(sdk_world.archived())
    answer = read()
    assert published(answer, disabled)["enabled"] is False
    assert md5(archived) not in answer.json()["flags"]


def test_there_are_no_bandits(server, sdk_world):
    for channel in ("server", "client"):
        query = {"apiKey": sdk_world.production[f"{channel}_sdk_key"]}
        answer = httpx.get(f"{server.url}/api/flag-config/v1/bandits", params=query)
        assert answer.json()["bandits"] == {}
        assert isinstance(answer.json()["updatedAt"], str)
