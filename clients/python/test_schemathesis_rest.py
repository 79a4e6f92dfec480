"""schemathesis and every operation that is in no other part; what the document has to describe."""

from documented import caller, checks_of, document, existing

(
    test_any_request_is_answered_as_documented,
    test_any_request_about_what_exists_is_answered_as_documented,
) = checks_of("rest")


def test_the_document_describes_every_operation_of_the_contract():
    described = {(method.upper(), path) for path, operations in document()["paths"].items() for method in operations}
    flags = "/api/v2/feature-flags"
    flag, environments = f"{flags}/{{feature_flag_id}}", f"{flags}/environments"
    assert described >= {
        ("GET", flags),
        ("POST", flags),
        ("GET", flag),
        ("PUT", flag),
        ("POST", f"{flag}/archive"),
        ("POST", f"{flag}/unarchive"),
        ("POST", f"{flag}/variants"),
        ("PUT", f"{flag}/variants/{{variant_id}}"),
        ("DELETE", f"{flag}/variants/{{variant_id}}"),
        ("POST", f"{flag}/environments/{{environment_id}}/allocations"),
        ("PUT", f"{flag}/environments/{{environment_id}}/allocations"),
        ("POST", f"{flag}/environments/{{environment_id}}/enable"),
        ("POST", f"{flag}/environments/{{environment_id}}/disable"),
        ("GET", environments),
        ("POST", environments),
        ("GET", f"{environments}/{{environment_id}}"),
        ("PUT", f"{environments}/{{environment_id}}"),
        ("DELETE", f"{environments}/{{environment_id}}"),
        ("POST", "/ofrep/v1/evaluate/flags"),
        ("POST", "/ofrep/v1/evaluate/flags/{key}"),
    }
