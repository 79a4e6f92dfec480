"""Fixtures: one server for each file of tests; its log is shown beside a failed test."""

import pytest

pytest.register_assert_rewrite("ddtrace_stories")

from approvals import ENABLE, Guarded
from datadog_client import DatadogClient
from members import Member
from sdk_world import SdkWorld
from server import Server
from wire import ENVIRONMENTS, Wire, environment_body

LOG_TAIL_LINES = 30
# Handed out first when several processes share the work: a long file that is left for the end keeps one busy alone.
LONG_FILES = (
    "test_guardrails",
    "test_rollouts",
    "test_schemathesis_projects",
    "test_schemathesis_feature_flags",
    "test_schemathesis_api_v1",
    "test_schemathesis_rest",
)


@pytest.fixture(scope="module")
def server(request):
    """An Agent too, where the file says `AGENT = True`."""
    running = Server(agent=getattr(request.module, "AGENT", False)).start()
    yield running
    assert running.stop() == 0, f"SIGTERM did not end the server cleanly:\n{running.log()[-4000:]}"


@pytest.fixture(scope="module")
def wire(server):
    with Wire(server.url, server.management_headers) as management:
        yield management


@pytest.fixture(scope="module")
def datadog(server):
    return DatadogClient(server)


@pytest.fixture(scope="module")
def sdk_world(server, wire):
    return SdkWorld(server, wire)


@pytest.fixture(scope="module")
def viewer(server, wire):
    return Member(server, wire, "viewer")


@pytest.fixture(scope="module")
def editor(server, wire):
    return Member(server, wire, "editor")


@pytest.fixture(scope="module")
def colleague(server, wire):
    """Another editor: somebody who may approve what the first one suggests."""
    return Member(server, wire, "editor")


@pytest.fixture(scope="module")
def protected(server, wire):
    """Staging, where every change needs an approval."""
    environment = server.environment("staging")
    change = environment_body("Staging", environment["queries"], require_feature_flag_approval=True)
    wire.expect(200, "PUT", f"{ENVIRONMENTS}/{environment['id']}", change)
    return environment


@pytest.fixture
def guarded(server, datadog, protected):
    """A flag that is enabled there."""
    made = Guarded(server, datadog, protected)
    datadog.expect(200, ENABLE, *made.place)
    return made


@pytest.fixture
def production(server):
    return server.environment("production")


@pytest.fixture
def staging(server):
    return server.environment("staging")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        # schemathesis gives all operations of a test one id. pytest-xdist would run the first of them and drop the rest.
        if not item.nodeid.endswith(f"::{item.name}"):
            item._id = item.parent.id.child(item.name)
    ids = [item.nodeid for item in items]
    assert len(set(ids)) == len(ids), f"ids of several tests: {sorted({one for one in ids if ids.count(one) > 1})}"
    order = {name: position for position, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    arguments = getattr(item, "funcargs", {})
    running = arguments.get("server") or arguments.get("life")
    if report.failed and running is not None:
        tail = running.log().splitlines()[-LOG_TAIL_LINES:]
        report.sections.append((f"last {LOG_TAIL_LINES} lines of the server's log", "\n".join(tail)))
