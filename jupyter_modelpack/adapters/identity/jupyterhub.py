"""The login of a JupyterHub: OAuth for browsers, and the Hub's API tokens for programs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlsplit

import httpx
from tornado.httputil import url_concat
from tornado.web import HTTPError
from traitlets import Bool, Float, Unicode, default
from traitlets.config import LoggingConfigurable

from jupyter_modelpack.adapters.identity.caller import Caller, bearer, changes_something
from jupyter_modelpack.adapters.identity.recent import Recent
from jupyter_modelpack.adapters.identity.sessions import Sessions
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput, NotPermitted
from jupyter_modelpack.release.actor import Actor

PROVIDER = "jupyterhub"
ADMINS = "hub:admins"
_ANSWER_SECONDS = 10.0


class HubLogin(LoggingConfigurable):
    """Asks the Hub who a browser's session or a token belongs to.

    A browser's session counts as signed in when notebooks have no way to it. A token in the
    Authorization header is one that code in a notebook may hold, and never does.
    """

    hub_url = Unicode(
        help="The address of the Hub for browsers, such as https://hub.example.org/."
    ).tag(config=True)
    api_url = Unicode(help="The Hub's API, as this machine reaches it.").tag(config=True)
    api_token_file = Unicode(
        help="A file with the service's token; none: the variable JUPYTERHUB_API_TOKEN."
    ).tag(config=True)
    service_name = Unicode("modelpack", help="The name of this service at the Hub.").tag(
        config=True
    )
    client_id = Unicode(help="The OAuth client; none: service- and the name.").tag(config=True)
    subdomains = Bool(
        False, help="The Hub gives each user a host of their own (JupyterHub.subdomain_host)."
    ).tag(config=True)
    session_seconds = Float(8 * 3600.0, help="How long a browser stays logged in.").tag(config=True)
    cache_seconds = Float(3.0, help="For how long an answer of the Hub is good for reading.").tag(
        config=True
    )

    @default("api_url")
    def _default_api_url(self) -> str:
        return os.environ.get("JUPYTERHUB_API_URL", "")

    def check(self, address: Any) -> None:
        """Take the service's address; raises InvalidInput for what is not set."""
        try:
            from jupyterhub.services.auth import HubOAuth
        except ImportError:
            raise InvalidInput(
                "The login jupyterhub needs the package jupyterhub.",
                field="login",
                advice="pip install 'jupyter-modelpack[jupyterhub]'",
            ) from None
        self._address = address
        for name in ("hub_url", "api_url"):
            if urlsplit(getattr(self, name)).scheme not in ("http", "https"):
                raise InvalidInput(
                    f"HubLogin.{name} is not set to an address.", field=f"HubLogin.{name}"
                )
        hub = urlsplit(self.hub_url)
        prefix = f"{hub.path.rstrip('/')}/hub/"
        self._token = self._service_token()
        self._oauth = HubOAuth(
            api_url=self.api_url.rstrip("/"),
            api_token=self._token,
            base_url=address.base_url,
            hub_host=f"{hub.scheme}://{hub.netloc}",
            hub_prefix=prefix,
            oauth_client_id=self.client_id or f"service-{self.service_name}",
            oauth_redirect_uri=f"{address.url}oauth_callback",
            access_scopes={f"access:services!service={self.service_name}"},
            cookie_options={"samesite": "Lax", "secure": address.is_secure},
        )
        self._sessions = Sessions(self.session_seconds)
        self._recent: Recent[dict[str, Any]] = Recent(self.cache_seconds)
        self.shared_with_notebooks = why_shared(address, self.hub_url, self.subdomains)
        if self.shared_with_notebooks:
            self.log.warning("Nobody can approve here: %s", self.shared_with_notebooks)

    async def identify(self, handler: Any) -> Caller | None:
        """Return who is asking; an Authorization header is never set aside for a cookie."""
        fresh = changes_something(handler.request)
        if "Authorization" in handler.request.headers:
            model = await self._user(bearer(handler.request), fresh=fresh)
            return Caller(self._actor(model), by_header=True) if model else None
        model = await self._user(self._sessions.token(handler), fresh=fresh)
        if model is None:
            return None
        return Caller(self._actor(model, signed_in=not self.shared_with_notebooks))

    async def may_approve(self, actor: Actor, handler: Any) -> bool:
        """Return whether the Hub lets this actor decide; the policy alone says who may."""
        return True

    @property
    def browser(self) -> HubLogin:
        """How people log in with a browser."""
        return self

    def begin(self, handler: Any, target: str) -> str:
        """Return the Hub's page for logging in."""
        verifier, challenge, method = self._oauth.generate_pkce_code_challenge()
        state = self._oauth.set_state_cookie(handler, next_url=target, code_verifier=verifier)
        asked = {"state": state, "code_challenge": challenge, "code_challenge_method": method}
        return url_concat(cast(str, self._oauth.login_url), asked)

    async def finish(self, handler: Any) -> str:
        """Exchange the Hub's code for a token, and open a session for it."""
        state = handler.get_query_argument("state", "")
        code = handler.get_query_argument("code", "")
        cookie = handler.get_signed_cookie(self._oauth.get_state_cookie_name(state))
        if not state or not code or cookie is None or cookie.decode("ascii", "replace") != state:
            raise NotPermitted(
                "This login was not begun here, or is over.", rule="login", advice="Log in again."
            )
        target: str = self._oauth.get_next_url(state)
        verifier = self._oauth.get_code_verifier(state)
        self._oauth.clear_oauth_state(state)
        self._oauth.clear_oauth_state_cookies(handler)
        token = await self._ask(
            self._oauth.token_for_code(code, code_verifier=verifier, sync=False)
        )
        if await self._user(token) is None:
            raise NotPermitted(
                "The Hub does not let you use the release service.",
                rule="login",
                advice=f"Ask who runs the Hub for access to the service {self.service_name}.",
            )
        self._sessions.begin(handler, token, secure=self._address.is_secure)
        return target

    def end(self, handler: Any) -> None:
        """Forget the session and its cookie."""
        self._sessions.end(handler)

    def directory(self, actor: Actor) -> Actor | None:
        """Ask the Hub for an account; raises BackendUnavailable."""
        if actor.provider != PROVIDER:
            raise BackendUnavailable(f"JupyterHub does not know accounts of {actor.provider}.")
        try:
            answer = httpx.get(
                f"{self.api_url.rstrip('/')}/users/{quote(actor.username, safe='')}",
                headers={"Authorization": f"token {self._token}"},
                timeout=_ANSWER_SECONDS,
            )
            if answer.status_code == 404:
                return None
            model = answer.raise_for_status().json()
            return self._actor({**model, "kind": "user"}, signed_in=actor.signed_in)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise _away() from error

    async def _user(self, token: str, *, fresh: bool = True) -> dict[str, Any] | None:
        if not token:
            return None
        known = self._recent.get(token)
        if known is not None and not fresh:
            return known
        asked = self._oauth.user_for_token(token, use_cache=False, sync=False)
        model: dict[str, Any] | None = await self._ask(asked)
        scopes = self._oauth.access_scopes
        if not model or not self._oauth.check_scopes(scopes, {"scopes": [], **model}):
            return None
        return self._recent.keep(token, model)

    async def _ask(self, question: Any) -> Any:
        try:
            return await asyncio.wait_for(question, _ANSWER_SECONDS)
        except (HTTPError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise _away() from error

    def _actor(self, model: dict[str, Any], *, signed_in: bool = False) -> Actor:
        is_user = model.get("kind") == "user"
        groups = frozenset(map(str, model.get("groups") or ())) - {ADMINS}
        return Actor(
            PROVIDER,
            str(model["name"]),
            verified=True,
            groups=groups | ({ADMINS} if model.get("admin") is True else set()),
            program=not is_user,
            signed_in=signed_in and is_user,
        )

    def _service_token(self) -> str:
        try:
            token = (
                Path(self.api_token_file).expanduser().read_text("utf-8").strip()
                if self.api_token_file
                else os.environ.get("JUPYTERHUB_API_TOKEN", "")
            )
        except (OSError, ValueError):
            token = ""
        if not token:
            raise InvalidInput(
                "The service has no token of the Hub.",
                field="HubLogin.api_token_file",
                advice="Put the service's api_token of jupyterhub_config.py into a file.",
            )
        return token


def why_shared(address: Any, hub_url: str, subdomains: bool) -> str:
    """Return why notebooks have a way to a browser's session here, or an empty text.

    A page of the same origin can do all that a person can. On the same host, other ports get the
    same cookies, so that only the path keeps them from people's notebook servers.
    """
    hub, own = urlsplit(hub_url), urlsplit(address.url)
    if subdomains or hub.hostname != own.hostname:
        return ""
    if (hub.scheme, hub.netloc.lower()) == (own.scheme, own.netloc):
        return (
            "the service and people's notebooks have the same origin, so that a notebook could"
            " approve. Give the service a host or port of its own."
        )
    users = f"{hub.path.rstrip('/')}/user/"
    if users.startswith(own.path) or own.path.startswith(users):
        return (
            "the service's cookies would be sent to people's notebook servers, which are on the"
            " same host. Give the service a host of its own, or a path such as /modelpack/."
        )
    return ""


def _away() -> BackendUnavailable:
    return BackendUnavailable(
        "JupyterHub does not answer, so nobody's login can be checked.",
        advice="Try again in a moment; if it stays so, tell who runs the Hub.",
    )
