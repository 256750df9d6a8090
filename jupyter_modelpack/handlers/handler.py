"""What all handlers share: threads for what may block, JSON answers, and errors from the table."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.handlers.errors import body_of, status_of

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from types import TracebackType

    from jupyter_modelpack.release.actor import Actor
    from jupyter_modelpack.services.builds import Builds
    from jupyter_modelpack.services.pages import Pages
    from jupyter_modelpack.services.releases import Releases
    from jupyter_modelpack.services.runs import Runs
    from jupyter_modelpack.services.submissions import Submissions
    from jupyter_modelpack.services.uploads import Uploads

T = TypeVar("T")


class Paths(Protocol):
    """Contents paths and the places that they stand for."""

    def notebook(self, path: str) -> str:
        """Return a notebook's absolute path, or raise InvalidInput or NotFound."""

    def target(self, path: str) -> Any:
        """Return where a new file goes, or raise InvalidInput."""

    def shown(self, place: str) -> str:
        """Return the contents path of an absolute path, or nothing."""


class Catalogue(Protocol):
    """Packages, listed, shown and exported."""

    def list(
        self,
        *,
        name: str | None = None,
        path: str | None = None,
        limit: int | None = None,
        before: int = 0,
    ) -> Any:
        """Return summaries, newest first, with a limit each with its cursor."""

    def get(self, name: str, version: str) -> Any:
        """Return one record, or raise NotFound."""

    def job(self, name: str, version: str, kind: str) -> bytes:
        """Return the file that a cluster runs a package from."""

    def notebook(self, name: str, version: str) -> bytes:
        """Return the notebook that a package's image holds."""

    def export(self, name: str, version: str, kind: str, target: Any, *, overwrite: bool) -> int:
        """Write a package to a file and return its size."""


class Services(Protocol):
    """The services, each made when it is first asked for, which may take a moment."""

    @property
    def builds(self) -> Builds:
        """What can be asked about builds."""

    @property
    def runs(self) -> Runs:
        """What can be asked about runs."""

    @property
    def packages(self) -> Catalogue:
        """What can be asked about packages."""

    @property
    def releases(self) -> Releases:
        """What can be asked about promotion."""

    @property
    def uploads(self) -> Uploads:
        """What can be asked about blobs that are sent here."""

    @property
    def submissions(self) -> Submissions:
        """What can be asked about packages that are sent here."""

    @property
    def pages(self) -> Pages:
        """What pages show."""

    def inspect(self, path: str) -> dict[str, Any]:
        """Inspect the notebook at an absolute path."""

    def info(self) -> dict[str, Any]:
        """Say what this installation can do."""


def _refuse(_handler: Any, *_args: Any) -> None:
    raise HTTPError(405)


class Handler(APIHandler):
    """Parses, calls one service function in a thread, renders.

    Subclasses put ``@authenticated`` and ``@authorized`` with action and resource on each of
    their own verbs; no verb is inherited, because the decorator would remember another's resource.
    """

    def initialize(
        self,
        services: Services,
        paths: Paths,
        executor: Executor,
        live_modules: Callable[[str], Any],
        actor: Callable[[Any], Actor],
    ) -> None:
        """Take what the application wired."""
        self.services = services
        self.paths = paths
        self.executor = executor
        self.live_modules = live_modules
        self.actor = actor

    async def call(self, function: Callable[[], T]) -> T:
        """Call a function in a thread, so that the server goes on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, function)

    def answer(self, body: Any, status: int = 200, location: str = "") -> None:
        """Send a JSON body."""
        self.set_status(status)
        if location:
            self.set_header("Location", f"{self.base_url}jupyter-modelpack/{location}")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(body))

    # Refused: nothing here is for pages of another origin.
    options: Any = authenticated(_refuse)

    @property
    def content_security_policy(self) -> str:
        """Nothing in an answer is run, fetched or framed."""
        return "default-src 'none'; frame-ancestors 'none'"

    def skip_check_origin(self) -> bool:
        """Check the origin of every request, also of one that brings a token."""
        return False

    def set_cors_headers(self) -> None:
        """Let pages of another origin read answers only where the server's settings name it."""
        if self.allow_origin or self.allow_origin_pat:
            super().set_cors_headers()

    def check_origin(self, origin_to_satisfy_tornado: str = "") -> bool:
        """Return whether the request is from a page of ours, or from no page at all."""
        own = self.settings.get("modelpack_origin")
        if own is None:
            return super().check_origin(origin_to_satisfy_tornado)
        return self.get_origin() in (None, own)

    def check_xsrf_cookie(self) -> None:
        """Refuse what a page of somebody else may have made a browser send; raises HTTPError."""
        if getattr(self, "_jupyter_current_user", None) is None or self.token_authenticated:
            return super().check_xsrf_cookie()
        site = self.request.headers.get("Sec-Fetch-Site", "same-origin")
        elsewhere = self.allow_origin or self.allow_origin_pat
        own = self.settings.get("modelpack_origin")
        if own is not None and self._page_origin() != own:
            raise HTTPError(403, "The request is from no page of this service.")
        if site != "same-origin" and not elsewhere:
            raise HTTPError(403, "The request is from another site.")
        return super().check_xsrf_cookie()

    def _page_origin(self) -> str:
        if (origin := self.get_origin()) is not None:
            return origin
        page = urlsplit(self.request.headers.get("Referer", ""))
        return f"{page.scheme}://{page.netloc}"

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send the status that the table has for the error."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        super().send_error(status_of(error) if error else status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send the body that the table has for the error."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if status_code == 403 and getattr(self, "_jupyter_current_user", None) is None:
            status_code = 401  # for the sentence alone: the status is sent as it is
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body_of(status_code, error)))

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log where an unexpected error came from, but not its text, which may quote a notebook."""
        if isinstance(value, ModelPackError):
            self.log.debug("modelpack: %s %s", self.request.method, value.code)
        elif not isinstance(value, HTTPError):
            frames = "".join(traceback.format_tb(tb))
            name = typ.__qualname__ if typ else "error"
            self.log.error("modelpack: a bug in %s\n%s%s", type(self).__name__, frames, name)
