"""Where a ledger is: a file, or a PostgreSQL database whose password is never in a setting."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from jupyter_modelpack.errors import InvalidInput, StoreError

FILE = "ledger.sqlite"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_HOST = re.compile(r"[A-Za-z0-9._:,-]*")  # anything else is a part of a password, unescaped
_SECRET = ("password", "sslpassword", "passwd")


@dataclass(frozen=True)
class Address:
    """A PostgreSQL database; as text it shows neither password nor options."""

    url: sa.URL

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``postgresql://USER@HOST/DATABASE``; raises InvalidInput, which repeats nothing."""
        try:
            url = sa.make_url(text.strip())
        except (ArgumentError, ValueError):
            raise _no_address() from None
        if url.drivername not in _POSTGRESQL or not _HOST.fullmatch(url.host or ""):
            raise _no_address()
        return cls(url.set(drivername="postgresql+psycopg"))

    @property
    def holds_secret(self) -> bool:
        """Whether a password is written in it."""
        return self.url.password is not None or any(key in self.url.query for key in _SECRET)

    def __str__(self) -> str:
        host = self.url.host or self.url.query.get("host") or "this machine"
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.url.database or 'default'} at {host}{port}"

    def __repr__(self) -> str:
        return f"Address({self})"


def ledger_place(data_dir: Path, settings: Mapping[str, Any]) -> Path | Address:
    """Return where the ledger of a data directory is; raises InvalidInput.

    ``database_url`` names a database and holds no password; ``database_url_file`` is a file, such
    as a mounted secret, that holds an address and may have one in it.
    """
    text = str(settings.get("database_url") or "")
    file = str(settings.get("database_url_file") or "")
    if text and file:
        raise InvalidInput(
            "database_url and database_url_file are both set.",
            field="database_url",
            advice="Set one of them.",
        )
    if file:
        return Address.parse(_content(Path(file).expanduser()))
    if not text:
        return data_dir / FILE
    address = Address.parse(text)
    if address.holds_secret:
        raise InvalidInput(
            "database_url holds a password, and settings are seen by many.",
            field="database_url",
            advice="Put the address into a file and set database_url_file, or use PGPASSFILE.",
        )
    return address


def has_ledger(data_dir: Path, settings: Mapping[str, Any]) -> bool:
    """Tell whether there may be a ledger already, without opening it."""
    named = settings.get("database_url") or settings.get("database_url_file")
    return bool(named) or (data_dir / FILE).exists()


def home_of(data_dir: Path) -> str:
    """Return the name of a data directory, made on first use and kept in it; raises StoreError.

    It is not the machine's name: a data directory may be mounted by another machine tomorrow.
    """
    file = data_dir / "home"
    with suppress(OSError, ValueError):
        return _checked(file.read_text("ascii"))
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".home") as made:
            made.write(secrets.token_hex(16))
            made.flush()
            with suppress(FileExistsError):
                os.link(made.name, file)  # whole, and by one process only
        return _checked(file.read_text("ascii"))
    except (OSError, ValueError):
        raise StoreError(
            f"The name of the data directory {data_dir} cannot be kept.",
            advice="Check that the folder may be written to; a file named home in it is wrong.",
        ) from None


def _checked(text: str) -> str:
    if len(text) != 32:
        raise ValueError(text)
    return text


def _content(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        raise InvalidInput(
            f"The file with the database's address, {file}, cannot be read.",
            field="database_url_file",
            advice="Mount the secret there, or correct database_url_file.",
        ) from None


def _no_address() -> InvalidInput:
    return InvalidInput(
        "The database's address is none that the ledger can use.",
        field="database_url",
        advice="Write it as postgresql://USER@HOST/DATABASE.",
    )
