"""Connections as clients with pools use them: kept, used again, and told when they close."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

import pytest

from wire import FLAGS

BODY = b'{"data":{"type":"feature-flags","attributes":{"key":"late","name":"Late"}}}'
JSON = "application/json"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: flaghoist\r\n\r\n"


class Connection:
    """One TCP connection on which requests are written piece by piece."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self._unread = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_if_open(self, data: bytes) -> None:
        """Sends to a server that may have answered and closed by now; the answer can still be read."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send(data)

    def head(self, method: str, path: str, headers: dict[str, str], length: int) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: flaghoist", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def answer(self) -> tuple[int, str]:
        """Status and head of the next answer; its body is read and dropped."""
        while b"\r\n\r\n" not in self._unread:
            self._receive()
        head, _, rest = self._unread.partition(b"\r\n\r\n")
        text = head.decode().lower()
        lengths = [line.split(":")[1] for line in text.split("\r\n") if line.startswith("content-length:")]
        length = int(lengths[0]) if lengths else 0
        self._unread = rest
        while len(self._unread) < length:
            self._receive()
        self._unread = self._unread[length:]
        return int(text.split()[1]), text

    def _receive(self) -> None:
        received = self._socket.recv(65536)
        assert received, "the server closed the connection without an answer"
        self._unread += received


@pytest.mark.parametrize(
    ("status", "method", "path", "media_type", "keys"),
    [
        (401, "POST", FLAGS, JSON, False),
        (404, "POST", "/nothing/here", JSON, True),
        (404, "POST", f"{FLAGS}/no-uuid/archive", JSON, True),
        (405, "PATCH", FLAGS, JSON, True),
        (415, "POST", FLAGS, "text/plain", True),
        (401, "POST", "/ofrep/v1/evaluate/flags/any", JSON, False),
    ],
)
def test_a_refusal_before_the_body_came_leaves_a_connection_that_works_or_says_that_it_closes(
    server, status, method, path, media_type, keys
):
    headers = {"Content-Type": media_type} | (server.management_headers if keys else {})
    with Connection(server.url) as connection:
        connection.send(connection.head(method, path, headers, len(BODY)))
        time.sleep(0.1)
        connection.send_if_open(BODY)
        actual, head = connection.answer()
        assert actual == status
        if "connection: close" not in head:
            connection.send(HEALTH)
            assert connection.answer()[0] == 200


def test_one_connection_carries_many_requests(server):
    with Connection(server.url) as connection:
        for _ in range(50):
            connection.send(HEALTH)
            assert connection.answer()[0] == 200
