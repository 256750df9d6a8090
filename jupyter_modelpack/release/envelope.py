"""The envelope: a payload, its type and who signed both (DSSE 1.0, envelope.md and protocol.md)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.plain_json import parse, render

STATEMENT_TYPE = "application/vnd.in-toto+json"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True)
class Signature:
    """A signature, and the key that made it as far as the envelope says; that is only a hint."""

    key: str
    value: bytes


@dataclass(frozen=True)
class Envelope:
    """A signed payload."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def message(self) -> bytes:
        """What the signatures are over."""
        return encode(self.payload_type, self.payload)

    def to_bytes(self) -> bytes:
        """Return the JSON text."""
        return render(
            {
                "payloadType": self.payload_type,
                "payload": base64.b64encode(self.payload).decode(),
                "signatures": [
                    {"keyid": each.key, "sig": base64.b64encode(each.value).decode()}
                    for each in self.signatures
                ],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Envelope:
        """Read the JSON text; raises InvalidInput for anything but an envelope."""
        found = parse(data)
        kind, signatures = found.get("payloadType"), found.get("signatures")
        if not isinstance(kind, str) or not isinstance(signatures, list) or not signatures:
            raise InvalidInput("It is not a signed envelope.", field="envelope")
        return cls(
            kind, _bytes(found.get("payload")), tuple(_signature(each) for each in signatures)
        )


def encode(payload_type: str, payload: bytes) -> bytes:
    """Return the DSSE pre-authentication encoding, which no other type and payload share."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _signature(value: Any) -> Signature:
    if not isinstance(value, dict):
        raise InvalidInput("A signature must be a JSON object.", field="signatures")
    key = value.get("keyid", "")
    if not isinstance(key, str):
        raise InvalidInput("A signature's keyid must be text.", field="signatures")
    return Signature(key, _bytes(value.get("sig")))


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value.encode("ascii").translate(_URL_SAFE), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error):
        raise InvalidInput("Payload and signatures must be base64.", field="envelope") from None
