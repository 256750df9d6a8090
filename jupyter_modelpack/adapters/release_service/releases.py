"""Releases at the service: the same front that the local ones have, answered by the service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from jupyter_modelpack.adapters.release_service.connection import Connection
from jupyter_modelpack.adapters.release_service.publisher import Publisher
from jupyter_modelpack.adapters.release_service.witness import Witness
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.release.audit import Checkpoint, Verdict
from jupyter_modelpack.release.version import Version

Json = dict[str, Any]
Record = Mapping[str, Any]


class Local(Protocol):
    """The packages of this machine."""

    def newest(self, name: str, line: str | None = None) -> Record | None:
        """Return the record with the highest version."""

    def by_digest(self, name: str | None, digest: str) -> Record | None:
        """Return the record of an image."""

    def get(self, name: str, version: str) -> Record:
        """Return a record, or raise NotFound."""


@dataclass(frozen=True)
class RemoteReleases:
    """Promotions, environments, history and the audit log, as the service answers this token.

    The actors that are passed are not used: the service goes by the token alone.
    """

    connection: Connection
    witness: Witness
    publisher: Publisher
    local: Local
    badge: Callable[[str, Record | None, str | None], str]

    def ask(self, wish: Any, actor: Any = None) -> Json:
        """Ask for a promotion or a rollback; what is only here is published first."""
        self.witness.look()
        if wish.kind == "promote":
            wish = self._published(wish)
        body = {
            "name": wish.name,
            "version": wish.version,
            "environment": wish.environment,
            "reason": wish.reason,
        }
        if wish.generation is not None:
            body["generation"] = wish.generation
        route = "promotions" if wish.kind == "promote" else "rollbacks"
        return self._json(self.connection.post(route, body=body))

    def answer(self, ident: str, actor: Any, vote: Any) -> Json:
        """Approve or reject, which the service lets a person do who has signed in there."""
        self.witness.look()
        seen = {"digest": vote.digest, "policy": vote.policy, "generation": vote.generation}
        body = {
            "decision": "approve" if vote.yes else "reject",
            "comment": vote.comment,
            **{key: value for key, value in seen.items() if value is not None},
        }
        return self._json(self.connection.post("promotions", ident, "decision", body=body))

    def withdraw(self, ident: str, actor: Any, reason: str = "") -> Json:
        """Take a request back."""
        self.witness.look()
        return self._json(self.connection.delete("promotions", ident))

    def list(
        self, name: str, actor: Any, *, is_open: bool, limit: int = 200, before: str = ""
    ) -> Sequence[Json]:
        """Return promotions, newest first; ``before`` is the last id on the page before."""
        self.witness.look()
        asked = {"name": name, "open": "true" if is_open else "", **_page(limit, before)}
        found: Sequence[Json] = self.connection.get("promotions", **asked)["promotions"]
        return found

    def get(self, ident: str, actor: Any, shown: Any = None) -> Json:
        """Return a promotion with the difference to what the target holds, and the evidence."""
        self.witness.look()
        return self._json(self.connection.get("promotions", ident))

    def show(self, name: str, actor: Any, path: str | None = None) -> Json:
        """Return the environments of a package; the badge is about the notebook that is here."""
        self.witness.look()
        found = self._json(self.connection.get("environments", name=name))
        if path is not None and found.get("badge") and found["environments"]:
            last = found["environments"][-1]
            found["badge"] = self.badge(last["name"], self._held(name, last["holds"]), path)
        return found

    def history(
        self,
        name: str = "",
        environment: str = "",
        at: str = "",
        *,
        limit: int | None = None,
        before: int = 0,
    ) -> Sequence[Json]:
        """Return what held the environments, newest first, or only what did at a time.

        ``before`` is the ``entry`` of the last one on the page before.
        """
        self.witness.look()
        page = _page(limit, str(before or ""))
        asked = {"name": name, "environment": environment, "at": at, **page}
        found: Sequence[Json] = self.connection.get("history", **asked)["entries"]
        return found

    def state(self) -> str:
        """Return a text that is another one as soon as something has happened at the service."""
        return str(self.witness.look().size)

    def compare(self, before: str, after: str) -> Json:
        """Return what differs between two releases."""
        return self._json(self.connection.get("difference", before=before, after=after))

    def audit(self, known: Iterable[Checkpoint] = ()) -> Verdict:
        """Read the whole audit log, and hold it against what was seen of it here."""
        return self.witness.whole(tuple(known))

    def entries(self, after: int | None, limit: int) -> Json:
        """Return a part of the audit log."""
        asked = "latest" if after is None else str(after)
        return self._json(self.connection.get("audit", after=asked))

    def policy(self, actor: Any) -> Json:
        """Return the policy in force and the changes that wait."""
        self.witness.look()
        return self._json(self.connection.get("policy"))

    def propose_policy(self, actor: Any, text: str, reason: str, seen: str | None = None) -> Json:
        """Propose another policy."""
        self.witness.look()
        body = {"text": text, "reason": reason, **({"seen": seen} if seen else {})}
        return self._json(self.connection.post("policy", "changes", body=body))

    def answer_policy(self, ident: str, actor: Any, vote: Any) -> Json:
        """Approve or reject a proposed policy."""
        self.witness.look()
        body = {"decision": "approve" if vote.yes else "reject", "comment": vote.comment}
        return self._json(self.connection.post("policy", "changes", ident, "decision", body=body))

    def recover(self) -> int:
        """Do nothing: the service looks after what is under way."""
        return 0

    def publish(self, record: Record) -> Record:
        """Publish a package of this machine, and return its name and version at the service."""
        made = self.publisher.publish(record)
        return {"name": made.name, "version": made.version, "digest": made.digest}

    def _published(self, wish: Any) -> Any:
        try:
            record = self.local.get(wish.name, wish.version)
        except NotFound:
            return wish
        try:
            self.connection.get("packages", wish.name, wish.version)
            return wish  # a name and a version mean what they mean at the service
        except NotFound:
            return replace(wish, version=self.publish(record)["version"])

    def _held(self, name: str, holds: Mapping[str, Any] | None) -> Record | None:
        if not holds:
            return None
        found: Record = self.connection.get("packages", name, holds["version"])
        return found

    def _json(self, value: Any) -> Json:
        return dict(value)


def _page(limit: int | None, before: str) -> dict[str, str]:
    """Return what is asked of a list's page, of which the service gives a thousand at most."""
    return {"limit": str(min(limit, 1000)) if limit else "", "before": before}


