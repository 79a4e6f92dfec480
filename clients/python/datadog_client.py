"""The official client of the Datadog API, set up as its users do: another host, two keys."""

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException, ForbiddenException, NotFoundException, UnauthorizedException
from datadog_api_client.model_utils import OpenApiModel, UnparsedObject
from datadog_api_client.v2.api.feature_flags_api import FeatureFlagsApi
from urllib3 import Retry

EXCEPTIONS = {401: UnauthorizedException, 403: ForbiddenException, 404: NotFoundException}


def configuration(server) -> Configuration:
    settings = Configuration(
        host=server.url,
        api_key={
            "apiKeyAuth": server.bootstrap["api_key"],
            "appKeyAuth": server.bootstrap["application_key"],
        },
    )
    settings.return_http_data_only = False
    # urllib3 beneath the client waits for Retry-After and asks again unless it is told not to.
    settings.retry_policy = Retry(0)
    return settings


class DatadogClient:
    """Calls operations by the client's own names and insists on status, media type and full decoding."""

    def __init__(self, server, api=FeatureFlagsApi, **keys) -> None:
        settings = configuration(server)
        settings.api_key |= keys
        self.api = api(ApiClient(settings))

    def expect(self, status: int, operation: str, *arguments, **named):
        answer, actual, headers = getattr(self.api, operation)(*arguments, **named)
        assert actual == status, f"{operation} answered {actual}"
        if answer is not None:
            assert headers["content-type"] == "application/vnd.api+json"
            assert list(unparsed_places(answer)) == [], f"{operation}: {answer}"
        return answer


def unparsed_places(value, place: str = "answer"):
    """Where in a decoded answer the client gave up and kept raw JSON."""
    if isinstance(value, UnparsedObject):
        yield place
    elif isinstance(value, OpenApiModel):
        found = False
        for name, member in (getattr(value, "_data_store", None) or {}).items():
            for nested in unparsed_places(member, f"{place}.{name}"):
                found = True
                yield nested
        if value._unparsed and not found:
            yield place
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from unparsed_places(member, f"{place}.{name}")
    elif isinstance(value, (list, tuple)):
        for position, member in enumerate(value):
            yield from unparsed_places(member, f"{place}[{position}]")


def refusal(status: int, call, *arguments, **named) -> ApiException:
    """The exception that the client raises; its body is an array of strings, as documented."""
    with pytest.raises(EXCEPTIONS.get(status, ApiException)) as raised:
        call(*arguments, **named)
    assert raised.value.status == status, raised.value
    assert set(raised.value.body) == {"errors"}
    texts = raised.value.body["errors"]
    assert texts and all(isinstance(text, str) and text for text in texts), texts
    return raised.value


def refused(status: int, call, *arguments, **named) -> list[str]:
    """The texts of the refusal."""
    return refusal(status, call, *arguments, **named).body["errors"]
