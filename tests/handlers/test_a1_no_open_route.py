"""A1: no route answers without a login, whatever the verb and the server's settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_server.base.handlers import JupyterHandler
from tornado.httpclient import HTTPClientError

from jupyter_modelpack.handlers.routes import INTAKE_ROUTES

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
EXPIRED = 'username-localhost-8888="2|1:0|10:1400000000|23:username-localhost-8888|4:YWJj|00"'
LOGINS = {
    "none": {},
    "wrong token": {"Authorization": "token wrong"},
    "wrong bearer": {"Authorization": "Bearer wrong"},
    "expired cookie": {"Cookie": EXPIRED},
}
TABLE = json.loads((Path(__file__).parent / "routes.json").read_text("utf-8"))
SERVICE_ONLY = {route for route, _ in INTAKE_ROUTES}


def live_routes(web_app):
    """Every rule of the running server whose pattern is ours."""
    found = {}
    for group in web_app.default_router.rules + web_app.wildcard_router.rules:
        for rule in getattr(group.target, "rules", [group]):
            pattern = getattr(getattr(rule.matcher, "regex", None), "pattern", "")
            if "/jupyter-modelpack/" in pattern:
                found[pattern.split("/jupyter-modelpack/")[1].rstrip("$")] = rule.target
    return found


def filled(route):
    return route.replace("([^/]+)", "x").removesuffix("?")


def login_of(route):
    """Pages alone send people to the login."""
    return ("login",) if route.startswith("pages/") else ()


@pytest.fixture(params=[True, False], ids=["open by default", "closed by default"])
def extension_config(request, jp_argv):
    jp_argv.append(f"--ServerApp.allow_unauthenticated_access={request.param}")
    return {}


async def status(fetch, method, route, headers):
    try:
        response = await fetch(
            "jupyter-modelpack",
            filled(route),
            method=method,
            headers=headers,
            allow_nonstandard_methods=True,
            follow_redirects=False,
        )
    except HTTPClientError as error:
        to_login = "/login?" in (
            error.response.headers.get("Location", "") if error.response else ""
        )
        return "login" if error.code == 302 and to_login else error.code
    return response.code


async def test_a1_no_open_route(jp_fetch, jp_web_app, jp_serverapp):
    routes = live_routes(jp_web_app)
    assert set(routes) == set(TABLE) - SERVICE_ONLY, "a route is missing in routes.json, or is gone"
    open_ones, tried = [], 0
    for route, handler in routes.items():
        assert issubclass(handler, JupyterHandler)
        for name, login in LOGINS.items():
            for verb in VERBS:
                tried += 1
                # jp_fetch adds its token only where no Authorization is given.
                headers = {"Authorization": "", **login}
                code = await status(jp_fetch, verb, route, headers)
                if code not in (401, 403, 405, *login_of(route)):
                    open_ones.append((verb, route, name, code))
            tried += 1
            code = await status(jp_fetch, "GET", route, {"Authorization": "", **UPGRADE, **login})
            if code not in (401, 403, 405, *login_of(route)):
                open_ones.append(("websocket", route, name, code))
    assert open_ones == []
    print(f"A1: {tried} requests to {len(routes)} routes, {len(open_ones)} answered")


async def test_a1_the_same_requests_are_answered_with_a_token(jp_fetch, jp_web_app):
    assert live_routes(jp_web_app)
    for route in live_routes(jp_web_app):
        code = await status(jp_fetch, "GET", route, {})
        assert code in (200, 400, 404, 405), (route, code)
