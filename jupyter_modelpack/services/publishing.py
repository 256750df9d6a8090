"""Publishing: bringing a package's image to a registry, its digest unchanged, and naming it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jupyter_modelpack.errors import Aborted, InvalidInput, ModelPackError
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.oci.reference import Repository
from jupyter_modelpack.services.packaging_types import Transfer
from jupyter_modelpack.services.steps import Step, Steps

Record = Mapping[str, Any]
NAME = "{name}"
UNPUBLISHED = "publish-failed"
Tell = Callable[[Transfer], None]


class Publisher(Protocol):
    """Brings images to the registry that is configured, if one is."""

    def repository(self, package: str) -> str:
        """Return where a package's images go, ``HOST/PATH``, or nothing when that is nowhere."""

    def upload(
        self, record: Record, repository: str, tell: Tell, cancelled: Callable[[], bool]
    ) -> Transfer:
        """Bring the image there, under its digest."""

    def name(self, record: Record, repository: str, cancelled: Callable[[], bool]) -> None:
        """Let the version be its tag there, and bring what is kept beside the image."""


class NoRegistry:
    """Publishes nowhere."""

    def repository(self, package: str) -> str:
        """Return nothing."""
        return ""

    def upload(
        self, record: Record, repository: str, tell: Tell, cancelled: Callable[[], bool]
    ) -> Transfer:
        """Refuse: there is no registry."""
        raise _nowhere()

    def name(self, record: Record, repository: str, cancelled: Callable[[], bool]) -> None:
        """Refuse: there is no registry."""
        raise _nowhere()


NOWHERE = NoRegistry()


class PublishStep:
    """The step of a build that publishes; what goes wrong in it does not cost the package."""

    def __init__(
        self,
        publisher: Publisher,
        steps: Steps,
        found: Callable[[tuple[Finding, ...]], None],
        now: Callable[[], str],
        cancelled: Callable[[], bool],
    ) -> None:
        self._publisher = publisher
        self._steps = steps
        self._found = found
        self._now = now
        self._cancelled = cancelled
        self._transfer: Transfer | None = None
        self._problem: Finding | None = None

    def upload(self, record: Record) -> None:
        """Bring the image to the registry, if one is configured."""
        name = str(record["name"])
        try:
            repository = self._publisher.repository(name)
        except InvalidInput as error:  # a server's setting: not worth the package
            self._problem = _unpublished(name, error)
            self._found((self._problem,))
            self._steps.skip("publish", self._problem.message)
            return
        if not repository:
            self._steps.skip("publish", "no registry is configured")
            return

        def bring(step: Step) -> None:
            def tell(transfer: Transfer) -> None:
                step.tell(sentence(transfer), progress(transfer), transfer)

            done = self._publisher.upload(record, repository, tell, self._cancelled)
            step.tell(outcome(done, repository), None, done)
            self._transfer = done

        self._tried(name, bring)

    def name(self, record: Record) -> dict[str, Any]:
        """Name what was uploaded by its version, and return the record that says where it is."""
        transfer, name = self._transfer, str(record["name"])
        if transfer is None:
            return self._with_problem(record)
        repository = self._publisher.repository(name)

        def give(step: Step) -> None:
            step.tell(outcome(transfer, repository), None, transfer)
            self._publisher.name(record, repository, self._cancelled)

        named = self._tried(f"{name}:{record['version']}", give)
        record = published(record, repository, transfer, self._now(), named=named)
        return record if named else self._with_problem(record)

    def _with_problem(self, record: Record) -> dict[str, Any]:
        """Return the record with the reason why it is not published, or not under its version."""
        if self._problem is None:
            return dict(record)
        said = {"problem": self._problem.message, "advice": self._problem.advice}
        return {**record, "published": {**(record.get("published") or {}), **said}}

    def _tried(self, release: str, work: Callable[[Step], None]) -> bool:
        with self._steps.running("publish") as step:
            try:
                work(step)
            except Aborted:
                raise
            except Exception as error:  # whatever it is, it must not cost the package
                step.phase = "Errored"
                self._problem = _unpublished(release, error)
                step.tell(self._problem.message)
                self._found((self._problem,))
                return False
            return True


