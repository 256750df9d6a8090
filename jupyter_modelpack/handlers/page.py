"""What all pages share: a template, headers under which nothing foreign runs, and forms."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tornado.web import HTTPError

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.handlers.errors import body_of
from jupyter_modelpack.handlers.handler import Handler

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).parent / "pages"
HTML = "text/html; charset=utf-8"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
)
_LONGEST = 4000  # characters of a field
_MOST_DIGITS = 15


@cache
def templates() -> jinja2.Environment:
    """Return the templates; every value in them is escaped, and a missing one is an error."""
    import jinja2

    from jupyter_modelpack.handlers.page_words import FILTERS

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    return made


class Page(Handler):
    """A page of HTML; what goes wrong is a page too.

    Subclasses decorate each of their own verbs in full, as all handlers do.
    """

    @property
    def content_security_policy(self) -> str:
        """Only our own styles, scripts and pictures; nothing inline, nothing from elsewhere."""
        ancestors = self.settings.get("modelpack_frame_ancestors") or "'none'"
        return f"{_POLICY}; frame-ancestors {ancestors}"

    def set_default_headers(self) -> None:
        """Set the headers of every page, whatever a server sets for its own."""
        super().set_default_headers()
        self.set_header("Content-Security-Policy", self.content_security_policy)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")

    def get_login_url(self) -> str:
        """Send people who are not logged in to the login, where there is one to go to."""
        if not self.identity_provider.login_available:
            raise HTTPError(403)
        return str(self.settings["login_url"])

    @property
    def place(self) -> str:
        """The path below which all pages lie."""
        return f"{self.base_url}jupyter-modelpack/pages/"

    def show(self, template: str, model: dict[str, Any], status: int = 200) -> None:
        """Send a page."""
        actor = self.actor(self.current_user) if self.current_user else None
        page = templates().get_template(template)
        text = page.render(
            model,
            place=self.place,
            person=actor,
            xsrf=self.xsrf_token.decode("ascii") if actor else "",
            q=lambda part: quote(str(part), safe=""),
        )
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(text, set_content_type=HTML)

    def go(self, *parts: str) -> None:
        """Send the browser to a page after a form, so that reloading sends nothing again."""
        path = "/".join(quote(part, safe="") for part in parts)
        self.redirect(f"{self.place}{path}", status=303)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send what went wrong as a page, with what to do next and what was typed."""
        error = body_of(status_code, (kwargs.get("exc_info") or (None, None))[1])["error"]
        given = self.request.body_arguments
        typed = b"\n".join((*given.get("comment", ()), *given.get("reason", ())))
        back = self.request.path.rpartition("/")[0] if self.request.method == "POST" else ""
        model = {
            "error": error,
            "status": status_code,
            "typed": typed[:_LONGEST].decode("utf-8", "replace"),
            "back": back,
        }
        self.show("error.html", model, status_code)

    def field(self, name: str, *, needed: bool = True) -> str:
        """Return a text of a form; raises InvalidInput."""
        value = self.get_body_argument(name, "", strip=False)
        if needed and not value.strip():
            raise InvalidInput(f"{name.capitalize()} is missing.", field=name)
        if len(value) > _LONGEST:
            raise InvalidInput(f"Say it in at most {_LONGEST} characters.", field=name)
        return value

    def count(self, name: str) -> int:
        """Return a number of a form; raises InvalidInput."""
        return checked_count(self.field(name), name)

    def before(self) -> int:
        """Return where the page before ended, from the query; raises InvalidInput."""
        return checked_count(self.get_query_argument("before", "0"), "before")


def checked_count(text: str, name: str) -> int:
    """Return a number, 0 or more; raises InvalidInput."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidInput(f"{name} must be a number, 0 or more.", field=name)
    return int(text)
