"""A5: whatever ``next`` says, logging in leads to a page of the service."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

import pytest

from jupyter_modelpack.service.login_pages import inside
from tests.service.served import serving
from tests.service.test_a1_no_open_route import PageLogin

BASE = "/releases/"
BAD = [
    "https://evil.example/",
    "http://evil.example/releases/",
    "//evil.example/releases/",
    "///evil.example/",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/releases/../../evil",
    "/releases/..",
    "/releases/%2e%2e/%2e%2e/evil",
    "/releases/%2E./evil",
    "/releases/.%2e/evil",
    "/releases/%252e%252e/evil",
    "/releases/..%2fevil",
    "/releases/..\\evil",
    "/releases//evil.example",
    "/releases/%2f/evil.example",
    "/releases/\t/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/releases/\r\nLocation: https://evil.example",
    "/releases/\x00",
    "/releasesevil/",
    "/",
    "",
    "evil.example",
    "javascript:alert(1)",
    "data:text/html,hi",
    "/releases/\u2028",
    "http:/releases/",
    "@evil.example/releases/",
    "/hub/logout",
]
GOOD = [
    "/releases/",
    "/releases/jupyter-modelpack/pages/promotions/1",
    "/releases/jupyter-modelpack/history?at=2026-11-17T12:00&name=a//b#top",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("a5"), Remembering()) as found:
        yield found


class Remembering(PageLogin):
    """Comes back at once to where the person wanted to be."""

    target = ""

    def begin(self, handler, target):
        Remembering.target = target
        return f"{handler.base_url}oauth_callback"

    async def finish(self, handler):
        return handler.get_query_argument("raw", Remembering.target, strip=False)


def lands(served, answer):
    """Return where a browser that follows this answer is."""
    return urlsplit(urljoin(served.address.url, answer.headers["Location"]))


def test_a5_bad_targets_never_leave_the_base_url(served):
    left = []
    own = urlsplit(served.address.url)
    for target in BAD:
        assert inside(BASE, target) == BASE
        served.ask("GET", f"login?next={quote(target, safe='')}")
        ways = [
            served.ask("GET", "oauth_callback"),
            # even if what came back from the login were somebody else's
            served.ask("GET", f"oauth_callback?raw={quote(target, safe='')}"),
        ]
        for answer in ways:
            found = lands(served, answer)
            if (found.netloc, found.path) != (own.netloc, BASE):
                left.append((target, answer.headers["Location"]))
    print(f"A5: {len(BAD)} bad targets, 2 ways each: {len(left)} left the base URL")
    assert left == []


def test_good_targets_are_kept(served):
    for target in GOOD:
        served.ask("GET", f"login?next={quote(target, safe='')}")
        assert served.ask("GET", "oauth_callback").headers["Location"] == target


def test_a_page_sends_people_to_the_login_and_back(served):
    answer = served.ask("GET", "")
    assert answer.headers["Location"] == "/releases/login?next=%2Freleases%2F"
