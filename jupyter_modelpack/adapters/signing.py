"""Signing and checking signatures: Ed25519 keys in PEM files, DSSE envelopes.

A key's id is the SHA-256 of its public part (SubjectPublicKeyInfo, DER), in hexadecimal.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from jupyter_modelpack.errors import InvalidInput, StoreError
from jupyter_modelpack.release.envelope import Envelope, Signature, encode

KEY_FILE = "signing.pem"
_LARGEST = 64 << 10


class Signer:
    """Signs with one private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key()
        self.key_id = key_id(self.public)

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Return the payload in an envelope with one signature."""
        value = self._key.sign(encode(payload_type, payload))
        return Envelope(payload_type, payload, (Signature(self.key_id, value),))

    def public_pem(self) -> bytes:
        """Return the public key as PEM, for those who check signatures."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class TrustedKeys:
    """The public keys whose signatures count."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys: Mapping[str, Ed25519PublicKey] = {key_id(key): key for key in keys}

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the keys."""
        return frozenset(self._keys)

    def signer(self, hint: str, message: bytes, signature: bytes) -> str | None:
        """Return the id of the trusted key that made the signature, or None.

        With a hint only that key is tried; without one, all are.
        """
        for name, key in self._keys.items():
            if hint in ("", name):
                try:
                    key.verify(signature, message)
                except InvalidSignature:
                    continue
                return name
        return None


def key_id(key: Ed25519PublicKey) -> str:
    """Return the id of a public key."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def own_signer(folder: Path) -> Signer:
    """Return the signer of a data directory, whose key is made when it is first asked for.

    Raises StoreError when the key cannot be kept, or when others can read it.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read") from error
    if mode & 0o077:
        raise StoreError(
            f"Others on this machine can read or change the signing key {path}.",
            advice=f"If nobody did, run: chmod 600 {path}. Else delete it; a new one is made.",
        )
    return file_signer(path)


def file_signer(path: Path) -> Signer:
    """Return a signer with the private key in a file, such as a mounted Kubernetes secret.

    Raises InvalidInput when there is no unencrypted Ed25519 key in it.
    """
    try:
        key = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _no_key(path, "private key without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "private key")
    return Signer(key)


def trusted_keys(paths: Iterable[Path]) -> TrustedKeys:
    """Return the public keys in PEM files, and in the ``.pem`` files of folders.

    Raises InvalidInput when a file holds none.
    """
    files: list[Path] = []
    for path in paths:
        files += sorted(path.glob("*.pem")) if path.is_dir() else [path]
    return TrustedKeys(_public(path) for path in files)


def _public(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _no_key(path, "public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public key")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):  # another process made one meanwhile, and that stays
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST)
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read") from error


def _unusable(path: Path, reason: str) -> StoreError:
    return StoreError(
        f"The key {path} cannot be used: {reason}.",
        advice="Check the path and that you may read it.",
    )


def _no_key(path: Path, kind: str) -> InvalidInput:
    return InvalidInput(
        f"{path} holds no Ed25519 {kind} in PEM.",
        field="key",
        advice="Make one with: openssl genpkey -algorithm ed25519 -out signing.pem",
    )
