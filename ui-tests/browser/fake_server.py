"""A stand-in for our routes in the browser: it answers from what a test puts into it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

# Our routes, but not the files of the front end, which lie under lab/extensions/.
ROUTES = re.compile(r"https?://[^/]+/(?!lab/)(.*/)?jupyter-modelpack/")

Answer = tuple[int, Any]
NOT_THERE: Answer = (404, {"error": {"code": "PATH_UNKNOWN", "message": "There is no such thing."}})


@dataclass
class FakeServer:
    """State to answer from; every request is noted in ``asked`` as "METHOD path"."""

    inspection: Answer = NOT_THERE
    builds: list[dict[str, Any]] = field(default_factory=list)
    packages: list[dict[str, Any]] = field(default_factory=list)
    details: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""
    info: Answer = (200, {"version": "0.1.0", "isolation": None})
    missing: bool = False
    on_build: Callable[[dict[str, Any]], Answer] | None = None
    on_run: Callable[[dict[str, Any]], Answer] | None = None
    on_schedule: Callable[[dict[str, Any]], Answer] | None = None
    on_export: Callable[[dict[str, Any]], Answer] | None = None
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    def install(self, page: Any) -> None:
        """Answer all of the page's requests to our routes from here."""
        page.route(ROUTES, self._handle)

    def count(self, start: str) -> int:
        """How many requests began with ``start``."""
        return sum(each.startswith(start) for each in self.asked)

    def _handle(self, route: Any) -> None:
        request = route.request
        url = urlparse(request.url)
        path = unquote(url.path.split("/jupyter-modelpack/", 1)[1])
        self.asked.append(f"{request.method} {path}")
        body = json.loads(request.post_data) if request.post_data else None
        if body is not None:
            self.bodies.append(body)
        if self.missing:
            route.fulfill(status=404, content_type="text/html", body="<h1>404</h1>")
            return
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        status, answer = self._answer(request.method, path.split("/"), query, body)
        text = "" if answer is None else json.dumps(answer)
        route.fulfill(status=status, content_type="application/json", body=text)

    def _answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        match method, parts:
            case "GET", ["info"]:
                return self.info
            case "GET", ["inspection"]:
                return self.inspection
            case "GET", ["builds"]:
                return 200, {"builds": self.builds}
            case "POST", ["builds"] if self.on_build:
                return self.on_build(body)
            case "GET", ["builds", ident]:
                return _find(self.builds, ident)
            case "DELETE", ["builds" | "runs", _]:
                return 202, {}
            case "GET", ["builds" | "runs", _, "log"]:
                start = int(query.get("offset", "0"))
                text = self.log[start:]
                return 200, _chunk(start, text)
            case "GET", ["packages"]:
                return 200, {"packages": self.packages}
            case "GET", ["packages", _, version] if version in self.details:
                return 200, self.details[version]
            case "POST", ["packages", _, _, "export"] if self.on_export:
                return self.on_export(body)
            case "GET", ["runs"]:
                return 200, {"runs": self.runs}
            case "POST", ["runs"] if self.on_run:
                return self.on_run(body)
            case "POST", ["runs", ident, "retry"]:
                return self._retry(ident)
            case ("GET", ["schedules"]) | ("POST" | "DELETE", ["schedules", _]):
                return self._schedules(method, parts, body)
            case "POST", ["schedules"] if self.on_schedule:
                return self.on_schedule(body)
            case "GET", ["runs", _, "notebook"]:
                return 200, {"html": "<h1>As it ran</h1><script>parent.__pwned = 1</script>"}
            case "GET", ["runs", ident]:
                return _find(self.runs, ident)
        return NOT_THERE

    def _retry(self, ident: str) -> Answer:
        """The next try of a run at Kubeflow goes on with what is there."""
        failed = next(each for each in self.runs if each["id"] == ident)
        again = {**failed, "id": f"{ident}-again", "phase": "Running", "error": None}
        again |= {"retries": failed["place"]["run"], "finished": None}
        self.runs.insert(0, again)
        return 201, again

    def _schedules(self, method: str, parts: list[str], body: Any) -> Answer:
        """Those that are there; one of them turned on or off, or gone."""
        if method == "GET":
            return 200, {"schedules": self.schedules}
        found = next(each for each in self.schedules if each["id"] == parts[1])
        if method == "DELETE":
            self.schedules.remove(found)
            return 204, None
        found |= {"enabled": body["enabled"]}
        found |= {} if found["enabled"] else {"next": None}
        return 200, found


def _find(things: list[dict[str, Any]], ident: str) -> Answer:
    return next(((200, each) for each in things if each["id"] == ident), NOT_THERE)


def _chunk(start: int, text: str) -> dict[str, Any]:
    return {"offset": start, "text": text, "next_offset": start + len(text), "complete": True}
