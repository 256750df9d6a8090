"""A branch of a git repository elsewhere, changed by whole commits and without a work tree.

git runs without a shell, without hooks, without anybody's configuration, and writes no file of the
repository to this disk: links and attributes in it do nothing here.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_modelpack.errors import BackendError, BackendUnavailable, InvalidInput

_SECONDS = 120.0
_SAFE = {
    "core.hooksPath": os.devnull,
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "protocol.file.allow": "always",
    "http.followRedirects": "false",
    "credential.helper": "",
    "gc.auto": "0",
}
_NO_BRANCH = "couldn't find remote ref"


@dataclass(frozen=True)
class GitPlace:
    """Which branch of which repository, and a file with a token for HTTPS where one is needed."""

    repository: str
    branch: str
    username: str = ""
    token_file: str = ""

    def settings(self) -> Mapping[str, str]:
        """Return git's settings; a token is among them and goes into its environment only."""
        if not self.token_file:
            return _SAFE
        try:
            token = Path(self.token_file).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(
                f"The file {self.token_file} with the token for git cannot be read.",
                field="token_file",
                advice="Check its path and that the service may read it.",
            ) from error
        pair = base64.b64encode(f"{self.username or 'git'}:{token}".encode()).decode()
        return {**_SAFE, f"http.{self.repository}.extraHeader": f"Authorization: Basic {pair}"}


class GitBranch:
    """The branch as it was fetched, and what is to be committed to it."""

    def __init__(self, place: GitPlace, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self._environment = _environment(place.settings(), folder)
        self._run("init", "--quiet", "--bare", str(folder))
        self.head = self._fetch()
        if self.head:
            self._run("read-tree", self.head)

    def read(self, path: str) -> bytes | None:
        """Return a file of the branch, or None when it has none."""
        if not self.head:
            return None
        done = self._try("cat-file", "blob", f"{self.head}:{path}")
        return done.stdout if done.returncode == 0 else None

    def folders(self, path: str) -> Sequence[str]:
        """Return the names of the folders in one."""
        if not self.head:
            return ()
        listed = self._run("ls-tree", "-d", "-z", "--name-only", self.head, f"{path}/")
        names = listed.decode("utf-8", "replace").split("\0")
        return [name.rpartition("/")[2] for name in names if name]

    def replace(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Let a folder hold these files and no others."""
        self._run("rm", "-r", "-f", "-q", "--cached", "--ignore-unmatch", "--", folder)
        for name, content in files.items():
            self.write(f"{folder}/{name}", content)

    def write(self, path: str, content: bytes) -> None:
        """Let a file be these bytes."""
        blob = self._run("hash-object", "-w", "--stdin", data=content).decode().strip()
        self._run("update-index", "--add", "--replace", "--cacheinfo", f"100644,{blob},{path}")

    def commit(self, message: str) -> bool:
        """Commit and push; return whether the branch was still as it was fetched.

        Nothing is pushed when nothing has changed. Raises BackendError when git refuses otherwise.
        """
        tree = self._run("write-tree").decode().strip()
        if self.head and tree == self._run("rev-parse", f"{self.head}^{{tree}}").decode().strip():
            return True
        parent = ("-p", self.head) if self.head else ()
        made = self._run("commit-tree", tree, *parent, data=message.encode()).decode().strip()
        target = f"{made}:refs/heads/{self._place.branch}"
        done = self._try("push", "--porcelain", "--quiet", "--", self._place.repository, target)
        if done.returncode == 0:
            return True
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        if any(word in said for word in ("non-fast-forward", "fetch first", "lock", "stale info")):
            return False
        raise self._failed("push", done)

    def _fetch(self) -> str:
        reference = f"refs/heads/{self._place.branch}:refs/heads/fetched"
        words = ("fetch", "--quiet", "--no-tags", "--depth=1", "--", self._place.repository)
        done = self._try(*words, reference)
        if done.returncode == 0:
            return self._run("rev-parse", "refs/heads/fetched").decode().strip()
        if _NO_BRANCH in done.stderr.decode("utf-8", "replace"):
            return ""
        raise self._failed("fetch", done)

    def _run(self, *words: str, data: bytes = b"") -> bytes:
        done = self._try(*words, data=data)
        if done.returncode != 0:
            raise self._failed(words[0], done)
        return done.stdout

    def _try(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", *words],
                cwd=self._folder,
                env=self._environment,
                input=data,
                capture_output=True,
                check=False,
                timeout=_SECONDS,
            )
        except FileNotFoundError as error:
            raise BackendUnavailable("git is not installed.", advice="Install git.") from error
        except subprocess.TimeoutExpired as error:
            raise BackendUnavailable(
                f"git did not come to an end with {self._place.repository}.",
                advice="Check the network and the repository's address.",
            ) from error

    def _failed(self, what: str, done: subprocess.CompletedProcess[bytes]) -> BackendError:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
        reason = "".join(c for c in lines[0] if c.isprintable())[:200]
        return BackendError(
            f"git {what} with {self._place.repository} failed: {reason}",
            advice="Check that the repository and branch are there and that the token may push.",
        )


@contextmanager
def fetched(place: GitPlace) -> Iterator[GitBranch]:
    """Fetch the branch into a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="modelpack-git-") as folder:
        yield GitBranch(place, Path(folder))


def _environment(settings: Mapping[str, str], folder: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "SSH_AUTH_SOCK") if key in os.environ}
    who = {"NAME": "jupyter_modelpack", "EMAIL": "modelpack@localhost"}
    out = {
        **kept,
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_DIR": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_AUTHOR_{key}": value for key, value in who.items()},
        **{f"GIT_COMMITTER_{key}": value for key, value in who.items()},
    }
    for number, (key, value) in enumerate(settings.items()):
        out[f"GIT_CONFIG_KEY_{number}"] = key
        out[f"GIT_CONFIG_VALUE_{number}"] = value
    return out
