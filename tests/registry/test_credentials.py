"""Where credentials are looked for, in which order, and what of them is never shown."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.registry.access import Access
from jupyter_modelpack.adapters.registry.auth_file import read_auth_file
from jupyter_modelpack.adapters.registry.challenge import challenges, chosen
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.adapters.registry.credential_program import CredentialProgram
from jupyter_modelpack.adapters.registry.credentials import ANONYMOUS, Chain
from jupyter_modelpack.errors import BackendError, BackendUnavailable, InvalidInput, ModelPackError


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


AUTHS = {
    "https://r.example.com": auth("host", "a:b"),
    "r.example.com/team": auth("team", "c"),
    "r.example.com/team/churn": auth("churn", "d"),
    "*.pull.example.com": auth("any", "e"),
    "https://index.docker.io/v1/": auth("hub", "f"),
    "tokens.example.com": {"identitytoken": "id", "auth": auth("<token>", "")["auth"]},
    "plain.example.com:5000": {"username": "u", "password": "p"},
    "broken.example.com": {"auth": "!!"},
}


@pytest.mark.parametrize(
    ("host", "path", "user"),
    [
        ("r.example.com", "other/x", "host"),
        ("r.example.com", "team/x", "team"),
        ("r.example.com", "teams/x", "host"),
        ("r.example.com", "team/churn", "churn"),
        ("a.pull.example.com", "x", "any"),
        ("b.a.pull.example.com", "x", ""),
        ("index.docker.io", "library/x", "hub"),
        ("plain.example.com:5000", "x", "u"),
        ("plain.example.com", "x", ""),
        ("broken.example.com", "x", ""),
        ("evil-r.example.com", "x", ""),
    ],
)
def test_the_longest_match_counts(host: str, path: str, user: str, tmp_path: Path) -> None:
    file = write(tmp_path / "config.json", {"auths": AUTHS})
    assert Chain(Access(auth_file=str(file))).find(host, path).username == user


def test_every_kind_of_file_is_read(tmp_path: Path) -> None:
    config = {"auths": {"r.example.com": auth("ada", "a:b")}}
    inner = base64.b64encode(json.dumps(config).encode()).decode()
    kinds = {
        "config.json": config,
        ".dockercfg": config["auths"],
        "secret.json": {"kind": "Secret", "data": {".dockerconfigjson": inner}},
        "string.json": {"kind": "Secret", "stringData": {".dockerconfigjson": json.dumps(config)}},
    }
    for name, value in kinds.items():
        file = write(tmp_path / name, value)
        found = Chain(Access(auth_file=str(file))).find("r.example.com", "x")
        assert found == Credential("ada", "a:b"), name


def test_the_order_is_settings_file_environment_home(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("from a file\n")
    named, docker, podman = (
        write(tmp_path / name, {"auths": {"r": auth(user, "x")}})
        for name, user in (
            ("named.json", "named"),
            ("home/.docker/config.json", "docker"),
            ("run/containers/auth.json", "podman"),
        )
    )

    def find(environment: dict[str, str], **access: str) -> Credential:
        chain = Chain(Access(**access), environment, lambda: tmp_path / "home")
        return chain.find("r", "x")

    run = {"XDG_RUNTIME_DIR": str(tmp_path / "run")}
    given = {"username": "set", "password_file": str(password), "auth_file": str(named)}
    assert find(run, **given) == Credential("set", "from a file")
    assert find(run, auth_file=str(named)).username == "named"
    assert find({"REGISTRY_AUTH_FILE": str(named), **run}).username == "named"
    assert find(run).username == "docker"
    docker.unlink()
    assert find(run).username == "podman"
    podman.unlink()
    assert find(run) == ANONYMOUS


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_programs_are_asked_without_a_shell_and_within_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(bin_folder), prepend=":")
    program(
        bin_folder,
        "good",
        """read -r h; echo "{\\"Username\\": \\"$h\\", \\"Secret\\": \\"s\\"}" """,
    )
    program(bin_folder, "token", """echo '{"Username": "<token>", "Secret": "t"}'""")
    program(bin_folder, "none", "echo 'credentials not found in native keychain'; exit 1")
    program(bin_folder, "bad", "echo 'the secret is hunter2'; exit 1")
    program(bin_folder, "noise", "echo 'hunter2'")
    program(bin_folder, "slow", "sleep 60")
    ask = CredentialProgram(30.0)
    assert ask.get("good", "r.example.com") == Credential("r.example.com", "s")
    assert ask.get("token", "r") == Credential(identity_token="t")
    assert ask.get("none", "r") is None
    for name, kind in (
        ("bad", BackendError),
        ("noise", BackendError),
        ("gone", BackendUnavailable),
    ):
        with pytest.raises(kind) as caught:
            ask.get(name, "r")
        assert "hunter2" not in str(caught.value)
    with pytest.raises(BackendUnavailable, match="did not answer"):
        CredentialProgram(0.3).get("slow", "r")
    canary = tmp_path / "canary"
    for hostile in (f"good; touch {canary}", f"$(touch {canary})", "../../bin/sh", "a b", ""):
        with pytest.raises(InvalidInput):
            ask.get(hostile, "r")
    assert ask.get("good", f"r; touch {canary}") is not None
    assert not canary.exists()
    file = write(tmp_path / "c.json", {"credHelpers": {"r": "good"}, "credsStore": "token"})
    chain = Chain(Access(auth_file=str(file)))
    assert chain.find("r", "x") == Credential("r", "s")
    assert chain.find("another", "x") == Credential(identity_token="t")


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, '"x"', "\ud800"])
def test_a_file_that_is_none_is_said_without_what_is_in_it(content: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(content, errors="surrogatepass")
    with pytest.raises(ModelPackError) as caught:
        read_auth_file(file)
    assert content not in caught.value.message.replace(str(file), "")
    with pytest.raises(InvalidInput, match="is not there"):
        read_auth_file(tmp_path / "gone", needed=True)


def test_no_representation_shows_a_secret() -> None:
    shown = repr(Credential("ada", "hunter2", "idtoken", "regtoken"))
    assert "ada" in shown and not any(s in shown for s in ("hunter2", "idtoken", "regtoken"))


@pytest.mark.parametrize(
    ("headers", "scheme", "realm"),
    [
        (['Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"'], "bearer", "https://a/t"),
        (['Basic realm="x", Bearer realm="https://a/t"'], "bearer", "https://a/t"),
        (["Negotiate", 'basic realm="x"'], "basic", "x"),
        (['Bearer realm=https://a/t , service="a\\"b"'], "bearer", "https://a/t"),
        (["Bearer"], None, ""),
        (["Negotiate abc=="], None, ""),
        (["," * 9000], None, ""),
        ([], None, ""),
    ],
)  # fmt: skip
def test_challenges(headers: list[str], scheme: str | None, realm: str) -> None:
    found = chosen(challenges(headers))
    assert (found.scheme if found else None) == scheme
    assert (found.realm if found else "") == realm
