"""schemathesis against the OpenAPI document of a real server: nothing it invents makes the server fail or lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.patience import PATIENCE_S
from tests.support.served import Served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("serve")) as running:
        yield running


def test_every_operation_keeps_to_the_document(served: Served) -> None:
    document = schemathesis.openapi.from_url(f"{served.server.url}/openapi.json", timeout=PATIENCE_S)
    operations: list[Any] = [result.ok() for result in document.get_all_operations()]  # type: ignore[union-attr]
    assert {"/v1/sessions", "/v1/chat/completions"} < {op.path for op in operations}
    with requests.Session() as session:
        for operation in operations:
            _try(operation, session)
    assert served.server.request("GET", "/healthz")[0] == 200


def _try(operation: Any, session: requests.Session) -> None:
    """Many bodies and queries; the parts of a path are names, of which one is as unknown as the other."""
    varied = any((operation.body, operation.query, operation.headers))

    @settings(max_examples=20 if varied else 5, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, timeout=PATIENCE_S, session=session)

    run()