class RemotePackages:
    """Packages at the service, found by what a person types."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, name: str | None = None, path: str | None = None) -> Sequence[Record]:
        """Return summaries, newest first; ``path`` says nothing there."""
        parts = ("packages", name) if name else ("packages",)
        found: Sequence[Record] = self._connection.get(*parts)["packages"]
        return found

    def get(self, name: str, version: str) -> Record:
        """Return one record, or raise NotFound."""
        found: Record = self._connection.get("packages", name, version)
        return found

    def newest(self, name: str, line: str | None = None) -> Record | None:
        """Return the record with the highest version of a name, on a line or on none."""
        versions = [Version.parse(str(each["version"])) for each in self.list(name=name)]
        found = [version for version in versions if version.line == (line or "")]
        if line is None:
            found = found or versions
        return self.get(name, str(max(found))) if found else None

    def resolve(self, text: str) -> Record:
        """Return the record that ``name``, ``name:version`` or ``sha256:...`` means there."""
        if text.startswith("sha256:"):
            summary = next((each for each in self.list() if each["digest"] == text), None)
            return self.get(summary["name"], summary["version"]) if summary else _none(text)
        name, _, version = text.partition(":")
        return self.get(name, version) if version else self.newest(name) or _none(text)

    def notebook(self, name: str, version: str) -> bytes:
        """Return the notebook that a release's image holds."""
        content: bytes = self._connection.send(
            "GET", ("packages", name, version, "notebook")
        ).content
        return content


def _none(text: str) -> Record:
    advice = "List what is there: jupyter modelpack list --service URL"
    raise NotFound("package", text[:80], advice=advice)
