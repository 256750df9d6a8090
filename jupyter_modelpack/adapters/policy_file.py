"""The policy file in the data directory, for people to read and edit."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jupyter_modelpack.errors import InvalidInput, StoreError


class PolicyFile:
    """One YAML file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str | None:
        """Return its text, or None when there is no file; raises InvalidInput."""
        try:
            return self.path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise InvalidInput(
                f"The policy {self.path} is not UTF-8 text.", field="policy"
            ) from None
        except OSError as error:
            raise InvalidInput(
                f"The policy {self.path} cannot be read: {error.strerror}.", field="policy"
            ) from error

    def replace(self, text: str) -> None:
        """Write another policy over it, whole or not at all; raises StoreError."""
        try:
            with tempfile.NamedTemporaryFile(
                dir=self.path.parent, prefix=".policy-", delete=False
            ) as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(stream.name, 0o644)
            os.replace(stream.name, self.path)
        except OSError as error:
            raise StoreError(
                f"The policy {self.path} cannot be written: {error.strerror}.",
                advice="Write the approved policy into it; until then nothing is promoted.",
            ) from error

    def begin(self, text: str) -> None:
        """Write a first policy, unless there is a file meanwhile."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=".policy-") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
                os.chmod(stream.name, 0o644)
                os.link(stream.name, self.path)
        except FileExistsError:
            return
        except OSError as error:
            raise StoreError(
                f"The policy {self.path} cannot be written: {error.strerror}.",
                advice="Check that the folder may be written to.",
            ) from error
