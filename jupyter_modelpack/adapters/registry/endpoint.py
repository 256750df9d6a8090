"""Endpoints: from the repository in a reference to the address that answers for it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urljoin, urlsplit

from jupyter_modelpack.adapters.registry.access import Access
from jupyter_modelpack.errors import InvalidInput, RegistryError
from jupyter_modelpack.oci.reference import Repository

_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: who is asked, and the only one who is told a token."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return the origin of an absolute HTTP address; raises RegistryError for another."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _unusable(url) from None
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower().rstrip(".")
        if scheme not in _PORTS or not host or parts.username is not None or parts.password:
            raise _unusable(url)
        return cls(scheme, host, port or _PORTS[scheme])

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True)
class Endpoint:
    """Where a repository's images are asked for."""

    repository: Repository
    host: str
    path: str
    scheme: str

    @classmethod
    def of(cls, repository: Repository, access: Access) -> Endpoint:
        """Return the endpoint; raises InvalidInput when the reference names no registry.

        Plain HTTP is for this machine itself (unless a CA is configured) and where access says so.
        """
        host, path = repository.host, repository.path
        if not host:
            raise InvalidInput(
                f"{repository} does not say which registry.",
                field="registry",
                advice="Write it as HOST/REPOSITORY, such as registry.example.com/team/churn.",
            )
        if host.lower() in _HUB:
            host, path = "registry-1.docker.io", path if "/" in path else f"library/{path}"
        here = is_loopback(urlsplit(f"//{host}").hostname or "")
        plain = access.insecure or (here and not access.ca)
        return cls(repository, host, path, "http" if plain else "https")

    @property
    def origin(self) -> Origin:
        """Who answers."""
        return Origin.of(f"{self.scheme}://{self.host}")

    @property
    def known_as(self) -> str:
        """The host under which credentials are kept (Docker Hub has an old name for it)."""
        return "index.docker.io" if self.host == "registry-1.docker.io" else self.repository.host

    def url(self, kind: str, name: str = "", **query: str) -> str:
        """Return the address of something in the repository, such as ``blobs`` and a digest."""
        asked = f"?{urlencode(query)}" if query else ""
        place = f"{self.scheme}://{self.host}/v2/{self.path}/{kind}/"
        return place + quote(name, safe=":/@") + asked

    def base(self) -> str:
        """Return the address that says whether this is a registry at all."""
        return f"{self.scheme}://{self.host}/v2/"

    def scope(self, *actions: str) -> str:
        """Return the scope of a token for these actions (Docker's token protocol)."""
        return f"repository:{self.path}:{','.join(actions)}"


def joined(base: str, location: str) -> str:
    """Return a ``Location`` as an absolute address, as seen from the one that was asked.

    Raises RegistryError for what is no HTTP address, has credentials in it, or leaves TLS.
    """
    if not location or len(location) > 8192 or not location.isprintable():
        raise RegistryError(
            f"The registry {Origin.of(base).host} answered without saying where to go on.",
            advice="Ask who runs the registry; it does not follow the distribution protocol.",
        )
    try:
        url = urljoin(base, location)
    except ValueError:
        raise _unusable(location) from None
    if Origin.of(base).scheme == "https" and Origin.of(url).scheme != "https":
        raise RegistryError(
            f"The registry {Origin.of(base).host} leads from HTTPS to plain HTTP.",
            advice="Nothing was sent there. Ask who runs the registry.",
        )
    return url


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, judged by its name alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable(url: str) -> RegistryError:
    return RegistryError(
        f"The registry leads to {url[:60]!r}, which is no address that can be used.",
        advice="Nothing was sent there. Ask who runs the registry.",
    )
