"""A2: each verb of each route asks for exactly its own action on exactly its own resource."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from jupyter_server.auth import Authorizer

from jupyter_modelpack.handlers.routes import INTAKE_ROUTES

TABLE = json.loads((Path(__file__).parent / "routes.json").read_text("utf-8"))
# Routes of the release service alone are tried in tests/service.
LOCAL = {route: TABLE[route] for route in TABLE if route not in dict(INTAKE_ROUTES)}
HANDLERS = Path(__file__).parents[2] / "jupyter_modelpack" / "handlers"


class Recorder(Authorizer):
    """Notes what it was asked, and says no."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012
    answer = False

    def is_authorized(self, handler, user, action, resource):
        Recorder.asked.append((action, resource))
        return Recorder.answer


@pytest.fixture
def jp_server_config(jp_server_config):
    jp_server_config.ServerApp.authorizer_class = Recorder
    return jp_server_config


def filled(route):
    return route.replace("([^/]+)", "x").removesuffix("?")


async def test_a2_right_authorisation_tuple(client, jp_serverapp):
    wanted = [(verb, route, *pair) for route, row in LOCAL.items() for verb, pair in row.items()]
    tried = 0
    for order in (wanted, wanted[::-1], wanted):
        for verb, route, action, resource in order:
            Recorder.asked.clear()
            answer = await client(verb, filled(route), body={} if verb == "POST" else None)
            assert answer.status == 403, (verb, route)
            said = answer.body if isinstance(answer.body, str) else answer.body["error"]["code"]
            assert "NOT_PERMITTED" in said
            assert Recorder.asked == [(action, resource)], (verb, route)
            tried += 1
    print(f"A2: {tried} requests in 2 orders, all asked for their own action and resource")


async def test_verbs_without_a_row_do_not_exist(client, jp_serverapp):
    for route, row in LOCAL.items():
        for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if verb not in row:
                Recorder.asked.clear()
                answer = await client(verb, filled(route), body={} if verb != "GET" else None)
                assert (answer.status, Recorder.asked) == (405, []), (verb, route)


def test_every_verb_is_decorated_in_full():
    """The decorators stand on each verb itself, with both arguments written out."""
    verbs = 0
    for place in HANDLERS.glob("*.py"):
        if place.name in ("handler.py", "streamed.py"):
            continue
        for node in ast.walk(ast.parse(place.read_text("utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef):
                assert [ast.unparse(each).split("(")[0] for each in node.decorator_list] == [
                    "authenticated",
                    "authorized",
                ], (place.name, node.name)
                call = node.decorator_list[1]
                assert isinstance(call, ast.Call)
                assert [keyword.arg for keyword in call.keywords] == ["action", "resource"]
                verbs += 1
    assert verbs == sum(len(row) for row in TABLE.values())
