"""A rollout that a metric watches, from its definition to what became of it."""

import math
from datetime import datetime
from uuid import UUID

from sdk_world import eventually
from wire import FLAGS, Wire, allocation, unique, variant, weights

SCHEDULES = f"{FLAGS}/exposure-schedules"
ROLLOUTS = "/api/v1/rollouts"
OFF, ON = "off", "on"
ENDS = ("ABORTED", "COMPLETED")
END_SECONDS = 70
HOUR_MS = 3_600_000
# Shares, and for how long.
STEPS = ((0.05, 3_000), (0.25, 4_000), (0.5, 6_000), (1.0, None))
# The last step that is compared is as long as a busy machine may need to make enough visits; harm ends it sooner.
PATIENT_STEPS = ((0.05, 3_000), (0.25, 4_000), (0.5, 45_000), (1.0, None))
# No step ends by itself while a test runs.
STANDING_STEPS = ((0.5, HOUR_MS), (1.0, None))


class GuardedRollout:
    """A flag of which `on` is rolled out in production; whoever is not in gets `off`, the control."""

    def __init__(self, server, wire: Wire, steps=STEPS, **source) -> None:
        self._wire = wire
        self.key, self.allocation_key = unique("checkout"), unique("ramp")
        self.event, self.metric = unique("checkout.error"), unique("checkout-errors")
        self.place = {"flag": self.key, "allocation": self.allocation_key}
        metric = {"id": self.metric, "source": source or {"type": "events", "event": self.event}}
        wire.expect(201, "POST", "/api/v1/metrics", metric)
        flag = wire.create_flag(self.key, "STRING", (variant(OFF, "old"), variant(ON, "new")))
        self.variants = {one["key"]: one["id"] for one in flag["attributes"]["variants"]}
        self._flag_id, self._environment_id = flag["id"], server.environment("production")["id"]
        wanted = allocation(
            self.allocation_key,
            type="CANARY",
            variant_weights=weights(on=100),
            guardrail_metrics=[{"metric_id": self.metric, "trigger_action": "ABORT"}],
            exposure_schedule={
                "rollout_options": {"strategy": "UNIFORM_INTERVALS", "autostart": False},
                "rollout_steps": [planned(group, *one) for group, one in enumerate(steps)],
                "control_variant_key": OFF,
            },
        )
        [saved] = wire.replace_allocations(self._flag_id, self._environment_id, wanted)
        self.id = saved["attributes"]["exposure_schedule"]["id"]
        wire.enable(self._flag_id, self._environment_id)

    def through(self, wire: Wire) -> None:
        """From now on it is asked for at another node."""
        self._wire = wire

    def start(self) -> None:
        self._wire.expect(200, "POST", f"{SCHEDULES}/{self.id}/start")

    def view(self) -> dict:
        return self._wire.expect(200, "GET", f"{ROLLOUTS}/{self.id}").json()

    def status(self) -> str:
        return self.view()["status"]

    def await_step(self, position: int) -> None:
        eventually(lambda: self.view()["current_step_position"] == position, f"the rollout is at step {position}")

    def await_end(self) -> str:
        eventually(lambda: self.status() in ENDS, "the end of the rollout", END_SECONDS)
        return self.status()

    def evidence(self) -> dict:
        return self._wire.expect(200, "GET", f"{ROLLOUTS}/{self.id}/guardrails").json()

    def of_errors(self) -> dict:
        """What the metric says of the treatment."""
        [metric] = self.evidence()["metrics"]
        [found] = metric["evidence"]
        return found

    def counted(self) -> int:
        """How many subjects with an error the guardrail knows."""
        found = self.of_errors()
        return found["n_treatment"] + found["n_control"]

    def exposed(self) -> int:
        """How many subjects it knows at all."""
        return sum(sum(step["exposures"].values()) for step in self.evidence()["steps"])

    def shown(self, datadog) -> dict:
        """The allocation as the Datadog API shows it; its official client decodes all of it."""
        datadog.expect(200, "get_feature_flag", UUID(self._flag_id))
        return self._wire.entry(self._flag_id, self._environment_id)["allocations"][self.allocation_key]


def planned(group: int, ratio: float, interval_ms: int | None) -> dict:
    interval = {} if interval_ms is None else {"interval_ms": interval_ms}
    return {"exposure_ratio": ratio, "grouped_step_index": group, "is_pause_record": False} | interval


class Course:
    """When which share was in force, as it really was."""

    def __init__(self, evidence: dict, heard_of_end_after_ms: int = 0) -> None:
        steps = [
            (milliseconds(one["from"]), milliseconds(one["to"]), one["exposure_ratio"]) for one in evidence["steps"]
        ]
        begin, end, share = steps.pop()
        self._steps = [*steps, (begin, math.inf if end is None else end + heard_of_end_after_ms, share)]

    def share(self, at_ms: int) -> float | None:
        """The share at a time; none before the run and after it."""
        return next((share for begin, end, share in self._steps if begin <= at_ms < end), None)


def milliseconds(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1_000_000) // 1_000
