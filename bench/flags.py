"""Makes flags in a running server: `flags.py BOOTSTRAP_JSON COUNT`. Mixed types, rules, splits and exposures."""

import json
import sys
import urllib.request


def api(first, method, path, body=None):
    request = urllib.request.Request(
        first["url"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "DD-API-KEY": first["api_key"],
            "DD-APPLICATION-KEY": first["application_key"],
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        text = response.read()
        return json.loads(text) if text else None


def allocations(number):
    key = f"flag-{number:03}"
    rule = {"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta", "staff"]}]}
    adult = {"conditions": [{"attribute": "age", "operator": "GTE", "value": ["18"]}]}
    beta = {
        "key": f"{key}-beta",
        "name": "Beta",
        "type": "FEATURE_GATE",
        "targeting_rules": [rule],
        "variant_weights": [{"variant_key": "on", "value": 100}],
    }
    halves = {
        "key": f"{key}-halves",
        "name": "Halves",
        "type": "FEATURE_GATE",
        "targeting_rules": [adult],
        "variant_weights": [{"variant_key": "on", "value": 50}, {"variant_key": "off", "value": 50}],
        "exposure_schedule": {
            "rollout_options": {"strategy": "NO_ROLLOUT"},
            "rollout_steps": [{"exposure_ratio": 0.5, "grouped_step_index": 0, "is_pause_record": False}],
        },
    }
    return [[beta], [halves], [beta, halves], []][number % 4]


def make_flag(first, number):
    value_type, on, off = [("BOOLEAN", "true", "false"), ("STRING", "yes", "no"), ("NUMERIC", "1.5", "0")][number % 3]
    flag = api(
        first,
        "POST",
        "/api/v2/feature-flags",
        {
            "data": {
                "type": "feature-flags",
                "attributes": {
                    "key": f"flag-{number:03}",
                    "name": f"Flag {number}",
                    "value_type": value_type,
                    "variants": [
                        {"key": "on", "name": "On", "value": on},
                        {"key": "off", "name": "Off", "value": off},
                    ],
                    "default_variant_key": "off",
                },
            }
        },
    )
    environment = first["environments"][2]["id"]
    place = f"/api/v2/feature-flags/{flag['data']['id']}/environments/{environment}"
    data = [{"type": "allocations", "attributes": attributes} for attributes in allocations(number)]
    api(first, "PUT", f"{place}/allocations", {"data": data})
    api(first, "POST", f"{place}/enable")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as opened:
        keys = json.load(opened)
    for position in range(int(sys.argv[2])):
        make_flag(keys, position)
