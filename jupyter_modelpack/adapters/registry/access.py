"""How registries are reached: settings, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_modelpack.errors import InvalidInput

MIB = 1 << 20


@dataclass(frozen=True)
class Access:
    """What is configured for registries; sizes are bytes, times are seconds.

    ``insecure`` allows plain HTTP to other machines. ``strangers`` says that references may come
    from people who do not own this machine: then a registry must have a public address.
    """

    ca: str = ""
    insecure: bool = False
    auth_file: str = ""
    username: str = ""
    password_file: str = ""
    strangers: bool = False
    chunk_bytes: int = 32 * MIB
    parallel: int = 4
    connect_seconds: float = 10.0
    answer_seconds: float = 60.0
    attempts: int = 6
    patience_seconds: float = 60.0

    @classmethod
    def configured(cls, settings: Mapping[str, Any]) -> Access:
        """Return what the settings that begin with ``registry_`` say."""
        names = ("ca", "insecure", "auth_file", "username", "password_file")
        given = {name: settings.get(f"registry_{name}") for name in names}
        return cls(**{name: value for name, value in given.items() if value})

    def __post_init__(self) -> None:
        if bool(self.username) != bool(self.password_file):
            raise InvalidInput(
                "A registry needs both a username and a file with the password.",
                field="registry_password_file",
                advice="Set registry_username and registry_password_file, or neither.",
            )
        if self.chunk_bytes < 1 or self.parallel < 1 or self.attempts < 1:
            raise InvalidInput("Limits of registries must be 1 or more.", field="registry")

    def password(self) -> str:
        """Return what the password file holds; raises InvalidInput when it cannot be read."""
        try:
            return Path(self.password_file).expanduser().read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(
                f"The password file {self.password_file} cannot be read.",
                field="registry_password_file",
                advice="Check its path and that you may read it.",
            ) from error
