"""A4 at the service, with a person who is logged in through a real JupyterHub."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.services.promotions import Wish
from tests.bypass_origins import attempts
from tests.hub import BASE, post
from tests.service.served import account
from tests.shelf_workshop import shelf_world

TOKEN = "a" * 32
ADA = Actor("jupyterhub", "ada", verified=True, signed_in=True)


@pytest.fixture(scope="module")
def service(hub, tmp_path_factory):
    folder = tmp_path_factory.mktemp("a4") / "data"
    with hub.serve(folder, workshop="shelf_workshop:open_workshop") as found:
        yield found


@pytest.fixture
def waiting(service):
    """A promotion to production that waits for a yes, and a look at what became of it."""
    world = shelf_world(service.data_dir)
    world.package("1.0.0", account=account("ada", "jupyterhub"))
    for place in ("dev", "staging", "production"):
        last = world.releases.ask(Wish("churn", "1.0.0", place, ""), ADA)
    yield last["id"], lambda: world.promotions.get(last["id"]).phase
    world.ledger.close()


def test_a4_no_page_of_somebody_else_is_obeyed(hub, service, waiting):
    ident, phase = waiting
    own = "{0.scheme}://{0.netloc}".format(urlsplit(service.url))
    route = service.route(f"promotions/{ident}/decision")
    accepted, tried = [], 0
    with hub.signed_in("rita") as rita:
        rita.follow_redirects = False
        # the worst case: the page has managed to set the cookie that holds the XSRF token
        rita.cookies.set("_modelpack_xsrf", TOKEN, domain=urlsplit(own).hostname, path=BASE)
        for way, origin, head in attempts(own):
            for xsrf in ({"X-XSRFToken": TOKEN}, {}):
                for method in ("GET", "OPTIONS") if way == "CORS" else ("GET", "POST"):
                    if way == "websocket" and method == "POST":
                        continue
                    tried += 1
                    body = {"json": {"decision": "approve"}} if method == "POST" else {}
                    place = route if method != "GET" else service.route("promotions")
                    answer = rita.request(method, place, headers={**head, **xsrf}, **body)
                    readable = "access-control-allow-origin" in answer.headers
                    done = answer.status_code == 101 or (
                        method == "POST" and answer.status_code != 403
                    )
                    # without an Origin a browser lets nobody else read the answer of a GET
                    given = method == "GET" and "Origin" in head and answer.status_code == 200
                    if readable or done or given or answer.status_code >= 500:
                        accepted.append((way, origin, method, answer.status_code))
        print(f"A4: {tried} requests of 10 origins in {len(accepted)} cases accepted")
        assert accepted == []
        assert phase() == "Waiting"
        unsafe = [
            ("POST", f"promotions/{ident}/decision"),
            ("POST", "promotions"),
            ("DELETE", f"promotions/{ident}"),
            ("POST", "rollbacks"),
            ("POST", "../logout"),
        ]
        for method, path in unsafe:
            for head in ({}, {"Origin": own}, {"Origin": own, "X-XSRFToken": "b" * 32}):
                answer = rita.request(method, service.route(path), headers=head)
                assert answer.status_code == 403, (method, path, head)
        form = {"_xsrf": TOKEN, "decision": "approve"}
        assert rita.post(route, data=form, headers={"Referer": f"{own}x/"}).status_code == 403
        assert phase() == "Waiting"
        # and the same request from a page of the service is done
        assert post(rita, hub, f"promotions/{ident}/decision", {"decision": "approve"}).is_success
        assert phase() == "Active"


def test_a4_a_foreign_page_with_a_good_token_is_not_answered(hub, service):
    head = {"Authorization": f"token {hub.token_of('rita')}"}
    place = service.route("promotions")
    own = "{0.scheme}://{0.netloc}".format(urlsplit(service.url))
    with httpx.Client(headers=head, timeout=60) as client:
        assert client.get(place).status_code == 200
        for _, origin, more in attempts(own):
            if "Origin" in more:
                answer = client.get(place, headers=more)
                assert answer.status_code in (403, 404), origin
                assert "access-control-allow-origin" not in answer.headers
