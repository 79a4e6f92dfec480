"""schemathesis and Flagmint's operations of a project."""

from documented import caller, checks_of, existing

(
    test_any_request_is_answered_as_documented,
    test_any_request_about_what_exists_is_answered_as_documented,
) = checks_of("projects")
