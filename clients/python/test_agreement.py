"""OFREP, ddtrace and eppo-server-sdk decide alike about random flags and subjects."""

import os
import random

import httpx
import pytest

import agreement
import ddtrace_client
import eppo_application
from agreement import RandomFlag, Subject
from ddtrace_client import AgentApplication, in_query

AGENT = True
SEED = int(os.environ.get("AGREEMENT_SEED", "20261127"))
OFREP = "/ofrep/v1/evaluate/flags"


class Case:
    """A flag and a subject; told so that a failure can be looked into."""

    def __init__(self, flag: RandomFlag, subject: Subject) -> None:
        self.flag, self.subject = flag, subject

    def __str__(self) -> str:
        made = {name: getattr(self.flag, name) for name in ("key", "values", "serving", "is_enabled", "allocations")}
        return f"seed {SEED}: {self.subject} of {made}"


@pytest.fixture(scope="module")
def cases(sdk_world):
    """Every flag with subjects of its own."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    flags = agreement.random_flags(chance)
    for flag in flags:
        flag.create(sdk_world)
    return [Case(flag, subject) for flag in flags for subject in agreement.random_subjects(chance)]


@pytest.fixture(scope="module")
def over_ofrep(server, sdk_world, cases):
    """The variant and the value of each case."""
    with httpx.Client(base_url=server.url, headers={"X-API-Key": sdk_world.production["server_sdk_key"]}) as reader:

        def decide(case: Case):
            context = {"targetingKey": case.subject.key, **case.subject.attributes}
            answer = reader.post(f"{OFREP}/{case.flag.key}", json={"context": context})
            assert answer.status_code == 200, f"{answer.text} {case}"
            decided = answer.json()
            return decided["variant"], decided.get("value", case.flag.default)

        return [decide(case) for case in cases]


@pytest.fixture(scope="module")
def marker(sdk_world, cases):
    """Who knows this flag knows all others."""
    return sdk_world.mark()


def over_ddtrace(application: ddtrace_client.Application, case: Case):
    flag, subject = case.flag, case.subject
    details = application.details(flag.value_type, flag.key, flag.default, subject.key, **subject.attributes)
    assert details["error_code"] is None, f"{details} {case}"
    return details["variant"], details["value"]


def assert_alike(cases: list[Case], found: list, expected: list) -> None:
    wrong = [
        f"{one} instead of {other}: {case}"
        for case, one, other in zip(cases, found, expected, strict=True)
        if (one, type(one[1])) != (other, type(other[1]))
    ]
    assert not wrong, f"{len(wrong)} of {len(cases)} differ, such as\n" + "\n".join(wrong[:3])


def test_the_cases_are_worth_it(cases, over_ofrep):
    """All types and operators, and no answer that could not have been another."""
    flags = {case.flag.key: case.flag for case in cases}.values()
    assert {flag.value_type for flag in flags} == set(agreement.VALUES)
    operators = {made["operator"] for flag in flags for made in flag.conditions}
    assert operators == {*agreement.OTHERS, *agreement.ORDERS, *agreement.EQUALITIES}
    variants = {}
    for case, (variant, _) in zip(cases, over_ofrep, strict=True):
        variants.setdefault(case.flag.key, set()).add(variant)
    assert sum(len(served) > 1 for served in variants.values()) > len(variants) / 3


def test_values_are_those_of_their_variants(cases, over_ofrep):
    def declared(case: Case, variant: str | None):
        return variant, case.flag.values.get(variant, case.flag.default)

    expected = [declared(case, variant) for case, (variant, _) in zip(cases, over_ofrep, strict=True)]
    assert_alike(cases, over_ofrep, expected)


def test_ddtrace_without_an_agent_decides_as_ofrep(server, sdk_world, cases, over_ofrep, marker):
    endpoint = in_query(server.url, sdk_world.production["server_sdk_key"], "production")
    with ddtrace_client.Application(endpoint, DD_ENV="production") as application:
        application.catch_up(marker)
        found = [over_ddtrace(application, case) for case in cases]
    assert_alike(cases, found, over_ofrep)


def test_ddtrace_with_an_agent_decides_as_ofrep(server, cases, over_ofrep, marker):
    with AgentApplication(server.agent_url, "production") as application:
        application.catch_up(marker)
        found = [over_ddtrace(application, case) for case in cases]
    assert_alike(cases, found, over_ofrep)


def test_eppo_decides_as_ofrep_where_versions_mean_the_same(server, sdk_world, cases, over_ofrep, marker):
    decided = zip(cases, over_ofrep, strict=True)
    alike = [(case, answer) for case, answer in decided if not case.flag.eppo_differs(case.subject)]
    assert len(alike) > 0.6 * len(cases)
    assert sum(case.flag.compares_versions() for case, _ in alike) > 100
    with eppo_application.application(server.url, sdk_world.production["server_sdk_key"]) as application:
        assert marker in application.client.get_flag_keys()

        def decide(case: Case):
            flag, subject = case.flag, case.subject
            asked = (flag.value_type, flag.key, flag.default, subject.key)
            value, variant, _ = application.details(*asked, **subject.attributes)
            return variant, value

        found = [decide(case) for case, _ in alike]
    assert_alike([case for case, _ in alike], found, [answer for _, answer in alike])
