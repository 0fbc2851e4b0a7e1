"""What every answer to every request must be, however hostile the request."""

import json
from dataclasses import dataclass
from typing import Any

from tests.hostile.operations import Operation
from tests.hostile.values import MARK
from tests.support.raw import Answer

CODES = {
    "not_authenticated",
    "token_invalid",
    "token_expired",
    "credentials_invalid",
    "email_not_verified",
    "refresh_invalid",
    "csrf_refused",
    "permission_denied",
    "reauthentication_required",
    "not_found",
    "method_not_allowed",
    "conflict",
    "email_taken",
    "last_admin",
    "payload_too_large",
    "unsupported_media_type",
    "validation_failed",
    "rate_limited",
    "unavailable",
}
"""The closed list. An application that branches on a code must never meet another."""

OAUTH_ERRORS = {"invalid_request", "invalid_grant", "unsupported_grant_type"}
PROBLEM = "application/problem+json"
BY_THE_ROUTER = {404, 405}
"""Given before a route is found, so that no route documents them."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Holds an answer against the contract, and says which request it was that broke it."""

    operation: Operation
    seen: list[BaseException]

    def hear(self, answer: Answer, case: object, *, routed: bool = True, names: bool = False) -> None:
        """Fail unless the answer is as it must be.

        Args:
            case: What was sent, for the message.
            routed: Whether the request reached the route for sure, so that its documentation binds.
            names: Whether the name of an unknown field was sent, which may be told, but cut short.
        """
        told = f"{self.operation}: {str(case)[:200]!r} -> {answer.status} {answer.body[:300]!r}"
        assert not self.seen, f"{told} raised {self.seen[:1]!r}"
        assert 200 <= answer.status < 500, told
        assert not 300 <= answer.status < 400, told
        documented = self.operation.answers | ({} if routed else dict.fromkeys(BY_THE_ROUTER, PROBLEM))
        assert answer.status in documented, f"not documented: {told}"
        if self.operation.path.startswith("/auth/"):
            assert answer.headers.get("cache-control") == "no-store", told
        assert "set-cookie" not in answer.headers, told
        if answer.status == 401:
            assert answer.headers.get("www-authenticate", "").startswith("Bearer"), told
        if answer.status == 204:
            assert answer.body == b"", told
            return
        assert answer.headers["content-type"] == documented[answer.status], f"documented otherwise: {told}"
        body = json.loads(answer.body)
        if answer.status >= 400:
            self._error(answer, body, told)
            for error in body.get("errors", []) if names else []:
                assert all(isinstance(part, int) or len(part) <= 64 for part in error.pop("loc")), told
            assert MARK not in json.dumps(body), f"echoed: {told}"

    def _error(self, answer: Answer, body: dict[str, Any], told: str) -> None:
        if self.operation.path == "/auth/token" and answer.status == 400:
            assert set(body) == {"error", "error_description"}, told
            assert body["error"] in OAUTH_ERRORS, told
            return
        assert body["code"] in CODES, told
        assert body["status"] == answer.status, told
        assert body["type"].endswith(f"#{body['code']}"), told
        assert body["title"], told
        assert isinstance(body["detail"], str), told
        allowed = {"type", "title", "status", "detail", "code"}
        if answer.status == 422:
            allowed |= {"errors"}
        if answer.status == 403:
            allowed |= {"decision_id"}
        assert set(body) <= allowed, told
        for error in body.get("errors", []):
            assert set(error) == {"loc", "type", "msg"}, told
