"""References: repositories, tags and digests, each its own type, since a tag is not a digest.

The grammar is that of the distribution-spec 1.1 ("Pulling manifests"), with the host as Docker
tells it apart: the first part is one when it has a dot or a colon, or is ``localhost``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_HOST = re.compile(
    r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?\Z"
)


class Tag(str):
    """A tag: a name in a repository that may stand for another image tomorrow."""

    __slots__ = ()

    def __new__(cls, text: str) -> Tag:
        """Return ``text`` as a tag; raises InvalidInput when it cannot be one."""
        if not isinstance(text, str) or not _TAG.match(text):
            raise InvalidInput(
                f"{text!r:.150} is not a tag.",
                field="tag",
                advice="Use at most 128 letters, digits, dots, dashes and underscores.",
            )
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, value: Any) -> Tag:
        """Return the tag in ``value``, or raise InvalidInput."""
        return cls(value)


@dataclass(frozen=True)
class Repository:
    """Where images of one kind are: a path, in the registry at ``host`` when there is one."""

    path: str
    host: str = ""

    def __post_init__(self) -> None:
        if len(self.path) > 255 or not _PATH.match(self.path):
            raise InvalidInput(
                f"{self.path!r:.150} is not the name of a repository.",
                field="repository",
                advice="Use lower-case letters and digits, with single . _ - or / between them.",
            )
        if self.host and not _HOST.match(self.host):
            raise InvalidInput(f"{self.host!r:.150} is not a host.", field="repository")

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Read ``[HOST/]PATH``."""
        first, slash, rest = text.partition("/")
        if slash and (set(first) & set(".:[") or first == "localhost"):
            return cls(rest, first)
        return cls(text)

    def __str__(self) -> str:
        return f"{self.host}/{self.path}" if self.host else self.path


@dataclass(frozen=True)
class Reference:
    """An image in a repository, by a tag, by its digest, or by both, when the digest decides."""

    repository: Repository
    tag: Tag | None = None
    digest: Digest | None = None

    def __post_init__(self) -> None:
        if self.tag is None and self.digest is None:
            raise InvalidInput(
                f"{self.repository} says no tag and no digest.",
                field="reference",
                advice="Say which image you mean, such as churn:1.0.0.",
            )

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read ``[HOST/]PATH[:TAG][@DIGEST]``; raises InvalidInput when neither is given."""
        name, at, digest = text.partition("@")
        before, colon, tag = name.rpartition(":")
        if not colon or "/" in tag:
            before, tag = name, ""
        return cls(
            Repository.parse(before),
            Tag(tag) if tag else None,
            Digest.parse(digest) if at else None,
        )

    def with_digest(self, digest: Digest) -> Reference:
        """Return the reference to the same repository by this digest alone."""
        return Reference(self.repository, None, digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")
