"""A10: a header with a name counts from the proxy alone."""

from __future__ import annotations

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.service.application import Address
from tests.service.served import SECRET, header_login, proxied, serving

NAMES = (
    "kubeflow-userid",
    "Kubeflow-UserId",
    "X-Forwarded-User",
    "X-Remote-User",
    "Remote-User",
    "X-Forwarded-Email",
    "X-Forwarded-Preferred-Username",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "x-goog-authenticated-user-email",
    "X-User",
)
PROOFS = (
    {},
    {"x-modelpack-proxy-secret": ""},
    {"x-modelpack-proxy-secret": "wrong" * 5},
    {"x-modelpack-proxy-secret": SECRET[:-1]},
    {"x-modelpack-proxy-secret": SECRET + "x"},
    {"x-modelpack-proxy-secret": SECRET.upper()},
    {"X-Forwarded-For": "10.9.9.9", "X-Real-Ip": "10.9.9.9", "Forwarded": "for=10.9.9.9"},
)
READ = "jupyter-modelpack/environments?name=churn"


def who(answer):
    return answer.json()["identity"]["username"] if answer.status_code == 200 else None


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a10")
    login = header_login(folder, peers=["10.9.9.9"])
    with serving(folder, login) as found:
        yield found


def test_a10_forged_headers_change_nobody(served):
    taken, tried = [], 0
    for name in NAMES:
        for proof in PROOFS:
            tried += 1
            answer = served.ask("GET", READ, headers={name: "rita", **proof})
            if answer.status_code not in (401, 403) or who(answer):
                taken.append((name, proof, answer.status_code))
    # beside a true login, a second name is not taken either
    for name in NAMES[2:]:
        tried += 1
        answer = served.ask("GET", READ, headers={**proxied("ada"), name: "rita"})
        if who(answer) != "ada":
            taken.append((name, "beside ada", answer.status_code))
    for forged in (
        [*proxied("ada").items(), ("kubeflow-userid", "rita")],
        [*proxied("ada").items(), ("Kubeflow-Userid", "rita")],
        [*proxied("rita").items(), ("x-modelpack-proxy-secret", "wrong")],
        list(proxied("ada, rita").items()),
        list(proxied("").items()),
        list(proxied("r" * 400).items()),
    ):
        tried += 1
        answer = served.ask("GET", READ, headers=forged)
        if answer.status_code != 403:
            taken.append((forged, answer.status_code))
    print(f"A10: {tried} forged headers, {len(taken)} changed the user")
    assert taken == []
    assert tried >= 20


def test_the_proxy_is_believed(served):
    assert who(served.ask("GET", READ, headers=proxied("ada"))) == "ada"


def test_a_named_address_is_believed_without_a_secret(tmp_path):
    login = header_login(
        tmp_path, peers=["127.0.0.0/8"], secret_file="", header="x-goog-authenticated-user-email",
        prefix="accounts.google.com:",
    )  # fmt: skip
    with serving(tmp_path, login) as served:
        name = "x-goog-authenticated-user-email"
        given = {name: "accounts.google.com:rita@example.org"}
        assert who(served.ask("GET", READ, headers=given)) == "rita@example.org"
        for wrong in ("rita@example.org", "accounts.evil.com:rita", "accounts.google.com:"):
            assert served.ask("GET", READ, headers={name: wrong}).status_code == 403


@pytest.mark.parametrize(
    "settings",
    [{"secret_file": "", "peers": []}, {"secret_file": "/nowhere"}, {"peers": ["not an address"]}],
)
def test_a_service_that_could_not_tell_its_proxy_does_not_start(tmp_path, settings):
    with pytest.raises(InvalidInput) as caught:
        header_login(tmp_path, **settings).check(Address("http://127.0.0.1:1", "/"))
    print(caught.value)


def test_a_secret_that_is_gone_lets_nobody_in(tmp_path):
    with serving(tmp_path) as served:
        assert who(served.ask("GET", READ, headers=proxied("ada"))) == "ada"
        (tmp_path / "proxy-secret").unlink()
        assert served.ask("GET", READ, headers=proxied("ada")).status_code == 403
        (tmp_path / "proxy-secret").write_text("")
        head = {**proxied("ada"), "x-modelpack-proxy-secret": ""}
        assert served.ask("GET", READ, headers=head).status_code == 403
