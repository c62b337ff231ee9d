"""List how FCM refuses to send, and Google's token endpoint to give a token; say it in the words of each.

The rules: FCM answers `{"error": {code, message, status, details}}`, where the status is one of Google's canonical
codes and a detail of type `FcmError` holds FCM's own; for a bad field another of type `BadRequest` names it. Whoever is
not authenticated, may not send, names no project that is there, or sends more than the project may is told in canonical
codes alone. The token endpoint answers `{"error", "error_description"}` as RFC 6749 says. 429 and 503 may bring
`Retry-After`; without it FCM wants a minute after 429.

Source:
    Firebase, "ErrorCode" and "FCM error codes"; Google, "Using OAuth 2.0 for server to server applications".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec


class FcmReason(msgspec.Struct, frozen=True):
    """Hold a reason of FCM's: its HTTP status, its canonical code, its words, and whether an `FcmError` names it."""

    status: int
    canonical: str
    message: str
    is_named: bool = True


FCM_REASONS: Mapping[str, FcmReason] = MappingProxyType(
    {
        "INVALID_ARGUMENT": FcmReason(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        "UNAUTHENTICATED": FcmReason(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
            "valid authentication credential.",
            is_named=False,
        ),
        "THIRD_PARTY_AUTH_ERROR": FcmReason(401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
        "PERMISSION_DENIED": FcmReason(
            403,
            "PERMISSION_DENIED",
            "Permission 'cloudmessaging.messages.create' denied on resource (or it may not exist).",
            is_named=False,
        ),
        "SENDER_ID_MISMATCH": FcmReason(403, "PERMISSION_DENIED", "SenderId mismatch"),
        "UNREGISTERED": FcmReason(404, "NOT_FOUND", "Requested entity was not found."),
        "NOT_FOUND": FcmReason(404, "NOT_FOUND", "Requested entity was not found.", is_named=False),
        "QUOTA_EXCEEDED": FcmReason(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        "RESOURCE_EXHAUSTED": FcmReason(
            429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", is_named=False
        ),
        "INTERNAL": FcmReason(500, "INTERNAL", "Internal error encountered."),
        "UNAVAILABLE": FcmReason(503, "UNAVAILABLE", "The service is currently unavailable."),
    }
)

STATUS_OF_OAUTH: Mapping[str, int] = MappingProxyType(
    {
        "invalid_grant": 400,
        "invalid_request": 400,
        "invalid_scope": 400,
        "unsupported_grant_type": 400,
        "invalid_client": 401,
        "unauthorized_client": 401,
        "internal_failure": 500,
        "temporarily_unavailable": 503,
    }
)
"""The errors of the token endpoint."""

_TYPE = "type.googleapis.com/"


class FcmRefusal(msgspec.Struct, frozen=True):
    """Say why FCM refuses.

    Args:
        reason: one of `FCM_REASONS`, or a word that Google does not list.
        message: other words than the reason's own.
        field: which field of the request is wrong, if one is.
        is_named: whether an `FcmError` goes with it, where the reason has one.
    """

    reason: str
    message: str | None = None
    field: str | None = None
    is_named: bool = True

    def body(self, *, status: int | None = None) -> dict[str, Any]:
        """Give the JSON of the answer; the status is the reason's unless given."""
        known = FCM_REASONS.get(self.reason) or FcmReason(status or 400, "UNKNOWN", self.reason)
        message, details = self.message or known.message, list[dict[str, Any]]()
        if known.is_named and self.is_named:
            details.append({"@type": f"{_TYPE}google.firebase.fcm.v1.FcmError", "errorCode": self.reason})
        if self.field is not None:
            violations = [{"field": self.field, "description": message}]
            details.append({"@type": f"{_TYPE}google.rpc.BadRequest", "fieldViolations": violations})
        error: dict[str, Any] = {"code": status or known.status, "message": message, "status": known.canonical}
        return {"error": error | ({"details": details} if details else {})}
