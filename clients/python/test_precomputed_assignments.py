"""What browsers and mobile applications get: values of one subject, asked for as Datadog's SDKs do."""

import datetime

import httpx
import pytest

from sdk_world import OPERATORS, SUBJECTS, VALUES, attributes_of, gate, key_of
from wire import JSON_API, condition, rule, variant, weights

PRECOMPUTE = "/precompute-assignments"
PAGE = "https://shop.example"
MEMBERS = {"allocationKey", "variationKey", "variationType", "variationValue", "reason", "doLog", "extraLogging"}
TYPES = {"BOOLEAN": "boolean", "STRING": "string", "INTEGER": "integer", "NUMERIC": "float", "JSON": "object"}


class Browser:
    """A page with the client token of an environment."""

    def __init__(self, url: str, token: str) -> None:
        self.headers = {
            "Content-Type": JSON_API,
            "Origin": PAGE,
            "dd-client-token": token,
            "dd-application-id": "0a1b2c3d-0000-4000-8000-000000000000",
        }
        self._client = httpx.Client(base_url=url)

    def ask(self, body, query: str = "?dd_env=production", **headers: str) -> httpx.Response:
        content = {"json": body} if isinstance(body, dict) else {"content": body}
        return self._client.post(f"{PRECOMPUTE}{query}", headers=self.headers | headers, **content)

    def flags(self, targeting_key: str | None = "alice", **attributes) -> dict:
        answer = self.ask(request(targeting_key, **attributes))
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["attributes"]["flags"]

    def close(self) -> None:
        self._client.close()


