"""A1 and A2 at the service: no route answers without a login, each asks for its own right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.base.handlers import JupyterHandler

from jupyter_modelpack.errors import NotPermitted
from jupyter_modelpack.handlers.routes import LOCAL_ROUTES, SERVICE_ROUTES
from tests.service.served import UPGRADE, VERBS, header_login, proxied, serving

TABLE = json.loads((Path(__file__).parents[1] / "handlers" / "routes.json").read_text("utf-8"))
EXPIRED = 'modelpack-session="2|1:0|10:1400000000|17:modelpack-session|4:YWJj|00"'
LOGINS = {
    "none": {},
    "wrong token": {"Authorization": "token wrong"},
    "wrong bearer": {"Authorization": "Bearer wrong"},
    "expired cookie": {"Cookie": EXPIRED},
    "a name without a proxy": {"kubeflow-userid": "rita"},
}


def filled(route):
    return route.replace("([^/]+)", "x").removesuffix("?")


class PageLogin:
    """A login with pages, and nobody who gets through."""

    shared_with_notebooks = ""

    def check(self, address):
        return None

    async def identify(self, handler):
        return None

    async def may_approve(self, actor, handler):
        return False

    @property
    def browser(self):
        return self

    def begin(self, handler, target):
        return f"https://hub.example/login?back={target}"

    async def finish(self, handler):
        raise NotPermitted("This login was not begun here.", rule="login")

    def end(self, handler):
        raise AssertionError("nobody was logged in")

    def directory(self, actor):
        return None


@pytest.mark.parametrize(
    ("is_open", "with_pages"),
    [(True, True), (False, True), (True, False)],
    ids=["pages, open by default", "pages, closed by default", "header, open by default"],
)
def test_a1_no_open_route(tmp_path, is_open, with_pages):
    def change(application):
        application.settings["allow_unauthenticated_access"] = is_open

    login = PageLogin() if with_pages else header_login(tmp_path)
    with serving(tmp_path, login, change) as served:
        routes = served.routes()
        wanted = {f"jupyter-modelpack/{route}" for route, _ in SERVICE_ROUTES} | {""}
        pages = {"login", "oauth_callback", "logout"} if with_pages else {"login"}
        assert set(routes) == wanted | pages
        open_ones, tried = [], 0
        for route, handler in routes.items():
            assert issubclass(handler, JupyterHandler)
            for name, head in LOGINS.items():
                for verb in (*VERBS, "websocket"):
                    tried += 1
                    more = UPGRADE if verb == "websocket" else {}
                    method = "GET" if verb == "websocket" else verb
                    answer = served.ask(method, filled(route), headers={**head, **more})
                    to_login = answer.status_code == 302 and (
                        answer.headers["Location"].startswith(("/releases/login", "https://hub."))
                    )
                    if answer.status_code not in (401, 403, 405) and not to_login:
                        open_ones.append((verb, route, name, answer.status_code))
        print(f"A1: {tried} requests to {len(routes)} routes, {len(open_ones)} answered")
        assert open_ones == []


def test_routes_of_a_notebook_server_do_not_exist_here(tmp_path):
    with serving(tmp_path) as served:
        here = {route for route, _ in SERVICE_ROUTES}
        for route, _ in LOCAL_ROUTES:
            assert route not in here
            for verb in ("GET", "POST", "DELETE"):
                path = f"jupyter-modelpack/{filled(route)}"
                answer = served.ask(verb, path, headers=proxied("rita"))
                assert answer.status_code in (403, 404, 405), (verb, route)


class Recorder(Authorizer):
    """Notes what it was asked, and says no."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def is_authorized(self, handler, user, action, resource):
        Recorder.asked.append((action, resource))
        return False


def test_a2_right_authorisation_tuple(tmp_path):
    def change(application):
        application.settings["authorizer"] = Recorder(
            identity_provider=application.settings["identity_provider"]
        )

    wanted = [
        (verb, route, *pair) for route, _ in SERVICE_ROUTES for verb, pair in TABLE[route].items()
    ]
    tried = 0
    with serving(tmp_path, change=change) as served:
        head = {**proxied("rita"), "Origin": served.address.origin}
        head |= {"Cookie": "_modelpack_xsrf=abcdef", "X-XSRFToken": "abcdef"}
        for order in (wanted, wanted[::-1], wanted):
            for verb, route, action, resource in order:
                Recorder.asked.clear()
                answer = served.ask(verb, f"jupyter-modelpack/{filled(route)}", headers=head)
                assert answer.status_code == 403, (verb, route)
                assert Recorder.asked == [(action, resource)], (verb, route)
                tried += 1
    print(f"A2: {tried} requests in 2 orders, all asked for their own action and resource")
