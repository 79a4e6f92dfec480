"""The documents that SDKs read, as bytes: entity tags, encodings, keys, environments."""

import gzip
import json
import re

import httpx
import pytest
import zstandard

from sdk_world import gate, key_of
from wire import weights

DATADOG = "/api/v2/feature-flagging/config/rules-based/server"
EPPO = "/api/flag-config/v1/config"
OURS = "/sdk/v1/config"
DOCUMENTS = [DATADOG, EPPO, OURS]
STRONG_TAG = re.compile(r'"[!#-~]+"')
DECODERS = {
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}

every_document = pytest.mark.parametrize("path", DOCUMENTS)


class Reader:
    """Asks for documents of an environment and shows them as they come."""

    def __init__(self, url: str, environment: dict) -> None:
        self.url, self.environment = url, environment

    def get(self, path: str, channel: str = "server", **headers: str) -> httpx.Response:
        """With `body`, the bytes before any decoding. Asks for no encoding unless told to."""
        sent = {"x-api-key": self.environment[f"{channel}_sdk_key"], "accept-encoding": "identity"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.stream("GET", f"{self.url}{path}", headers=sent) as answer:
            answer.body = b"".join(answer.iter_raw())
        return answer

    def document(self, path: str, **headers: str) -> httpx.Response:
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.body
        return answer

    def tags(self) -> list[str]:
        """Of every document, and of the one of Eppo for clients."""
        server = [self.document(path).headers["etag"] for path in DOCUMENTS]
        return [*server, self.document(EPPO, channel="client").headers["etag"]]


@pytest.fixture
def reader(server, sdk_world):
    return Reader(server.url, sdk_world.production)


@pytest.fixture
def elsewhere(server, staging):
    return Reader(server.url, staging)


# Entity tags.


@every_document
def test_a_document_has_a_strong_tag_until_it_changes(reader, sdk_world, path):
    tag = reader.document(path).headers["etag"]
    assert STRONG_TAG.fullmatch(tag), tag
    assert reader.document(path).headers["etag"] == tag
    sdk_world.key()
    assert reader.document(path).headers["etag"] != tag


@every_document
def test_who_holds_the_document_is_told_so(reader, path):
    tag = reader.document(path).headers["etag"]
    for held in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer = reader.get(path, if_none_match=held)
        assert (answer.status_code, answer.body, answer.headers["etag"]) == (304, b"", tag), held
    for held in ('"other"', tag.strip('"'), 'W/"other"'):
        assert reader.get(path, if_none_match=held).status_code == 200, held


@every_document
def test_a_change_in_one_environment_leaves_the_others_tag(reader, elsewhere, sdk_world, path):
    flag = sdk_world.flag()
    here, there = reader.document(path), elsewhere.document(path)
    sdk_world.replace(flag, gate(variant_weights=weights(c=100)))
    assert reader.get(path, if_none_match=here.headers["etag"]).status_code == 200
    assert elsewhere.get(path, if_none_match=there.headers["etag"]).status_code == 304


def test_a_restart_keeps_every_tag(reader, elsewhere, sdk_world):
    before = [reader.tags(), elsewhere.tags()]
    with sdk_world.away():
        pass
    assert [reader.tags(), elsewhere.tags()] == before


# Encodings.


@every_document
@pytest.mark.parametrize("encoding", DECODERS)
def test_an_encoded_document_is_the_same_under_a_tag_of_its_own(reader, path, encoding):
    plain, encoded = reader.document(path), reader.document(path, accept_encoding=encoding)
    assert "content-encoding" not in plain.headers
    assert encoded.headers["content-encoding"] == encoding
    assert DECODERS[encoding](encoded.body) == plain.body
    assert len(encoded.body) < len(plain.body)
    assert STRONG_TAG.fullmatch(encoded.headers["etag"])
    assert encoded.headers["etag"] != plain.headers["etag"]
    for answer in (plain, encoded):
        assert "accept-encoding" in answer.headers["vary"].lower()
    held = reader.get(path, accept_encoding=encoding, if_none_match=encoded.headers["etag"])
    assert (held.status_code, held.body, held.headers["etag"]) == (304, b"", encoded.headers["etag"])


@pytest.mark.parametrize(
    ("accepted", "encodings"),
    [
        ("gzip", {"gzip"}),
        ("GZIP", {"gzip"}),
        ("deflate, gzip;q=0.5, br", {"gzip"}),
        ("gzip, zstd", {"gzip", "zstd"}),
        ("zstd;q=0, gzip", {"gzip"}),
        ("gzip; q=0.000, zstd", {"zstd"}),
        ("br, deflate", {None}),
        ("gzip;q=0, zstd;q=0", {None}),
        ("", {None}),
    ],
)
def test_only_encodings_that_are_accepted_are_used(reader, accepted, encodings):
    assert reader.document(DATADOG, accept_encoding=accepted).headers.get("content-encoding") in encodings


# Keys and environments.


@every_document
def test_other_keys_read_nothing(server, path):
    strangers = ["ff_" + "0" * 64, server.bootstrap["api_key"], server.bootstrap["application_key"]]
    for headers in [{}, *({"X-API-Key": stranger} for stranger in strangers)]:
        assert httpx.get(f"{server.url}{path}", headers=headers).status_code == 401


@pytest.mark.parametrize("path", [DATADOG, OURS])
def test_documents_of_servers_are_not_for_clients(reader, path):
    assert reader.get(path, channel="client").status_code == 403


@every_document
def test_a_key_comes_in_a_header_or_in_the_address(server, production, reader, path):
    key, document = production["server_sdk_key"], reader.document(path).body
    addresses = [f"{path}?key={key}", f"{path}?apiKey={key}"]
    if path == DATADOG:
        addresses += [f"{path}?dd_env=production&key={key}", f"/sdk/keys/{key}{path}"]
    for address in addresses:
        answer = httpx.get(f"{server.url}{address}")
        assert (answer.status_code, answer.content) == (200, document), address
    for headers in ({"Authorization": f"Bearer {key}"}, {"DD-API-KEY": key}):
        answer = httpx.get(f"{server.url}{path}", headers=headers)
        assert (answer.status_code, answer.content) == (200, document), headers
    assert key not in server.log()


def test_the_environment_asked_for_must_be_the_keys(reader, production):
    for query in ["", *(f"?dd_env={name}" for name in production["queries"])]:
        assert reader.get(f"{DATADOG}{query}").status_code == 200
    for wrong in ("staging", "dev", "nowhere", "Production"):
        assert reader.get(f"{DATADOG}?dd_env={wrong}").status_code == 403, wrong


# Contents.


def test_datadogs_sdks_get_the_document_in_an_envelope(reader):
    resource, bare = (json.loads(reader.document(path).body) for path in (DATADOG, OURS))
    assert set(resource) == {"data"}
    assert resource["data"]["type"] == "universal-flag-configuration"
    assert resource["data"]["attributes"] == bare
    assert isinstance(resource["data"]["id"], str)


def splits_of(flag: dict) -> list[dict]:
    return [split for one in flag["allocations"] for split in one["splits"]]


@pytest.mark.parametrize("path", [OURS, EPPO])
def test_a_document_keeps_every_rule_of_its_dialect(reader, sdk_world, path):
    key = key_of(sdk_world.split())
    document = json.loads(reader.document(path).body)
    assert (document["format"], document["environment"]["name"]) == ("SERVER", "production")
    assert isinstance(document["createdAt"], str)
    for name, flag in document["flags"].items():
        assert flag["key"] == name
        assert all(variation["key"] == at for at, variation in flag["variations"].items())
        assert all(isinstance(one["rules"], list) and isinstance(one["doLog"], bool) for one in flag["allocations"])
        assert all(split["variationKey"] in flag["variations"] for split in splits_of(flag))
        assert all(isinstance(split["shards"], list) for split in splits_of(flag))
    shards = [shard for split in splits_of(document["flags"][key]) for shard in split["shards"]]
    assert shards
    assert all(0 <= part["start"] < part["end"] <= 10000 for shard in shards for part in shard["ranges"])
    json_value = document["flags"][sdk_world.typed["json"]]["variations"]["served"]["value"]
    if path == EPPO:
        assert document["flags"][key]["totalShards"] == 10000
        assert isinstance(json_value, str)
    else:
        assert {shard["totalShards"] for shard in shards} == {10000}
        assert isinstance(json_value, dict)