def as_javascript_writes(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else f"{value:g}"


def request(targeting_key: str | None = "alice", env: dict | None = None, **attributes) -> dict:
    """As SDKs send it: every attribute as text."""
    stringified = {name: as_javascript_writes(value) for name, value in attributes.items()}
    return {
        "data": {
            "type": "precompute-assignments-request",
            "attributes": {
                "env": env or {"dd_env": "production"},
                "source": {"sdk_name": "browser", "sdk_version": "1.2.5"},
                "subject": {"targeting_key": targeting_key, "targeting_attributes": stringified},
            },
        }
    }


@pytest.fixture(scope="module")
def browser(server, sdk_world):
    page = Browser(server.url, sdk_world.production["client_sdk_key"])
    yield page
    page.close()


def assert_error(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert all(error["detail"] for error in answer.json()["errors"]), answer.text
    assert answer.json()["errors"]


# Values.


def test_the_answer_is_one_resource(browser):
    answer = browser.ask(request())
    assert answer.headers["content-type"] == JSON_API
    data = answer.json()["data"]
    assert (data["type"], isinstance(data["id"], str)) == ("precomputed-assignments", True)
    assert datetime.datetime.fromisoformat(data["attributes"]["createdAt"]).tzinfo is not None


@pytest.mark.parametrize("name", VALUES)
def test_an_assignment_has_every_member_and_a_value_of_its_type(browser, sdk_world, name):
    value_type, _, _, expected = VALUES[name]
    assignment = browser.flags()[sdk_world.typed[name]]
    assert set(assignment) - {"serialId"} == MEMBERS
    assert assignment["variationValue"] == expected
    assert isinstance(assignment["variationValue"], type(expected))
    served = ("variationKey", "variationType", "reason", "doLog", "extraLogging")
    assert [assignment[member] for member in served] == ["served", TYPES[value_type], "STATIC", False, {}]
    assert isinstance(assignment["allocationKey"], str)


def test_an_allocation_is_named_with_its_reason(browser, sdk_world):
    targeted = gate(targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100))
    split = gate(variant_weights=weights(a=50, b=50))
    key = sdk_world.key(allocations=[targeted, split])
    for attributes, allocation, reason in (({"plan": "beta"}, targeted, "TARGETING_MATCH"), ({}, split, "SPLIT")):
        assignment = browser.flags(**attributes)[key]
        served = [assignment[member] for member in ("allocationKey", "reason", "doLog")]
        assert served == [allocation["attributes"]["key"], reason, True]


# Which variant.


@pytest.mark.parametrize("operator", OPERATORS)
def test_conditions_hold_for_attributes_as_text(browser, sdk_world, operator):
    _, matching, passing = OPERATORS[operator]

    def served(value):
        return browser.flags(**attributes_of(value))[sdk_world.compared[operator]]["variationValue"]

    assert {repr(value): served(value) for value in matching} == {repr(value): "beta" for value in matching}
    assert {repr(value): served(value) for value in passing} == {repr(value): "alpha" for value in passing}


def test_numbers_and_booleans_may_come_as_text(browser, sdk_world):
    adult = rule(condition("age", "GTE", "18"), condition("member", "ONE_OF", "true"))
    key = sdk_world.key(allocations=[gate(targeting_rules=[adult], variant_weights=weights(b=100))])
    assert browser.flags(age="42", member="true")[key]["variationValue"] == "beta"
    assert browser.flags(age="18.0", member="true")[key]["variationValue"] == "beta"
    assert browser.flags(age="9", member="true")[key]["variationValue"] == "alpha"
    assert browser.flags(age="42", member="false")[key]["variationValue"] == "alpha"


def test_subjects_get_what_ofrep_says_they_get(browser, sdk_world):
    key = key_of(sdk_world.split())
    assert {one: browser.flags(one)[key]["variationValue"] for one in SUBJECTS} == sdk_world.over_ofrep(key)


def test_flags_without_a_variant_are_left_out(browser, sdk_world):
    disabled, archived, without = sdk_world.disabled(), sdk_world.archived(), sdk_world.flag()
    sdk_world.serve(without, default_variant_key=None)
    split = sdk_world.key(allocations=[gate(variant_weights=weights(a=50, b=50))])
    off = sdk_world.disabled()
    sdk_world.serve(off, off_variant_key="c")
    flags = browser.flags(None)
    assert not {*map(key_of, (disabled, archived, without)), split} & set(flags)
    assert split in browser.flags("alice")
    assert flags[key_of(off)]["variationValue"] == "gamma"


def test_only_flags_for_clients_are_told_of(browser, sdk_world):
    channels = {channel: sdk_world.key(distribution_channel=channel) for channel in ("ALL", "CLIENT", "SERVER")}
    flags = browser.flags()
    assert [channel for channel, key in channels.items() if key in flags] == ["ALL", "CLIENT"]


def test_rules_and_other_variants_stay_secret(browser, sdk_world):
    secret = gate(targeting_rules=[rule(condition("salary", "GTE", "4711"))], variant_weights=weights(b=100))
    sdk_world.key("STRING", [variant("a", "seen"), variant("b", "unseen")], allocations=[secret])
    text = browser.ask(request()).text
    assert "seen" in text
    for hidden in ("salary", "4711", "unseen", secret["attributes"]["key"]):
        assert hidden not in text


# Requests.


@pytest.mark.parametrize(
    ("query", "env"),
    [
        ("", {"dd_env": "prod"}),
        ("?dd_env=prod", {"dd_env": "production"}),
        ("", {"name": "production", "dd_env": "production"}),
    ],
)
def test_browsers_ios_and_android_say_their_environment_in_their_own_ways(browser, sdk_world, query, env):
    answer = browser.ask(request(env=env), query)
    assert answer.status_code == 200, answer.text
    assert sdk_world.typed["string"] in answer.json()["data"]["attributes"]["flags"]


@pytest.mark.parametrize(("query", "env"), [("?dd_env=staging", None), ("", {"dd_env": "staging"})])
def test_another_environment_is_refused(browser, query, env):
    assert_error(browser.ask(request(env=env), query), 403)


@pytest.mark.parametrize("token", ["pub" + "0" * 32, "", "ffc_" + "0" * 64])
def test_unknown_tokens_are_refused(server, token):
    stranger = Browser(server.url, token)
    assert_error(stranger.ask(request()), 401)
    stranger.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", {}, {"data": {}}, {"data": {"attributes": {}}}, request(targeting_key=1), b"\xff"],
)
def test_bad_requests_are_told_what_is_wrong(browser, body):
    assert_error(browser.ask(body), 400)


# Other origins.


def preflight(url: str, *headers: str) -> httpx.Response:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ", ".join(headers),
    }
    return httpx.options(f"{url}{PRECOMPUTE}?dd_env=production", headers=asked)


def test_pages_of_any_origin_may_ask(server):
    names = ["content-type", "dd-client-token", "dd-application-id"]
    answer = preflight(server.url, *names)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] in ("*", PAGE)
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert allowed >= set(names)


def test_pages_may_read_answers_and_errors(browser):
    answers = [browser.ask(request()), browser.ask(b"{"), browser.ask(request(), **{"dd-client-token": "nobody"})]
    assert [answer.status_code for answer in answers] == [200, 400, 401]
    assert {answer.headers.get("access-control-allow-origin") for answer in answers} <= {"*", PAGE}
