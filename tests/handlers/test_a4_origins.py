"""A4 at the notebook server: no page of somebody else is obeyed or can read an answer."""

from __future__ import annotations

import pytest
from jupyter_server.auth.identity import User
from tornado.web import create_signed_value

from tests.bypass_origins import attempts
from tests.handlers.test_a1_no_open_route import filled, live_routes

TOKEN = "a" * 32
XSRF = {"X-XSRFToken": TOKEN}


@pytest.fixture
def logged_in(jp_serverapp):
    """Return a cookie such as a browser has after Jupyter's login."""
    provider = jp_serverapp.identity_provider
    provider.cookie_name = "a-login"
    secret = jp_serverapp.web_app.settings["cookie_secret"]
    value = provider.user_to_cookie(User("rita"))
    return f"a-login={create_signed_value(secret, 'a-login', value).decode()}; _xsrf={TOKEN}"


async def test_a4_no_page_of_somebody_else_is_obeyed(client, jp_serverapp, jp_web_app, logged_in):
    own = f"http://127.0.0.1:{jp_serverapp.port}"
    head = {"Authorization": "", "Cookie": logged_in}
    answer = await client("GET", "packages", headers={**head, "Referer": f"{own}/lab"})
    assert answer.status == 200  # the login is good
    asked = await client("POST", "promotions", headers={**head, "Origin": own, **XSRF}, body={})
    assert asked.status == 400  # and a page of the server's own gets through
    accepted, tried = [], 0
    for way, origin, more in attempts(own):
        for xsrf in (XSRF, {}):
            methods = ("GET", "OPTIONS") if way == "CORS" else ("GET", "POST")
            for method in methods:
                if way == "websocket" and method == "POST":
                    continue
                tried += 1
                answer = await client(
                    method,
                    "promotions",
                    headers={**head, **more, **xsrf},
                    body={} if method == "POST" else None,
                )
                allowed = method == "GET" and "Origin" not in more
                refused = answer.status in (403, 404, 405) or allowed
                if not refused or "Access-Control-Allow-Origin" in answer.headers:
                    accepted.append((way, origin, method, answer.status))
    for route in live_routes(jp_web_app):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            tried += 1
            answer = await client(
                method, *filled(route).split("/"), headers={**head, "Origin": own}, body={}
            )
            if answer.status != 403:
                accepted.append(("no XSRF token", route, method, answer.status))
    print(f"A4: {tried} requests, {len(accepted)} accepted")
    assert accepted == []


async def test_a4_a_foreign_page_with_a_good_token_is_not_answered(client, jp_serverapp):
    own = f"http://127.0.0.1:{jp_serverapp.port}"
    for _, origin, more in attempts(own):
        answer = await client("GET", "packages", headers=more) if "Origin" in more else None
        if answer is not None:
            assert answer.status == 404, origin
            assert "Access-Control-Allow-Origin" not in answer.headers
