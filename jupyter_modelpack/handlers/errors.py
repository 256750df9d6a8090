"""The one table that turns errors into HTTP."""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError

from jupyter_modelpack import errors

STATUS: tuple[tuple[type[errors.ModelPackError], int], ...] = (
    (errors.InvalidInput, 400),
    (errors.NotPermitted, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.GateNotSatisfied, 409),
    (errors.Aborted, 409),
    (errors.RegistryError, 502),
    (errors.BackendError, 502),
    (errors.BackendUnavailable, 503),
    (errors.StoreError, 507),
    (errors.ModelPackError, 500),
)
PLAIN: dict[int, tuple[str, str, str]] = {
    400: ("INVALID_INPUT", "The request cannot be understood.", ""),
    401: ("NOT_PERMITTED", "Nobody is logged in.", "Log in again."),
    403: ("NOT_PERMITTED", "You may not do this here.", "Ask who runs this Jupyter server."),
    404: ("PATH_UNKNOWN", "There is no such thing here.", ""),
    405: ("METHOD_UNKNOWN", "This cannot be done here.", ""),
}
BUG = ("BUG", "Something broke inside jupyter_modelpack.", "The server's log says where.")


def status_of(error: BaseException | None) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, HTTPError):
        return error.status_code
    return next((code for kind, code in STATUS if isinstance(error, kind)), 500)


def body_of(status: int, error: BaseException | None) -> dict[str, Any]:
    """Return the body of an error; what was not expected says nothing about itself."""
    if isinstance(error, errors.ModelPackError):
        code, message, advice = error.code, error.message, error.advice
        details = dict(error.details)
    else:
        code, message, advice = PLAIN.get(status, BUG)
        details = {}
    return {
        "error": {"code": code, "message": message, "advice": advice, "details": details},
    }
