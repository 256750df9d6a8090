from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.signing import (
    KEY_FILE,
    Signer,
    file_signer,
    own_signer,
    trusted_keys,
)
from jupyter_modelpack.errors import InvalidInput, ModelPackError, StoreError
from jupyter_modelpack.release.envelope import Envelope, encode
from tests.judges import tool

KIND, PAYLOAD = "application/vnd.in-toto+json", b'{"hello":"w\xc3\xb6rld"}'


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return own_signer(tmp_path / "keys")


def trust(folder: Path, *signers: Signer) -> Path:
    folder.mkdir(exist_ok=True)
    for each in signers:
        (folder / f"{each.key_id[:12]}.pem").write_bytes(each.public_pem())
    return folder


def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [tool("openssl"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_encoding_is_that_of_the_specification() -> None:
    assert encode("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert encode("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_a_key_is_made_once_and_is_only_for_its_owner(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        first = own_signer(tmp_path / "keys")
    finally:
        os.umask(before)
    path = tmp_path / "keys" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert own_signer(tmp_path / "keys").key_id == first.key_id
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from jupyter_modelpack.adapters.signing import own_signer;"
        "print(own_signer(pathlib.Path(sys.argv[1])).key_id)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "keys")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert len({each.communicate()[0] for each in started}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_read_or_change_is_not_used(tmp_path: Path, mode: int) -> None:
    own_signer(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(StoreError, match="chmod 600"):
        own_signer(tmp_path)


def test_what_is_signed_is_verified_by_a_trusted_key(tmp_path: Path, signer: Signer) -> None:
    other = own_signer(tmp_path / "other")
    keys = trusted_keys([trust(tmp_path / "trusted", signer)])
    envelope = Envelope.parse(signer.sign(KIND, PAYLOAD).to_bytes())
    (signature,) = envelope.signatures
    assert envelope.payload == PAYLOAD
    assert keys.signer(signature.key, envelope.message, signature.value) == signer.key_id
    assert keys.signer("", envelope.message, signature.value) == signer.key_id
    assert keys.signer(signature.key, envelope.message + b" ", signature.value) is None
    assert keys.signer(other.key_id, envelope.message, signature.value) is None
    stranger = other.sign(KIND, PAYLOAD).signatures[0]
    assert keys.signer(stranger.key, envelope.message, stranger.value) is None
    assert trusted_keys([]).signer("", envelope.message, signature.value) is None


def test_the_same_payload_has_the_same_signature(signer: Signer) -> None:
    assert signer.sign(KIND, PAYLOAD) == signer.sign(KIND, PAYLOAD)


def test_openssl_agrees(tmp_path: Path, signer: Signer) -> None:
    envelope = signer.sign(KIND, PAYLOAD)
    public, message, value = (tmp_path / name for name in ("pub.pem", "message", "sig"))
    public.write_bytes(signer.public_pem())
    message.write_bytes(envelope.message)
    value.write_bytes(envelope.signatures[0].value)
    verify = ("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", message)
    assert openssl(*verify, "-sigfile", value).returncode == 0
    message.write_bytes(envelope.message + b" ")
    assert openssl(*verify, "-sigfile", value).returncode != 0
    spki = tmp_path / "spki"
    openssl("pkey", "-pubin", "-in", public, "-outform", "DER", "-out", spki)
    assert hashlib.sha256(spki.read_bytes()).hexdigest() == signer.key_id
    print("D1: openssl verifies our signature, refuses another message, and has the same key id")


def test_a_key_of_openssl_signs_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "team.pem"
    assert openssl("genpkey", "-algorithm", "ed25519", "-out", path).returncode == 0
    path.chmod(0o444)  # as a mounted Kubernetes secret may be
    signer = file_signer(path)
    public = tmp_path / "team.pub"
    openssl("pkey", "-in", path, "-pubout", "-out", public)
    assert trusted_keys([public]).ids == {signer.key_id}


@pytest.mark.parametrize(
    "words",
    [
        ("genpkey", "-algorithm", "ed448"),
        ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
        ("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x"),
    ],
)
def test_other_keys_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "key.pem"
    assert openssl(*words, "-out", path).returncode == 0
    with pytest.raises(InvalidInput, match="Ed25519"):
        file_signer(path)
    with pytest.raises(InvalidInput, match="Ed25519 public key"):
        trusted_keys([path])


def test_what_is_no_key_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("not a key")
    for use in (lambda: file_signer(path), lambda: trusted_keys([tmp_path])):
        with pytest.raises(ModelPackError, match="holds no Ed25519"):
            use()
    with pytest.raises(StoreError, match="No such file"):
        file_signer(tmp_path / "none.pem")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        own_signer(tmp_path / "file" / "keys")
