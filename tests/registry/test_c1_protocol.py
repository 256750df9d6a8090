"""Row C1: the distribution conformance suite's blob cases, on the double and on real servers.

The cases are those of ``conformance/run.go`` of the distribution-spec: 12 ways to push a blob, and
5 with a wrong digest. A case that a server answers with the fallback that the specification allows
passes there too, and is printed as *fell back*.
"""

from __future__ import annotations

import hashlib
import random
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

GOOD = (
    "post only",
    "post+put",
    "chunked single",
    "stream",
    "mount",
    "mount anonymous",
    "mount missing",
    "post cancel",
    "chunked multi",
    "chunked multi and put chunk",
    "chunked out-of-order",
    "chunked out-of-order and put chunk",
)
BAD = (
    "bad digest post only",
    "bad digest post+put",
    "bad digest chunked",
    "bad digest chunked and put chunk",
    "bad digest stream",
)
OCTETS = {"Content-Type": "application/octet-stream"}
# Debian's docker-registry (2.8) appends what comes, whatever place a chunk says that it is for.
TAKES_ANY_ORDER = ("docker-registry", "named by the environment")


class Case:
    """One blob on its way to one repository."""

    def __init__(self, client: httpx.Client, size: int, *, bad: bool = False) -> None:
        self.client = client
        self.repo = f"conformance/{uuid.uuid4().hex}"
        self.data = random.Random(size).randbytes(size)
        self.digest = "sha256:" + hashlib.sha256(self.data).hexdigest()
        self.bad = bad
        self.fell_back = ""
        if bad:
            self.data += b"oh no"

    @property
    def done(self) -> int:
        return 400 if self.bad else 201

    def begin(self, **query: str) -> httpx.Response:
        return self.client.post(f"/v2/{self.repo}/blobs/uploads/", params=query)

    def at(self, answer: httpx.Response) -> str:
        return urljoin(str(answer.url), answer.headers["Location"])

    def put(self, where: str, data: bytes, digest: str, **headers: str) -> httpx.Response:
        joint = "&" if "?" in where else "?"
        url = f"{where}{joint}digest={digest}"
        return self.client.put(url, content=data, headers={**OCTETS, **headers})

    def ended(self, answer: httpx.Response) -> None:
        assert answer.status_code == self.done, (answer.status_code, answer.text)
        if not self.bad:
            found = self.client.get(self.at(answer))
            assert found.content == self.data

    def chunks(self, count: int = 3, *, put_last: bool = False, astray: bool = False) -> None:
        answer = self.begin()
        assert answer.status_code == 202
        size = max(len(self.data) // count + (count > 1), 1)
        starts = list(range(0, len(self.data), size))
        for number, start in enumerate(starts):
            part = self.data[start : start + size]
            where = self.at(answer)
            if astray:
                wrong = start + size if start + size < len(self.data) else 0
                answer = self._astray(where, wrong, size, start)
                if self.fell_back:
                    return
                where = self.at(answer)
            ranged = {"Content-Range": f"{start}-{start + len(part) - 1}"}
            if put_last and number == len(starts) - 1:
                self.ended(self.put(where, part, self.digest, **ranged))
                return
            answer = self.client.patch(where, content=part, headers={**OCTETS, **ranged})
            assert answer.status_code == 202, answer.text
        self.ended(self.put(self.at(answer), b"", self.digest))

    def _astray(self, where: str, wrong: int, size: int, start: int) -> httpx.Response:
        part = self.data[wrong : wrong + size]
        headers = {**OCTETS, "Content-Range": f"{wrong}-{wrong + len(part) - 1}"}
        answer = self.client.patch(where, content=part, headers=headers)
        if answer.status_code == 202:
            self.fell_back = "takes chunks in any order"
            return answer
        assert answer.status_code == 416, answer.text
        now = self.client.get(where)
        assert now.status_code == 204
        told = re.fullmatch(r"0-([0-9]+)", now.headers["Range"])
        assert told is not None and (start == 0 or int(told[1]) == start - 1)
        return now


def post_only(case: Case) -> None:
    url = f"/v2/{case.repo}/blobs/uploads/"
    answer = case.client.post(
        url, params={"digest": case.digest}, content=case.data, headers=OCTETS
    )
    if answer.status_code == 202:
        case.fell_back = "opens an upload instead"
        answer = case.put(case.at(answer), case.data, case.digest)
    case.ended(answer)


def post_put(case: Case) -> None:
    answer = case.begin()
    assert answer.status_code == 202
    case.ended(case.put(case.at(answer), case.data, case.digest))


def stream(case: Case) -> None:
    answer = case.begin()
    pieces = (case.data[n : n + 100] for n in range(0, len(case.data), 100))
    answer = case.client.patch(case.at(answer), content=pieces, headers=OCTETS)
    assert answer.status_code == 202
    case.ended(case.put(case.at(answer), b"", case.digest))


def mount(case: Case, *, named: bool = True, there: bool = True) -> None:
    source = Case(case.client, len(case.data))
    if there:
        post_put(source)
    query = {"mount": case.digest, **({"from": source.repo} if named else {})}
    answer = case.begin(**query)
    assert answer.status_code in ((201, 202) if there else (202,))
    if answer.status_code == 202:
        case.fell_back = "opens an upload instead" if there else ""
        answer = case.put(case.at(answer), case.data, case.digest)
    case.ended(answer)


def cancel(case: Case) -> None:
    where = case.at(case.begin())
    assert case.client.delete(where).status_code == 204
    assert case.client.get(where).status_code == 404
    post_put(case)


CASES: dict[str, Callable[[Case], Any]] = {
    "post only": post_only,
    "post+put": post_put,
    "chunked single": lambda case: case.chunks(1),
    "stream": stream,
    "mount": mount,
    "mount anonymous": lambda case: mount(case, named=False),
    "mount missing": lambda case: mount(case, there=False),
    "post cancel": cancel,
    "chunked multi": lambda case: case.chunks(),
    "chunked multi and put chunk": lambda case: case.chunks(put_last=True),
    "chunked out-of-order": lambda case: case.chunks(astray=True),
    "chunked out-of-order and put chunk": lambda case: case.chunks(astray=True, put_last=True),
    "bad digest post only": post_only,
    "bad digest post+put": post_put,
    "bad digest chunked": lambda case: case.chunks(),
    "bad digest chunked and put chunk": lambda case: case.chunks(put_last=True),
    "bad digest stream": stream,
}


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_c1_blob_cases_of_the_conformance_suite(
    name: str, server: str, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["server"]
    with httpx.Client(base_url=f"http://{server}") as client:
        case = Case(client, 3 * 1024 - 5 if "chunk" in name else 512, bad=name in BAD)
        CASES[name](case)
        missing = client.get(f"/v2/{case.repo}/blobs/sha256:{'0' * 64}")
        assert missing.status_code == 404
        if name in BAD:
            found = client.head(f"/v2/{case.repo}/blobs/{case.digest}")
            assert found.status_code == 404
    if case.fell_back:
        print(f"{kind}, {name}: fell back: {case.fell_back}")
        assert not kind.startswith("double"), "the double follows the specification"
        assert "order" not in case.fell_back or kind in TAKES_ANY_ORDER


def test_c1_there_are_as_many_cases_as_in_the_suite() -> None:
    assert (len(GOOD), len(BAD)) == (12, 5)
    assert set(CASES) == {*GOOD, *BAD}
