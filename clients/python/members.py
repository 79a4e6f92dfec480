"""Members of the project besides its administrator, each with keys of their own."""

from datadog_client import DatadogClient
from server import Server
from wire import Wire


class Member:
    """A service account and what it sends: through the official client, and as bytes."""

    def __init__(self, server: Server, administrator: Wire, role: str, **key) -> None:
        self.id = administrator.create_service_account(role)
        self.key = administrator.create_application_key(self.id, **key)
        self.datadog = DatadogClient(server, appKeyAuth=self.key["secret"])
        self.wire = Wire(server.url, server.management_headers | {"DD-APPLICATION-KEY": self.key["secret"]})
