"""An application with Datadog's tracer: every line on stdin is an evaluation, answered by a line on stdout."""

import contextlib
import json
import sys

from ddtrace.openfeature import DataDogProvider
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError

with contextlib.suppress(ProviderNotReadyError):
    api.set_provider_and_wait(DataDogProvider())
client = api.get_client()
for line in sys.stdin:
    asked = json.loads(line)
    evaluate = getattr(client, f"get_{asked['call']}_details")
    context = EvaluationContext(asked["targeting_key"], asked["attributes"])
    details = evaluate(asked["key"], asked["default"], context)
    answer = {name: getattr(details, name) for name in ("value", "variant", "reason", "error_code", "flag_metadata")}
    print(json.dumps(answer), flush=True)
api.shutdown()
