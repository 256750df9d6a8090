"""Publishing: the parts of an image that the service lacks are sent, then the package submitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack import errors
from jupyter_modelpack.adapters.release_service.connection import Connection
from jupyter_modelpack.errors import Aborted, BackendError, BackendUnavailable
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import read_image
from jupyter_modelpack.oci.layout import Layout

Record = Mapping[str, Any]
Tell = Callable[[str, float | None], None]
SUBMITTED = ("name", "digest", "lock", "distributions", "libraries", "owner", "commit", "line")
_AT_ONCE = 3
_PIECE = 1 << 20
_LONGEST = 1800.0
_ERRORS: Mapping[str, type[errors.ModelPackError]] = {
    kind.code: kind
    for kind in (errors.InvalidInput, errors.GateNotSatisfied, errors.NotPermitted, errors.Conflict)
}


@dataclass
class Sent:
    """How many bytes were sent, and how many were there already."""

    sent: int = 0
    there: int = 0

    def __str__(self) -> str:
        parts = [f"{self.sent / 1e6:,.0f} MB sent"] if self.sent else []
        parts += [f"{self.there / 1e6:,.0f} MB were there"] if self.there else []
        return ", ".join(parts) or "nothing to send"


def _not_told(_sentence: str, _progress: float | None) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Published:
    """What a package is at the service, and what was sent for it."""

    name: str
    version: str
    digest: str
    sent: Sent = field(default_factory=Sent)


class Publisher:
    """Sends packages of a local store to the service."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def publish(
        self,
        record: Record,
        tell: Tell = _not_told,
        cancelled: Callable[[], bool] = _never,
    ) -> Published:
        """Send a package and return what the service made of it, when it has.

        Raises what the service refuses it with, and BackendUnavailable when it is away. What was
        sent before stays there for a while, so that trying again is quick.
        """
        sent = Sent()
        for last in (False, True):
            self._send_parts(record, sent, tell, cancelled)
            body = {"record": {key: record.get(key) for key in SUBMITTED}, "files": {}}
            made = self._connection.post("submissions", body=body)
            made = self._ended(made, tell, cancelled)
            missing = ((made.get("error") or {}).get("details") or {}).get("missing")
            if last or not missing:
                break
        if made["phase"] != "Succeeded":
            raise _refused(made.get("error") or {})
        package = made["package"]
        return Published(package["name"], package["version"], package["digest"], sent)

    def _send_parts(
        self, record: Record, sent: Sent, tell: Tell, cancelled: Callable[[], bool]
    ) -> None:
        image = read_image(self._layout, Digest.parse(record["digest"]))
        parts = {d.digest: d for d in (image.config, *(each.descriptor for each in image.layers))}
        tell("asking what is there", None)
        lacking: list[Descriptor] = []
        with ThreadPoolExecutor(_AT_ONCE, "publish") as pool:
            asked = pool.map(lambda part: self._connection.has("blobs", part), list(parts))
            for part, there in zip(parts.values(), asked, strict=True):
                if there:
                    sent.there += part.size
                else:
                    lacking.append(part)
            total = sum(part.size for part in lacking) or 1
            done = 0

            def send(part: Descriptor) -> int:
                self._send(part, cancelled)
                return part.size

            for size in pool.map(send, lacking):
                done += size
                tell(f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB sent", done / total)
            sent.sent += done
        self._send(image.manifest, cancelled)

    def _send(self, part: Descriptor, cancelled: Callable[[], bool]) -> None:
        def pieces() -> Iterator[bytes]:
            with self._layout.open(part.digest, part.size) as stream:
                while piece := stream.read(_PIECE):
                    if cancelled():
                        raise Aborted("Publishing was stopped.", advice="The package is kept.")
                    yield piece

        head = {"Content-Length": str(part.size), "Content-Type": "application/octet-stream"}
        self._connection.send("PUT", ("blobs", part.digest), content=pieces(), headers=head)

    def _ended(self, made: Any, tell: Tell, cancelled: Callable[[], bool]) -> Any:
        until, pause = time.monotonic() + _LONGEST, 0.1
        while made["phase"] in ("Pending", "Running"):
            tell(f"at the service: {made['sentence']}", None)
            if cancelled():
                raise Aborted("Publishing was stopped.", advice="The service goes on with it.")
            if time.monotonic() > until:
                raise BackendUnavailable(
                    "The release service has not finished checking the package.",
                    advice="Ask for the promotion later: what was sent is kept.",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
            made = self._connection.get("submissions", made["id"])
        return made


def _refused(error: Mapping[str, Any]) -> errors.ModelPackError:
    kind = _ERRORS.get(str(error.get("code")), BackendError)
    message = str(error.get("message") or "The release service did not take the package.")
    details = dict(error.get("details") or {})
    return kind(message, advice=str(error.get("advice") or ""), **details)
