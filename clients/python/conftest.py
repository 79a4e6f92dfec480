"""Fixtures: one server for each file of tests; its log is shown beside a failed test."""

import pytest

from datadog_client import DatadogClient
from server import Server
from wire import Wire

LOG_TAIL_LINES = 30


@pytest.fixture(scope="module")
def server():
    running = Server().start()
    yield running
    assert running.stop() == 0, f"SIGTERM did not end the server cleanly:\n{running.log()[-4000:]}"


@pytest.fixture(scope="module")
def wire(server):
    with Wire(server.url, server.management_headers) as management:
        yield management


@pytest.fixture(scope="module")
def datadog(server):
    return DatadogClient(server)


@pytest.fixture
def production(server):
    return server.environment("production")


@pytest.fixture
def staging(server):
    return server.environment("staging")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    running = getattr(item, "funcargs", {}).get("server")
    if report.failed and running is not None:
        tail = running.log().splitlines()[-LOG_TAIL_LINES:]
        report.sections.append((f"last {LOG_TAIL_LINES} lines of the server's log", "\n".join(tail)))
