"""What goes wrong at the registry of a test, how it behaves, and what it saw."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    ``status``: answered so, ``headers`` included, and nothing done. ``reset_after``: so many bytes
    of the body are read, then the connection is reset. ``lost``: done, but the answer never comes.
    ``truncate``: the answer's body ends after so many bytes. ``stall``: seconds before the reset.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    reset_after: int | None = None
    lost: bool = False
    truncate: int | None = None
    stall: float = 0.0


@dataclass
class Seen:
    """One request as the registry saw it."""

    method: str
    path: str
    authorization: str
    body: int = 0
    status: int = 0


@dataclass
class Upload:
    data: bytearray = field(default_factory=bytearray)
    parts: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Rules:
    """How this registry behaves."""

    referrers: bool = True
    mount: bool = True
    chunks: bool = True
    keeps_partial: bool = True
    least_chunk: int = 0
    page: int = 0
    user: str = ""
    password: str = ""
    bearer: bool = False
    token_seconds: float = 60.0
    identity_token: str = ""
    realm: str = ""
    location_prefix: str = ""
    slow: float = 0.0
