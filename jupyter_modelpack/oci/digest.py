"""The digest: an algorithm and a value, checked when made (image-spec 1.1, descriptor.md)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from jupyter_modelpack.errors import InvalidInput

_SHAPE = re.compile(r"sha256:[0-9a-f]{64}\Z")


class Digest(str):
    """A ``sha256:`` digest that has the right shape; other algorithms are refused."""

    __slots__ = ()

    def __new__(cls, text: str) -> Digest:
        """Return ``text`` as a digest; raises InvalidInput when it has another shape."""
        if not isinstance(text, str) or not _SHAPE.match(text):
            raise InvalidInput(f"{text!r:.100} is not a sha256 digest.", field="digest")
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, value: Any) -> Digest:
        """Return the digest in ``value``, or raise InvalidInput."""
        return cls(value)

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Return the digest of ``data``."""
        return cls("sha256:" + hashlib.sha256(data).hexdigest())

    @property
    def hex(self) -> str:
        """The 64 hexadecimal characters."""
        return self[7:]

    @property
    def short(self) -> str:
        """The first twelve hexadecimal characters, for people."""
        return self[7:19]
