"""The tornado application of the release service: routes, and what handlers find in settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tornado.log import access_log
from tornado.web import Application, HTTPError, RequestHandler, authenticated

from jupyter_modelpack.adapters.identity.caller import Login
from jupyter_modelpack.adapters.identity.membership import Membership
from jupyter_modelpack.adapters.identity.provider import ServiceIdentity
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.handlers.handler import Handler
from jupyter_modelpack.service.authorizer import ServiceAuthorizer
from jupyter_modelpack.service.login_pages import login_pages

Route = tuple[str, type, dict[str, Any]]


@dataclass(frozen=True)
class Address:
    """Where people reach the service: origin and base path, such as ``https://x.example/releases/``."""

    origin: str
    base_url: str

    @property
    def url(self) -> str:
        """The whole address."""
        return self.origin + self.base_url

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it by HTTPS."""
        return self.origin.startswith("https:")

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read an address; raises InvalidInput."""
        parts = urlsplit(url)
        path = parts.path if parts.path.endswith("/") else parts.path + "/"
        odd = parts.query or parts.fragment or parts.username is not None
        if parts.scheme not in ("http", "https") or not parts.hostname or odd or "//" in path:
            raise InvalidInput(
                f"{url!r:.100} is not the address of a service.",
                field="public_url",
                advice="Write it as https://releases.example.org/.",
            )
        if not re.fullmatch(r"[A-Za-z0-9/._~-]*", path):
            raise InvalidInput(f"The path of {url!r:.100} has odd signs.", field="public_url")
        return cls(f"{parts.scheme}://{parts.netloc.lower()}", path)


def _missing(_handler: Any, *_args: Any) -> None:
    raise HTTPError(404)


class Nothing(Handler):
    """Everything that is not a route."""

    def initialize(self) -> None:  # type: ignore[override]
        """Take nothing."""

    get = head = post = put = patch = delete = authenticated(_missing)


def make_application(
    address: Address,
    login: Login,
    membership: Membership,
    cookie_secret: bytes,
    routes: Iterable[Route],
) -> Application:
    """Return the application; its handlers are those of the server extension."""
    base = address.base_url
    table: list[Any] = [
        (re.escape(base) + route, handler, wired)
        for route, handler, wired in (*routes, *login_pages(login))
    ]
    identity = ServiceIdentity(login, membership)
    return Application(
        table,
        default_handler_class=Nothing,
        base_url=base,
        cookie_secret=cookie_secret,
        login_url=f"{base}login",
        log_function=log_request,
        identity_provider=identity,
        authorizer=ServiceAuthorizer(
            login, f"{address.url}jupyter-modelpack/pages/", identity_provider=identity
        ),
        allow_unauthenticated_access=False,
        allow_remote_access=True,
        xsrf_cookies=True,
        xsrf_cookie_name="_modelpack_xsrf",
        xsrf_cookie_kwargs={
            "path": base,
            "httponly": True,
            "samesite": "Strict",
            "secure": address.is_secure,
        },
        headers=dict(headers_of(address)),
        modelpack_origin=address.origin,
        websocket_max_message_size=1 << 16,
        serverapp=None,
        config=None,
    )


def headers_of(address: Address) -> Mapping[str, str]:
    """Return what every answer says to browsers."""
    strict = {"Strict-Transport-Security": "max-age=31536000"} if address.is_secure else {}
    return {
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
        **strict,
    }


def log_request(handler: RequestHandler) -> None:
    """Log a request without its query, its headers and its body, which may hold secrets."""
    request = handler.request
    status = handler.get_status()
    user = getattr(handler, "_jupyter_current_user", None)
    level = access_log.warning if status >= 500 else access_log.info
    level(
        "%d %s %r %s %.0fms",
        status,
        request.method,
        request.path,
        user.username if user else "-",
        1000 * request.request_time(),
    )
