"""How late rollouts move that are due in the same moment: `rollouts.py BOOTSTRAP_JSON COUNT`.

Each flag has a rollout of two steps of two seconds that starts at the same absolute time. An application asks for all flags again and
again and notes when each turned; the server says when it made each move.
"""

import http.client
import json
import sys
import time
from datetime import datetime, timedelta, timezone

VARIANTS = [{"key": "off", "name": "Off", "value": "false"}, {"key": "on", "name": "On", "value": "true"}]
STEPS_MS = 2_000


def main():
    bootstrap, count = json.load(open(sys.argv[1])), int(sys.argv[2])
    production = next(place for place in bootstrap["environments"] if place["key"] == "production")
    connection = http.client.HTTPConnection(bootstrap["url"].removeprefix("http://"))
    keys = {"DD-API-KEY": bootstrap["api_key"], "DD-APPLICATION-KEY": bootstrap["application_key"]}

    def ask(method, path, body=None, headers=keys):
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status in (200, 201), (answer.status, content[:300])
        return json.loads(content) if content else None

    flags = []
    for number in range(count):
        attributes = {"key": f"ramp-{number}", "name": f"Ramp {number}", "value_type": "BOOLEAN", "variants": VARIANTS}
        body = {"data": {"type": "feature-flags", "attributes": attributes}}
        flags.append(ask("POST", "/api/v2/feature-flags", body)["data"]["id"])
        ask("POST", f"/api/v2/feature-flags/{flags[-1]}/environments/{production['id']}/enable")
    start = datetime.now(timezone.utc) + timedelta(seconds=count * 0.02 + 3)
    for number, flag in enumerate(flags):
        steps = [
            {"exposure_ratio": ratio, "grouped_step_index": group, "is_pause_record": False, "interval_ms": STEPS_MS}
            for group, ratio in enumerate([0.0, 1.0])
        ]
        schedule = {
            "rollout_options": {"strategy": "UNIFORM_INTERVALS"},
            "rollout_steps": steps,
            "absolute_start_time": start.isoformat(),
        }
        attributes = {
            "key": f"ramp-{number}",
            "name": f"Ramp {number}",
            "type": "CANARY",
            "variant_weights": [{"variant_key": "on", "value": 100}],
            "exposure_schedule": schedule,
        }
        body = {"data": [{"type": "allocations", "attributes": attributes}]}
        ask("PUT", f"/api/v2/feature-flags/{flag}/environments/{production['id']}/allocations", body)
    assert datetime.now(timezone.utc) < start, "making them took longer than thought"

    due = start + timedelta(milliseconds=STEPS_MS)
    seen = {}
    sdk = {"X-API-Key": production["server_sdk_key"]}
    time.sleep(max(0, (due - datetime.now(timezone.utc)).total_seconds() - 0.2))
    while len(seen) < count:
        answer = ask("POST", "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "alice"}}, sdk)
        now = datetime.now(timezone.utc)
        for flag in answer["flags"]:
            if flag["key"].startswith("ramp-") and flag.get("value") is True:
                seen.setdefault(flag["key"], (now - due).total_seconds())
        assert now - due < timedelta(seconds=60), f"only {len(seen)} of {count} turned"
        time.sleep(0.02)
    made = []
    rollouts = ask("GET", "/api/v1/rollouts?limit=500")["data"]
    for rollout in rollouts:
        last = rollout["last_transition"]
        made.append((datetime.fromisoformat(last["at"]) - datetime.fromisoformat(last["due_at"])).total_seconds())
    for name, values in [("moved", sorted(made)), ("seen by an application", sorted(seen.values()))]:
        place = lambda share: values[int((len(values) - 1) * share)] * 1_000
        print(f"{count} rollouts due at once, {name} after: median {place(0.5):.0f} ms, 99 % {place(0.99):.0f} ms, last {place(1):.0f} ms")


main()
