"""One request to the registry of a test: who asks, what is asked, and what goes wrong with it."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.registry.faults import Seen, Upload

if TYPE_CHECKING:
    from tests.registry.double import Double

INDEX = "application/vnd.oci.image.index.v1+json"


class _Reset(Exception):
    pass


_ROUTES = re.compile(
    r"/v2/(?P<repo>.+?)/(?:(?P<blob>blobs)/(?P<digest>sha256:[0-9a-f]{64})"
    r"|blobs/uploads/(?P<upload>[0-9a-f-]*)"
    r"|manifests/(?P<name>[^/]+)|tags/(?P<tags>list)|referrers/(?P<referrers>[^/]+))\Z"
)


class Handler(BaseHTTPRequestHandler):
    registry: Double
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        self.parts = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(self.parts.query))
        self.seen = Seen(self.command, self.path, self.headers.get("Authorization", ""))
        self.left = int(self.headers.get("Content-Length") or 0)
        with self.registry.lock:
            self.registry.seen.append(self.seen)
            self.trouble = self.registry.fault(self.seen, dict(self.headers.items()))
        try:
            if self.registry.rules.slow:
                time.sleep(self.registry.rules.slow)
            if self.trouble is not None and self.trouble.status:
                self.answer(self.trouble.status, dict(self.trouble.headers))
            elif self.registry.override(self):
                pass
            elif self._allowed():
                self._routed()
        except _Reset:
            self._reset()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _reset(self) -> None:
        if self.trouble is not None and self.trouble.stall:
            time.sleep(self.trouble.stall)
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.wfile = _Nowhere()  # type: ignore[assignment]
        self.connection.close()

    # What comes in and what goes out

    def body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.seen.body += size
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        stop = self.trouble.reset_after if self.trouble is not None else None
        read = 0
        while self.left:
            most = min(64 << 10, self.left)
            if stop is not None:
                most = min(most, stop - read)
                if most <= 0:
                    raise _Reset
            data = self.rfile.read1(most)  # type: ignore[attr-defined]
            if not data:
                raise _Reset
            read += len(data)
            self.left -= len(data)
            self.seen.body += len(data)
            yield data
        if stop is not None:
            raise _Reset

    def answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        if self.trouble is not None and self.trouble.lost:
            raise _Reset
        self._drain()
        self.seen.status = status
        self.registry.after(self.seen)
        self.send_response(status)
        given = {"Content-Length": str(len(body)), **(headers or {})}
        for key, value in given.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            cut = self.trouble.truncate if self.trouble is not None else None
            if cut is not None and cut < len(body):
                self.wfile.write(body[:cut])
                self.wfile.flush()
                raise _Reset
            self.wfile.write(body)
        self.wfile.flush()

    def _drain(self) -> None:
        """Read what the client still sends, up to a point, as servers do."""
        if self.left > 1 << 20:
            self.close_connection = True
            return
        if self.left:
            for _ in self.body():
                pass

    def error(self, status: int, code: str, **headers: str) -> None:
        body = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
        self.answer(status, {"Content-Type": "application/json", **headers}, body)

    # Who asks

    def _allowed(self) -> bool:
        rules, said = self.registry.rules, self.headers.get("Authorization", "")
        if self.parts.path == "/token":
            self._token()
            return False
        if not rules.user and not rules.bearer:
            return True
        if rules.bearer:
            until = self.registry.tokens.get(said.removeprefix("Bearer "), -1.0)
            if self.registry.clock() < until:
                return True
            realm = rules.realm or f"http://{self.registry.host}/token"
            scope = "repository:any:pull,push"
            wanted = f'Bearer realm="{realm}",service="double",scope="{scope}"'
        else:
            if said == _basic(rules.user, rules.password):
                return True
            wanted = 'Basic realm="double"'
        self.error(401, "UNAUTHORIZED", **{"WWW-Authenticate": wanted})
        return False

    def _token(self) -> None:
        rules = self.registry.rules
        if self.command == "POST":
            form = dict(urllib.parse.parse_qsl(b"".join(self.body()).decode()))
            good = form.get("refresh_token") == rules.identity_token != ""
        else:
            said = self.headers.get("Authorization", "")
            good = not rules.user or said == _basic(rules.user, rules.password)
        if not good:
            self.error(401, "UNAUTHORIZED")
            return
        token = uuid.uuid4().hex
        with self.registry.lock:
            self.registry.given += 1
            self.registry.tokens[token] = self.registry.clock() + rules.token_seconds
        body = json.dumps({"token": token, "expires_in": rules.token_seconds}).encode()
        self.answer(200, {"Content-Type": "application/json"}, body)

    # What is asked

    def _routed(self) -> None:
        path = urllib.parse.unquote(self.parts.path)
        if path == "/v2/":
            self.answer(200, {"Docker-Distribution-API-Version": "registry/2.0"}, b"{}")
            return
        found = _ROUTES.match(path)
        if found is None:
            self.error(404, "NAME_UNKNOWN")
            return
        repo = found["repo"]
        if found["blob"]:
            self._blob(repo, found["digest"])
        elif found["name"]:
            self._manifest(repo, found["name"])
        elif found["tags"]:
            self._tags(repo)
        elif found["referrers"]:
            self._referrers(repo, found["referrers"])
        elif not found["upload"]:
            self._begin(repo)
        else:
            self._upload(repo, found["upload"])

    def _blob(self, repo: str, digest: str) -> None:
        if not self.registry.has(repo, digest):
            self.error(404, "BLOB_UNKNOWN")
            return
        if self.command == "DELETE":
            with self.registry.lock:
                self.registry.in_repo[repo].discard(digest)
            self.answer(202)
            return
        data, status = self.registry.blobs[digest], 200
        headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        wanted = re.match(r"bytes=([0-9]+)-([0-9]*)\Z", self.headers.get("Range", ""))
        if wanted:
            first = int(wanted[1])
            last = int(wanted[2]) if wanted[2] else len(data) - 1
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            data, status = data[first : last + 1], 206
        if self.command == "HEAD":
            headers["Content-Length"] = str(len(data))
        self.answer(status, headers, data)

    def _begin(self, repo: str) -> None:
        rules, registry = self.registry.rules, self.registry
        mount = self.query.get("mount")
        if mount and rules.mount:
            source = self.query.get("from")
            there = registry.has(source, mount) if source else mount in registry.blobs
            if there:
                with registry.lock:
                    registry.in_repo.setdefault(repo, set()).add(mount)
                self._created(repo, mount)
                return
        if self.query.get("digest"):
            self._finish(repo, Upload(bytearray(b"".join(self.body()))), "")
            return
        ident = str(uuid.uuid4())
        with registry.lock:
            registry.uploads[ident] = Upload()
        headers = self._at(repo, ident)
        if rules.least_chunk:
            headers["OCI-Chunk-Min-Length"] = str(rules.least_chunk)
        self.answer(202, headers)

    def _at(self, repo: str, ident: str) -> dict[str, str]:
        size = len(self.registry.uploads[ident].data)
        prefix = self.registry.rules.location_prefix
        return {
            "Location": f"{prefix}/v2/{repo}/blobs/uploads/{ident}?_state={size}",
            "Range": f"0-{max(0, size - 1)}",
            "Docker-Upload-UUID": ident,
        }

    def _upload(self, repo: str, ident: str) -> None:
        upload = self.registry.uploads.get(ident)
        if upload is None:
            self.error(404, "BLOB_UPLOAD_UNKNOWN")
        elif self.command == "GET":
            self.answer(204, self._at(repo, ident))
        elif self.command == "DELETE":
            del self.registry.uploads[ident]
            self.answer(204)
        elif not self._in_order(upload):
            self.answer(416, self._at(repo, ident))
        elif self.command == "PATCH" and not self.registry.rules.chunks:
            self.error(405, "UNSUPPORTED")
        else:
            self._append(repo, ident, upload)

    def _in_order(self, upload: Upload) -> bool:
        said = re.match(r"([0-9]+)-([0-9]+)\Z", self.headers.get("Content-Range", ""))
        return said is None or int(said[1]) == len(upload.data)

    def _append(self, repo: str, ident: str, upload: Upload) -> None:
        before = len(upload.data)
        try:
            for piece in self.body():
                upload.data += piece
        except _Reset:
            if not self.registry.rules.keeps_partial:
                del upload.data[before:]
            raise
        finally:
            upload.parts.append((before, len(upload.data)))
        if self.command == "PATCH":
            self.answer(202, self._at(repo, ident))
        else:
            self._finish(repo, upload, ident)

    def _finish(self, repo: str, upload: Upload, ident: str) -> None:
        digest = self.query.get("digest", "")
        self.registry.uploads.pop(ident, None)
        if "sha256:" + hashlib.sha256(upload.data).hexdigest() != digest:
            self.error(400, "DIGEST_INVALID")
            return
        self.registry.keep(repo, bytes(upload.data))
        self._created(repo, digest)

    def _created(self, repo: str, digest: str) -> None:
        where = f"/v2/{repo}/blobs/{digest}"
        self.answer(201, {"Location": where, "Docker-Content-Digest": digest})

    def _manifest(self, repo: str, name: str) -> None:
        registry = self.registry
        if self.command == "PUT":
            data = b"".join(self.body())
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            if name.startswith("sha256:") and name != digest:
                self.error(400, "DIGEST_INVALID")
                return
            content = json.loads(data)
            lacks = [
                part["digest"]
                for part in [content.get("config"), *content.get("layers", [])]
                if part and not registry.has(repo, part["digest"])
            ]
            if lacks:
                self.error(400, "MANIFEST_BLOB_UNKNOWN")
                return
            tags = () if name.startswith("sha256:") else (name,)
            registry.keep_manifest(repo, data, self.headers["Content-Type"], *tags)
            headers = {"Location": f"/v2/{repo}/manifests/{digest}"}
            headers["Docker-Content-Digest"] = digest
            if "subject" in content and registry.rules.referrers:
                headers["OCI-Subject"] = content["subject"]["digest"]
            self.answer(201, headers)
            return
        digest = name if ":" in name else registry.tags.get(repo, {}).get(name, "")
        kind, data = registry.manifests.get(repo, {}).get(digest, ("", b""))
        if not kind:
            self.error(404, "MANIFEST_UNKNOWN")
            return
        headers = {"Content-Type": kind, "Docker-Content-Digest": digest}
        if self.command == "HEAD":
            headers["Content-Length"] = str(len(data))
        self.answer(200, headers, data)

    def _tags(self, repo: str) -> None:
        names = sorted(self.registry.tags.get(repo, {}))
        after, page = self.query.get("last", ""), self.registry.rules.page
        names = [name for name in names if name > after]
        headers = {"Content-Type": "application/json"}
        if page and len(names) > page:
            names = names[:page]
            headers["Link"] = f'</v2/{repo}/tags/list?n={page}&last={names[-1]}>; rel="next"'
        self.answer(200, headers, json.dumps({"name": repo, "tags": names}).encode())

    def _referrers(self, repo: str, digest: str) -> None:
        if not self.registry.rules.referrers:
            self.answer(404, {"Content-Type": "text/plain"}, b"404 page not found")
            return
        listed = []
        for each, (kind, data) in self.registry.manifests.get(repo, {}).items():
            content = json.loads(data)
            if content.get("subject", {}).get("digest") == digest:
                entry = {"mediaType": kind, "digest": each, "size": len(data)}
                artifact = content.get("artifactType") or content["config"]["mediaType"]
                listed.append({**entry, "artifactType": artifact})
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed})
        self.answer(200, {"Content-Type": INDEX}, body.encode())


class _Nowhere:
    closed = True

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def _basic(user: str, password: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
