"""Logging in through a real JupyterHub: what a browser, a token and a kernel may do."""

from __future__ import annotations

import httpx
import pytest

from tests.hub import post, until

READ = "environments?name=churn"
DECIDE = "promotions/nothing/decision"
YES = {"decision": "approve"}


@pytest.fixture(scope="module")
def service(hub, tmp_path_factory):
    with hub.serve(tmp_path_factory.mktemp("service") / "data") as found:
        yield found


def bearing(token):
    return {"Authorization": f"token {token}"}


def test_the_hub_is_up_in_time(hub):
    print(f"JupyterHub answered after {hub.seconds:.1f} s")
    assert hub.seconds < 60


def test_nobody_is_let_in_without_a_login(service):
    assert httpx.get(service.route(READ)).status_code == 403
    for wrong in ("x", "x" * 64, "a b"):
        assert httpx.get(service.route(READ), headers=bearing(wrong)).status_code == 403
    front = httpx.get(service.url)
    assert front.status_code == 302
    assert front.headers["Location"] == "/modelpack/login?next=%2Fmodelpack%2F"


def test_a_person_signs_in_with_a_cookie_that_scripts_cannot_read(hub, service):
    with hub.signed_in("rita") as rita:
        who = rita.get(service.route(READ)).json()["identity"]
        assert (who["username"], who["verified"]) == ("rita", True)
        (cookie,) = [each for each in rita.cookies.jar if each.name == "modelpack-session"]
        assert cookie.path == "/modelpack/"
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"
        answer = post(rita, hub, DECIDE, YES)
        assert answer.json()["error"]["code"] == "PROMOTION_UNKNOWN"
        post(rita, hub, "../logout", None)
        assert rita.get(service.route(READ)).status_code == 403


def test_a_token_reads_and_asks_but_never_decides(hub, service):
    head = bearing(hub.token_of("rita"))
    assert httpx.get(service.route(READ), headers=head).status_code == 200
    wish = {"name": "churn", "version": "1.0.0", "environment": "dev", "reason": ""}
    asked = httpx.post(service.route("promotions"), headers=head, json=wish)
    assert asked.json()["error"]["code"] == "PACKAGE_UNKNOWN"  # nothing is on the shelf
    for route, body in ((DECIDE, YES), ("rollbacks", wish)):
        answer = httpx.post(service.route(route), headers=head, json=body)
        assert answer.status_code == 403
        assert "code in a notebook" in answer.json()["error"]["message"]


def test_a_cookie_that_a_page_on_another_port_set_ends_no_session(hub, service):
    with hub.signed_in("rita") as rita:
        (own,) = [each for each in rita.cookies.jar if each.name == "modelpack-session"]
        for wrong in ("abcdef", '"2|1:0|10:1400000000|17:modelpack-session|4:YWJj|00"'):
            for given in (f"{wrong}; modelpack-session={own.value}", f"{own.value}; x={wrong}"):
                head = {"Cookie": f"modelpack-session={given}"}
                assert httpx.get(service.route(READ), headers=head).status_code == 200
            head = {"Cookie": f"modelpack-session={wrong}"}
            assert httpx.get(service.route(READ), headers=head).status_code == 403


def test_a_token_beside_a_session_does_not_borrow_it(hub, service):
    with hub.signed_in("rita") as rita:
        rita.headers["Authorization"] = "token wrong"
        assert rita.get(service.route(READ)).status_code == 403
        assert post(rita, hub, DECIDE, YES).status_code == 403


def test_a_deleted_account_is_out(hub, service):
    with hub.signed_in("zoe") as zoe:
        assert zoe.get(service.route(READ)).status_code == 200
        hub.api("DELETE", "users/zoe")
        # the Hub's yes is used again for three seconds
        until(lambda: zoe.get(service.route(READ)).status_code == 403, "zoe is still let in")
