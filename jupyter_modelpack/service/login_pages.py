"""The pages for logging in and out, and the address itself, which leads to what waits."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.web import authenticated

from jupyter_modelpack.errors import NotPermitted
from jupyter_modelpack.handlers.errors import body_of
from jupyter_modelpack.handlers.handler import Handler

if TYPE_CHECKING:
    from jupyter_modelpack.adapters.identity.caller import BrowserLogin, Login

_HTML = "text/html; charset=utf-8"


def inside(base_url: str, target: str) -> str:
    """Return ``target`` when every browser takes it for a path below ``base_url``, else that."""
    path = urlsplit("x:" + target).path if target.startswith("/") else ""
    plain = all("!" <= char <= "~" and char != "\\" for char in target)
    segments = unquote(unquote(path)).replace("\\", "/").split("/")
    climbs = "." in segments or ".." in segments or "//" in unquote(path)
    if not plain or climbs or not path.startswith(base_url) or target.startswith("//"):
        return base_url
    return target


class Page(Handler):
    """A page for people who are about to log in; what goes wrong is said in a sentence."""

    def initialize(self, login: BrowserLogin) -> None:  # type: ignore[override]
        """Take the login."""
        self.login = login

    def get_login_url(self) -> str:
        """Send people to the login, not away."""
        return str(self.settings["login_url"])

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what went wrong."""
        error = body_of(status_code, (kwargs.get("exc_info") or (None, None))[1])["error"]
        self.say(error["message"], error["advice"])

    def say(self, sentence: str, advice: str = "") -> None:
        """Send a sentence as a page."""
        lines = f"<h1>{escape(sentence)}</h1><p>{escape(advice)}</p>"
        link = f'<p><a href="{escape(self.base_url)}">Releases</a></p>'
        self.finish(f"<!doctype html><title>Releases</title>{lines}{link}", set_content_type=_HTML)


class FrontPage(Page):
    """The address itself."""

    @authenticated
    async def get(self) -> None:
        """Go to what waits for the person."""
        self.redirect(f"{self.base_url}jupyter-modelpack/pages/")


class LoginPage(Page):
    """Logging in."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Go to who knows the person, or on, if somebody is logged in."""
        target = inside(self.base_url, self.get_query_argument("next", "", strip=False))
        if self.current_user is not None:
            self.redirect(target)
            return
        self.redirect(self.login.begin(self, target))


class ElsewherePage(Page):
    """Where there is nothing to log in at."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Say so."""
        raise NotPermitted(
            "Nobody is logged in, and this service has no page to log in at.",
            rule="login",
            advice="Use the address that your team was given: the login is in front of it.",
        )


class CallbackPage(Page):
    """Coming back from there."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Take the proof, and go where the person wanted to be."""
        self.redirect(inside(self.base_url, await self.login.finish(self)))


class LogoutPage(Page):
    """Logging out."""

    @authenticated
    async def post(self) -> None:
        """End the session."""
        self.login.end(self)
        self.say("You are logged out here.", "To log out everywhere, log out of the Hub too.")


def login_pages(login: Login) -> list[tuple[str, type, dict[str, Any]]]:
    """Return the routes that a login needs, below the base URL."""
    wired = {"login": login.browser}
    front: list[tuple[str, type, dict[str, Any]]] = [("", FrontPage, wired)]
    if login.browser is None:
        return [*front, ("login", ElsewherePage, wired)]
    return [
        *front,
        ("login", LoginPage, wired),
        ("oauth_callback", CallbackPage, wired),
        ("logout", LogoutPage, wired),
    ]
