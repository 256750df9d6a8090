"""Contents paths: what the browser calls a file, as a place inside the server's root folder."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from pathlib import Path

from jupyter_modelpack.errors import InvalidInput, NotFound

_LONGEST = 1024
_MOST_ENTRIES = 5000


class ContentsPaths:
    """Places inside one root folder; nothing outside it is ever named, whatever a path says."""

    def __init__(self, root: Path | str, *, hidden: bool = False) -> None:
        self._root = os.path.realpath(Path(root).expanduser())
        self._hidden = hidden

    def notebook(self, path: str) -> str:
        """Return the absolute path of a notebook that exists, links followed.

        Raises InvalidInput for what cannot be a contents path of a notebook or leads out of the
        root folder, and NotFound when there is no such notebook.
        """
        parts = self._parts(path)
        if not parts[-1].endswith(".ipynb"):
            raise InvalidInput(
                "Only notebooks can be packaged, files that end in .ipynb.", field="path"
            )
        found = self._inside(parts)
        try:
            regular = stat.S_ISREG(os.stat(found).st_mode)
        except OSError:
            regular = False
        if not regular:
            raise NotFound("notebook", _shown(path), advice="Was it renamed, moved or deleted?")
        return found

    def target(self, path: str) -> Path:
        """Return where a new file goes; its folder must be there. Raises InvalidInput."""
        parts = self._parts(path)
        folder = self._inside(parts[:-1])
        if not os.path.isdir(folder):
            raise InvalidInput(
                f"There is no folder {_shown('/'.join(parts[:-1]))}.",
                field="path",
                advice="Make it first, or choose another one.",
            )
        place = Path(folder) / parts[-1]
        if place.is_symlink() or (place.exists() and not place.is_file()):
            raise InvalidInput(
                f"{_shown(parts[-1])} is not a file that could be replaced.",
                field="path",
                advice="Choose another name.",
            )
        return place

    def shown(self, place: str) -> str:
        """Return the contents path of an absolute path, or nothing for one outside the root."""
        real = os.path.realpath(place)
        if not real.startswith(self._root.rstrip("/") + "/"):
            return ""
        return os.path.relpath(real, self._root)

    def _parts(self, path: str) -> list[str]:
        parts = [part for part in path.split("/") if part]
        plain = unicodedata.normalize("NFKC", path).replace("\\", "/").split("/")
        refused = (
            not parts
            or len(path) > _LONGEST
            or "\\" in path
            or any(unicodedata.category(character) in ("Cc", "Cs") for character in path)
            or any(part.strip(" .") == "" and part for part in plain)
            or any(len(part.encode()) > 255 for part in parts)
            or "%2e" in path.lower()
            or "%2f" in path.lower()
        )
        if refused:
            raise InvalidInput(
                f"{_shown(path)} cannot be the path of a file here.",
                field="path",
                advice="Give the path as the file browser shows it.",
            )
        if not self._hidden and any(part.startswith(".") for part in parts):
            raise NotFound("file", _shown(path), advice="Hidden files are not shown here.")
        return parts

    def _inside(self, parts: list[str]) -> str:
        try:
            found = os.path.realpath(os.path.join(self._root, *parts))
        except (OSError, ValueError):
            found = ""
        if found != self._root and not found.startswith(self._root.rstrip("/") + "/"):
            raise InvalidInput(
                f"{_shown('/'.join(parts))} leads out of the folder that Jupyter shows.",
                field="path",
                advice="Copy the file here instead of linking to it.",
            )
        if not self._hidden:
            inner = os.path.relpath(found, self._root)
            if any(part.startswith(".") and part != "." for part in inner.split("/")):
                raise NotFound("file", _shown("/".join(parts)))
        return found


def _shown(path: str) -> str:
    printable = "".join(c if c.isprintable() else "\ufffd" for c in path[:200])
    return repr(printable)


class NotebookContents:
    """Notebooks on this machine, by absolute path, as far as a click needs to know them."""

    def digest(self, path: str) -> str:
        """Return the digest of a notebook's bytes, or raise NotFound or InvalidInput."""
        digest = hashlib.sha256()
        try:
            with Path(path).open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except FileNotFoundError:
            raise NotFound(
                "notebook", _shown(Path(path).name), advice="Was it renamed, moved or deleted?"
            ) from None
        except OSError as error:
            raise InvalidInput(
                f"{Path(path).name} cannot be read: {error.strerror}.",
                field="path",
                advice="Check the file's permissions.",
            ) from error
        return "sha256:" + digest.hexdigest()

    def touched_since(self, path: str, moment: float) -> bool:
        """Tell whether anything in a notebook's folder changed after a moment, or may have."""
        seen = 0
        for folder, folders, files in os.walk(Path(path).parent):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in (".", *files):
                seen += 1
                try:
                    info = os.stat(os.path.join(folder, name))
                except OSError:
                    return True
                if max(info.st_mtime, info.st_ctime) >= moment or seen > _MOST_ENTRIES:
                    return True
        return False
