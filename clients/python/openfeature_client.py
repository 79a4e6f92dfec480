"""Applications: OpenFeature clients that evaluate over OFREP with one SDK key each."""

import contextlib

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


def subject(targeting_key: str | None, **attributes) -> EvaluationContext:
    return EvaluationContext(targeting_key=targeting_key, attributes=attributes)


@contextlib.contextmanager
def application(url: str, sdk_key: str, header: str = "X-API-Key"):
    """A client on a provider of its own."""
    value = f"Bearer {sdk_key}" if header == "Authorization" else sdk_key
    domain = f"{url}/{header}/{sdk_key}"
    api.set_provider(OFREPProvider(url, headers_factory=lambda: {header: value}), domain)
    yield api.get_client(domain)
