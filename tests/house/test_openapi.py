"""The document that describes the API: whole, valid, and no other than the code."""

from typing import Any, Final

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.http.openapi import ANYWHERE, describe_api, problems_of
from app.http.problem_kinds import INVALID_DOCUMENT, METHOD_NOT_ALLOWED, NOT_FOUND, TOO_LARGE, UNAVAILABLE, ProblemKind
from app.http.routes import OPEN, ROUTES, Route
from tests.house.reachable_problems import KINDS, all_raised, problems_from, unnamed_problems

DOCUMENT: Final = describe_api(ROUTES)
FROM_BELOW: Final = {NOT_FOUND, INVALID_DOCUMENT, TOO_LARGE, UNAVAILABLE}
"""What stores and readers raise as errors of their own, which handlers let pass."""


def named(route: Route) -> str:
    """Name a route in a test's id."""
    return f"{route.method} {route.path}"


def operation(route: Route) -> dict[str, Any]:
    """Give what the document says of a route."""
    found: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def documented(route: Route) -> set[ProblemKind]:
    """Give the kinds of problems that the document names."""
    return problems_of(route) | {*route.handler.operation.problems}


def test_the_document_is_valid() -> None:
    """It is OpenAPI 3.1, with examples and defaults that fit their schemas."""
    assert [*OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_each_operation_has_a_name_of_its_own() -> None:
    """Code that is made from the document has one function for each."""
    names = [operation(each)["operationId"] for each in ROUTES]
    assert len({*names}) == len(ROUTES)
    assert all(operation(each)["summary"].endswith(".") for each in ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_each_problem_that_a_handler_may_raise_is_documented(route: Route) -> None:
    """What the source can reach is in the document; what is beyond that, what is below may raise."""
    reachable = problems_from(route.handler.handler.__module__, route.handler.name)
    if route.rule != OPEN:
        reachable |= problems_from("app.http.authentication", "authenticate") | problems_from(
            "app.http.quotas", "count"
        )
    if route.rule != OPEN or route.handler.operation.bodies:
        reachable |= problems_from("app.http.admission", "busy")
    assert reachable <= documented(route)
    assert documented(route) - reachable - {*ANYWHERE} <= FROM_BELOW


def test_every_kind_of_problem_is_raised_and_is_in_the_document() -> None:
    """None is left over, and none is made without a kind."""
    responses = DOCUMENT["components"]["responses"]
    words = {(int(name.split("-")[0]), each) for name, it in responses.items()
             for each in it["content"]["application/problem+json"]["examples"]}  # fmt: skip
    everywhere = {METHOD_NOT_ALLOWED}
    assert unnamed_problems() == []
    assert all_raised() | {*ANYWHERE} == {*KINDS.values()}
    assert words == {(kind.status, kind.word) for kind in {*KINDS.values()} - everywhere}


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_each_example_is_what_its_schema_says(route: Route) -> None:
    """Of requests and answers; and each JSON answer has one."""
    described = operation(route)
    contents = [
        each.get("content", {}) for each in (described.get("requestBody", {}), *described["responses"].values())
    ]
    for content in contents:
        for media_type, each in content.items():
            if media_type == "application/json" and "$ref" in each["schema"]:
                assert [*_faults(each["schema"], each["example"])] == []
    for parameter in described["parameters"]:
        if "example" in parameter:
            assert [*_faults(parameter["schema"], parameter["example"])] == []


def _faults(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    return [
        each.message for each in jsonschema_rs.Draft202012Validator(whole, validate_formats=True).iter_errors(value)
    ]
