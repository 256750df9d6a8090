"""Leaving what a run wrote in a registry: an OCI artifact with one layer a file (ORAS's titles).

What a registry is asked for is distribution-spec 1.1: HEAD, POST and PUT of blobs, PUT of one
manifest. Credentials come from a mounted ``config.json`` and go to the registry and to the place
that it names for tokens, nowhere else; redirects are not followed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import io
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import BinaryIO, Dict, Iterable, Mapping, NamedTuple, Optional, Union

from .report import File

ARTIFACT = "application/vnd.jupyter-modelpack.results.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
TITLE = "org.opencontainers.image.title"
MOST_BYTES = 4 << 30
_SECONDS = 60.0
_ATTEMPTS = 4
_PIECE = 1 << 20


class NotDeposited(Exception):
    """The registry did not take what a run wrote; the message says why."""


class _Unfollowed(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the answer that it is."""

    def redirect_request(self, *_: object) -> None:
        return None


class Deposit:
    """One repository of one registry, for one run."""

    def __init__(self, address: str, login: Optional[Path], tag: str) -> None:
        parts = urllib.parse.urlsplit(address)
        self._base = "{}://{}".format(parts.scheme, parts.netloc)
        self._repository = parts.path.strip("/")
        self._host = parts.netloc
        self._login = login
        self._tag = tag
        self._proof = ""
        ca = login / "ca.crt" if login else None
        context = ssl.create_default_context(cafile=str(ca) if ca and ca.exists() else None)
        self._open = urllib.request.build_opener(
            _Unfollowed, urllib.request.HTTPSHandler(context=context)
        ).open

    def told(self, files: Iterable[File]) -> Dict[str, str]:
        """Leave files, and return ``artifact``, or the ``problem`` that is in the way."""
        try:
            return {"artifact": self.put(files)}
        except NotDeposited as problem:
            return {"problem": str(problem)[:500]}

    def put(self, files: Iterable[File]) -> str:
        """Leave files, those that can be read and have a place, and return the manifest's digest.

        Raises NotDeposited when the registry does not take them.
        """
        layers, total = [], 0
        try:
            for file in files:
                described = self._file(file) if total + file.size <= MOST_BYTES else None
                if described is not None:
                    layers.append(described)
                    total += file.size
            empty = self._blob(b"{}", EMPTY)
            manifest = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "artifactType": ARTIFACT,
                "config": empty,
                "layers": layers or [empty],
            }
            data = json.dumps(manifest, sort_keys=True).encode("ascii")
            answer = self._ask("PUT", self._url("manifests/" + self._tag), data, MANIFEST)
            if answer.status != 201:
                raise self._refused("take the list of files", answer)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NotDeposited("{}: {}".format(type(error).__name__, error)) from error
        return "sha256:" + hashlib.sha256(data).hexdigest()

    def _file(self, file: File) -> Optional[Dict[str, object]]:
        """Leave one file; None when it cannot be read, or changes while it is read."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            stream = os.fdopen(os.open(str(file.place), flags), "rb")
        except OSError:
            return None
        with stream:
            digest, size = hashlib.sha256(), 0
            for piece in iter(lambda: stream.read(_PIECE), b""):
                digest.update(piece)
                size += len(piece)
            name = "sha256:" + digest.hexdigest()
            if not self._send(name, size, stream):
                return None
        layer = {"mediaType": "application/octet-stream", "digest": name, "size": size}
        return {**layer, "annotations": {TITLE: file.path}}

    def _blob(self, data: bytes, media_type: str) -> Dict[str, object]:
        name = "sha256:" + hashlib.sha256(data).hexdigest()
        self._send(name, len(data), io.BytesIO(data))
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    def _send(self, digest: str, size: int, stream: BinaryIO) -> bool:
        """Send a blob that is not there yet; False when it is another one by now.

        A body that breaks off is not sent again as it is: the answer may have been lost, or that
        the token has ended. What is asked first tells both, and gets another token.
        """
        for attempt in range(_ATTEMPTS):
            _pause(attempt)
            if self._ask("HEAD", self._url("blobs/" + digest)).status == 200:
                return True
            begun = self._ask("POST", self._url("blobs/uploads/"), b"")
            if begun.status != 202:
                raise self._refused("begin an upload", begun)
            where = self._place(begun, digest)
            try:
                answer = self._once("PUT", where, stream, "application/octet-stream", size)
            except (OSError, http.client.HTTPException):
                if attempt + 1 == _ATTEMPTS:
                    raise
                continue
            if answer.status == 201:
                return True
            if answer.status == 400 and b"DIGEST_INVALID" in answer.body:
                return False
            if answer.status not in (401, 429) and answer.status < 500:
                break
        raise self._refused("take a file", answer)

    def _place(self, begun: _Answer, digest: str) -> str:
        where = urllib.parse.urljoin(begun.url, begun.headers.get("location", ""))
        if self._base.startswith("https:") and not where.startswith("https:"):
            raise NotDeposited("{} leads from HTTPS to plain HTTP".format(self._host))
        joint = "&" if urllib.parse.urlsplit(where).query else "?"
        return where + joint + urllib.parse.urlencode({"digest": digest})

    def _url(self, what: str) -> str:
        return "{}/v2/{}/{}".format(self._base, self._repository, what)

    # answers

    def _ask(
        self,
        method: str,
        url: str,
        body: Optional[bytes] = None,
        media_type: str = "",
    ) -> _Answer:
        """Ask, prove who we are when that is asked for, and try again what may go away."""
        proven = False
        for attempt in range(_ATTEMPTS):
            _pause(attempt)
            try:
                answer = self._once(method, url, body, media_type)
                if answer.status == 401 and not proven:
                    proven = True
                    self._proof = self._prove(answer.headers.get("www-authenticate", ""))
                    answer = self._once(method, url, body, media_type)
            except (OSError, http.client.HTTPException):
                if attempt + 1 == _ATTEMPTS:
                    raise
                continue
            if answer.status != 429 and answer.status < 500:
                break
        return answer

    def _once(
        self,
        method: str,
        url: str,
        body: Union[bytes, BinaryIO, None],
        media_type: str,
        size: Optional[int] = None,
    ) -> _Answer:
        headers = {"Content-Type": media_type} if media_type else {}
        if size is not None:
            headers["Content-Length"] = str(size)
        if self._proof and self._own(url):
            headers["Authorization"] = self._proof
        if body is not None and not isinstance(body, bytes):
            body.seek(0)
        return self._read(urllib.request.Request(url, body, headers, method=method))

    def _read(self, request: urllib.request.Request) -> _Answer:
        try:
            response = self._open(request, timeout=_SECONDS)
        except urllib.error.HTTPError as error:
            response = error
        with contextlib.closing(response):
            headers = {name.lower(): value for name, value in response.headers.items()}
            return _Answer(request.full_url, response.status, headers, response.read(1 << 16))

    def _own(self, url: str) -> bool:
        return url.startswith(self._base + "/")

    def _prove(self, challenge: str) -> str:
        """Return what to say to a challenge (RFC 7235; Docker's token protocol for Bearer)."""
        scheme, _, rest = challenge.partition(" ")
        said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        basic = self._basic()
        if scheme.lower() == "basic" and basic:
            return basic
        realm = said.get("realm", "")
        allowed = ("https://",) if self._base.startswith("https:") else ("https://", "http://")
        if scheme.lower() != "bearer" or not realm.startswith(allowed):
            raise NotDeposited("{} asks for a login that is not known here".format(self._host))
        asked = {"scope": "repository:{}:pull,push".format(self._repository)}
        if said.get("service"):
            asked["service"] = said["service"]
        url = realm + ("&" if "?" in realm else "?") + urllib.parse.urlencode(asked)
        answer = self._read(
            urllib.request.Request(url, headers={"Authorization": basic} if basic else {})
        )
        try:
            found = json.loads(answer.body)
            return "Bearer " + str(found.get("token") or found["access_token"])
        except (ValueError, KeyError, AttributeError):
            raise self._refused("give a token", answer) from None

    def _basic(self) -> str:
        """Return the login for the registry, from what is mounted, or nothing."""
        for name in (".dockerconfigjson", "config.json"):
            with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
                text = (self._login / name).read_text("utf-8") if self._login else "{}"
                entry: Mapping[str, str] = json.loads(text).get("auths", {}).get(self._host) or {}
                known = entry.get("auth") or ""
                if entry.get("username"):
                    pair = "{}:{}".format(entry["username"], entry.get("password") or "")
                    known = base64.b64encode(pair.encode("utf-8")).decode("ascii")
                if known:
                    return "Basic " + known
        return ""

    def _refused(self, doing: str, answer: _Answer) -> NotDeposited:
        said = answer.body[:200].decode("utf-8", "replace").strip()
        return NotDeposited(
            "{} did not {}: HTTP {} {}".format(self._host, doing, answer.status, said)
        )


def _pause(attempt: int) -> None:
    if attempt:
        time.sleep(min(8.0, 2.0**attempt / 2))


class _Answer(NamedTuple):
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