def publish(
    record: Record,
    publisher: Publisher,
    tell: Tell,
    now: Callable[[], str],
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Publish a package that is there already, and return the record that says where it is.

    Raises RegistryError, BackendUnavailable, Conflict and Aborted; what is here stays as it is.
    """
    repository = publisher.repository(str(record["name"]))
    if not repository:
        raise _nowhere()
    transfer = publisher.upload(record, repository, tell, cancelled)
    publisher.name(record, repository, cancelled)
    return published(record, repository, transfer, now(), named=True)


def published(
    record: Record, repository: str, transfer: Transfer, now: str, *, named: bool
) -> dict[str, Any]:
    """Return the record with where its image is; bytes are those of the last publication."""
    return {
        **record,
        "registry": f"{repository}@{record['digest']}",
        "published": {
            "repository": repository,
            "tag": str(record["version"]) if named else None,
            "created": now,
            "sent": transfer.done,
            "there": transfer.there,
        },
    }


def repository_of(record: Record) -> str:
    """Return the repository that a package was published to, or nothing."""
    return str(record.get("registry") or "").partition("@")[0]


def repository_at(place: str, package: str) -> Repository:
    """Return the repository of a package at ``HOST/PATH``, in which ``{name}`` stands for its name.

    Raises InvalidInput when that names no repository of a registry.
    """
    bare = place.rstrip("/")
    if NAME not in bare and "/" not in bare:
        bare = f"{bare}/{NAME}"
    found = None if "://" in bare else Repository.parse(bare.replace(NAME, package))
    if found is None or not found.host:
        raise InvalidInput(
            f"{place!r:.100} does not say which registry.",
            field="registry",
            advice="Write it as HOST/REPOSITORY, such as registry.example.com/team/churn.",
        )
    return found


def place_of(setting: str) -> str:
    """Return a server's setting with the package's name in it, one repository for each package."""
    return setting if not setting or NAME in setting else f"{setting.rstrip('/')}/{NAME}"


def located(content: bytes, record: Record) -> bytes:
    """Return a file for a cluster with the image named where it was published, by its digest.

    The file that was compiled, and whose digest the release is signed with, names no registry, so
    that one release can be published to several.
    """
    reference = record.get("registry")
    if not reference:
        return content
    digest = re.escape(str(record["digest"]))
    named = re.compile(rf"[A-Za-z0-9\[][A-Za-z0-9._:/\[\]-]*@{digest}".encode())
    return named.sub(str(reference).encode(), content)


def sentence(transfer: Transfer) -> str:
    """Return how far it is, for people: bytes, speed, and what was there already."""
    left = transfer.total - transfer.there
    said = f"{_size(transfer.done)} of {_size(left)}, {_size(transfer.speed)}/s"
    return said + (f"; {_size(transfer.there)} were there already" if transfer.there else "")


def outcome(transfer: Transfer, repository: str) -> str:
    """Return what it came to, for people."""
    if not transfer.done:
        return f"everything was in {repository} already"
    there = f"; {_size(transfer.there)} were there already" if transfer.there else ""
    return f"{_size(transfer.done)} sent to {repository}{there}"


def progress(transfer: Transfer) -> float:
    """Return how far it is from 0 to 1."""
    if not transfer.total:
        return 1.0
    return round(min(1.0, (transfer.done + transfer.there) / transfer.total), 3)


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _nowhere() -> InvalidInput:
    return InvalidInput(
        "No registry is configured.",
        field="registry",
        advice="Say which: --registry HOST/REPOSITORY, or ModelPack.registry for the server.",
    )


def _unpublished(release: str, error: Exception) -> Finding:
    reason = error.message if isinstance(error, ModelPackError) else repr(error)
    advice = error.advice if isinstance(error, ModelPackError) else ""
    later = f"The package is kept here; publish it later: jupyter modelpack publish {release}"
    return Finding(
        UNPUBLISHED,
        "warning",
        f"It was not published: {reason}",
        advice=f"{advice} {later}".strip(),
    )
