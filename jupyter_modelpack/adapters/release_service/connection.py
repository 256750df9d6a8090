"""The connection to a release service: requests with a token, and its errors as ours."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from jupyter_modelpack import errors
from jupyter_modelpack.errors import BackendError, BackendUnavailable, InvalidInput, NotPermitted

_SECONDS = httpx.Timeout(60.0, connect=10.0)
_LARGEST = 64 << 20
_BY_STATUS: Mapping[int, type[errors.ModelPackError]] = {
    400: errors.InvalidInput,
    403: errors.NotPermitted,
    409: errors.Conflict,
    502: errors.BackendError,
    503: errors.BackendUnavailable,
    507: errors.StoreError,
}


@dataclass(frozen=True)
class Service:
    """Where a release service is, and how to be let in.

    ``token_file`` holds the token, none: the variable JUPYTERHUB_API_TOKEN. ``ca`` is a file with
    certificates (PEM) to trust. Plain HTTP is for this machine alone unless it is allowed.
    """

    url: str
    token_file: str = ""
    ca: str = ""
    allow_http: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        odd = parts.query or parts.fragment or parts.username or parts.password
        if parts.scheme not in ("http", "https") or not parts.hostname or odd:
            raise InvalidInput(
                f"{parts.hostname or self.url!r:.60} is not the address of a release service.",
                field="service_url",
                advice="Write it as https://releases.example.org/.",
            )
        if parts.scheme == "http" and not (self.allow_http or _is_loopback(parts.hostname)):
            raise InvalidInput(
                f"The release service at {parts.hostname} would be sent a token in the clear.",
                field="service_url",
                advice="Use https, or set service_allow_http inside a network that you trust.",
            )
        object.__setattr__(self, "url", self.url.rstrip("/") + "/")

    @property
    def pages(self) -> str:
        """Where people find its pages."""
        return f"{self.url}jupyter-modelpack/pages/"

    @property
    def token(self) -> str:
        """The token as it is now; raises NotPermitted without one."""
        try:
            file = Path(self.token_file).expanduser()
            text = file.read_text("utf-8") if self.token_file else ""
        except (OSError, ValueError):
            text = ""
        token = text.strip() or ("" if self.token_file else os.environ.get(_VARIABLE, ""))
        if not token or not token.isascii() or not token.isprintable():
            where = self.token_file or f"the variable {_VARIABLE}"
            raise NotPermitted(
                f"There is no token for the release service in {where}.",
                rule="login",
                advice="Make one on the Hub's token page, and set service_token_file to its file.",
            )
        return token


_VARIABLE = "JUPYTERHUB_API_TOKEN"


class Connection:
    """Asks the service; no redirect is followed, so that the token goes nowhere else."""

    def __init__(self, service: Service, transport: httpx.BaseTransport | None = None) -> None:
        self.service = service
        self._client = httpx.Client(
            base_url=f"{service.url}jupyter-modelpack/",
            timeout=_SECONDS,
            follow_redirects=False,
            verify=_trusted(service.ca),
            transport=transport,
        )

    def get(self, *path: str, **query: str) -> Any:
        """Return the JSON at a path; raises the service's own errors and BackendUnavailable."""
        given = {key: value for key, value in query.items() if value}
        return self.send("GET", path, params=given).json()

    def post(self, *path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON and return what comes back."""
        return self.send("POST", path, json=dict(body)).json()

    def delete(self, *path: str) -> Any:
        """Delete, and return what comes back."""
        return self.send("DELETE", path).json()

    def send(self, method: str, path: tuple[str, ...], **more: Any) -> httpx.Response:
        """Send a request and return the answer if it is a good one."""
        quoted = "/".join(quote(part, safe=":@") for part in path)
        token = self.service.token
        head = {"Authorization": f"token {token}", **more.pop("headers", {})}
        try:
            answer = self._client.request(method, quoted, headers=head, **more)
        except (httpx.TransportError, httpx.DecodingError, OSError) as error:
            raise _away(self.service, error) from None
        if answer.is_success:
            return answer
        raise self._refused(answer)

    def has(self, *path: str) -> bool:
        """Return whether there is something at a path."""
        try:
            self.send("HEAD", path)
        except errors.NotFound:
            return False
        return True

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _refused(self, answer: httpx.Response) -> errors.ModelPackError:
        status = answer.status_code
        if 300 <= status < 400:
            return BackendError(
                f"The release service at {self.service.url} sends us somewhere else, and a token"
                " is not taken along.",
                advice="Set service_url to the address where the service really is.",
            )
        said = _said(answer)
        if said is None:
            return _odd(self.service, status)
        details = said["details"]
        message, advice = said["message"], said["advice"]
        if status == 404:
            return _unknown(said)
        if status == 409 and said["code"] == errors.GateNotSatisfied.code:
            return errors.GateNotSatisfied(message, advice=advice, **details)
        kind = _BY_STATUS.get(status, BackendError)
        return kind(message, advice=advice, **details)


def _unknown(said: Mapping[str, Any]) -> errors.ModelPackError:
    error = errors.NotFound("thing", "", advice=said["advice"], **said["details"])
    error.message, error.code = said["message"], said["code"]
    return error


def _said(answer: httpx.Response) -> dict[str, Any] | None:
    """Return the error in an answer, or None when it is not one of ours."""
    if answer.request.method == "HEAD":
        message = "There is no such thing at the release service."
        return {"code": "PATH_UNKNOWN", "message": message, "advice": "", "details": {}}
    try:
        found = answer.json()["error"]
        details = {str(key): value for key, value in dict(found.get("details") or {}).items()}
        for taken in ("message", "advice"):
            details.pop(taken, None)
        texts = {key: str(found[key]) for key in ("code", "message")}
        return {**texts, "advice": str(found.get("advice") or ""), "details": details}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _odd(service: Service, status: int) -> errors.ModelPackError:
    if status in (401, 403):
        return NotPermitted(
            f"The release service at {service.url} does not let this token in.",
            rule="login",
            advice="Get a new token, or ask who runs the service for access.",
        )
    kind = BackendUnavailable if status in (502, 503, 504) else BackendError
    return kind(
        f"The release service at {service.url} gave an answer that cannot be read ({status}).",
        advice="See whether service_url is right; then ask who runs the service.",
    )


def _away(service: Service, error: Exception) -> BackendUnavailable:
    certificate = isinstance(error, httpx.ConnectError) and "CERTIFICATE" in str(error).upper()
    why = "its certificate is not trusted here" if certificate else "it does not answer"
    advice = "Set service_ca to the file with your organisation's certificates."
    return BackendUnavailable(
        f"The release service at {service.url} cannot be reached: {why}.",
        advice=advice if certificate else "Nothing is lost: try again when it is back.",
    )


def _trusted(ca: str) -> ssl.SSLContext | bool:
    if not ca:
        return True
    try:
        return ssl.create_default_context(cafile=str(Path(ca).expanduser()))
    except (OSError, ssl.SSLError):
        raise InvalidInput(
            f"The certificates in {ca} cannot be read.", field="service_ca", advice="It is PEM."
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
