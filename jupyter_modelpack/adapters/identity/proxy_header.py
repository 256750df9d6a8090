"""The login of a reverse proxy: a header with the user's name, believed only from that proxy."""

from __future__ import annotations

import hmac
import ipaddress
from pathlib import Path
from typing import Any

from traitlets import Bool, List, Unicode
from traitlets.config import LoggingConfigurable

from jupyter_modelpack.adapters.identity.caller import Caller
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput
from jupyter_modelpack.release.actor import Actor

_SHORTEST = 16


class HeaderLogin(LoggingConfigurable):
    """Believes a user's name from a proxy that proves itself by a secret or by its address."""

    header = Unicode("kubeflow-userid", help="The header with the user's name.").tag(config=True)
    prefix = Unicode(
        help="What the name must begin with; it is cut off (accounts.google.com:)."
    ).tag(config=True)
    groups_header = Unicode(
        help="The header with the user's groups, separated by commas; none: no groups."
    ).tag(config=True)
    secret_header = Unicode(
        "x-modelpack-proxy-secret", help="The header in which the proxy proves itself."
    ).tag(config=True)
    secret_file = Unicode(help="The file with the secret that the proxy sends.").tag(config=True)
    peers = List(
        Unicode(), help="Addresses or networks of proxies that are believed without a secret."
    ).tag(config=True)
    signs_in = Bool(
        False,
        help="The proxy's login at this address is not shared with notebooks, neither by a cookie"
        " nor by an address, so that people may approve with it.",
    ).tag(config=True)

    def check(self, address: Any) -> None:
        """Raise InvalidInput unless at least one way to know the proxy is set."""
        if not self.secret_file and not self.peers:
            raise InvalidInput(
                "Anybody could send the user header: no secret and no proxy's address is set.",
                field="HeaderLogin",
                advice="Set HeaderLogin.secret_file, or HeaderLogin.peers.",
            )
        self._networks()
        if self.secret_file and not self._secret():
            raise InvalidInput(
                f"The proxy's secret in {self.secret_file} is missing or shorter than"
                f" {_SHORTEST} characters.",
                field="HeaderLogin.secret_file",
                advice="Write a long random text into it.",
            )

    async def identify(self, handler: Any) -> Caller | None:
        """Return who the proxy says is asking; nobody when it is not the proxy."""
        request = handler.request
        if not self._is_proxy(request):
            return None
        names = request.headers.get_list(self.header)
        if len(names) != 1 or not names[0].startswith(self.prefix):
            return None
        name = names[0][len(self.prefix) :].strip()
        if not name or "," in name:
            return None
        try:
            actor = Actor(
                "proxy",
                name,
                verified=True,
                groups=self._groups(request),
                program=name.startswith("system:serviceaccount:"),
                signed_in=self.signs_in,
            )
        except InvalidInput:
            return None
        return Caller(actor)

    async def may_approve(self, actor: Actor, handler: Any) -> bool:
        """Return whether the login lets this actor decide; the policy alone says who may."""
        return True

    @property
    def browser(self) -> None:
        """Return nothing: the proxy logs people in."""
        return None

    def directory(self, actor: Actor) -> Actor | None:
        """Raise BackendUnavailable: a header says nothing of those who are not asking."""
        raise BackendUnavailable("A proxy cannot be asked which groups somebody is in.")

    def _groups(self, request: Any) -> frozenset[str]:
        if not self.groups_header:
            return frozenset()
        given = request.headers.get_list(self.groups_header)
        return frozenset(
            group.strip() for line in given for group in line.split(",") if group.strip()
        )

    def _is_proxy(self, request: Any) -> bool:
        if self._from_peer(request):
            return True
        given = request.headers.get_list(self.secret_header)
        secret = self._secret() if self.secret_file else b""
        sent = given[0].encode("utf-8", "surrogateescape") if len(given) == 1 else b""
        return bool(secret) and hmac.compare_digest(secret, sent)

    def _from_peer(self, request: Any) -> bool:
        # The address of the connection itself: the server reads no header that claims another.
        try:
            peer = ipaddress.ip_address(request.remote_ip)
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        return any((mapped or peer) in network for network in self._networks())

    def _networks(self) -> list[Any]:
        try:
            return [ipaddress.ip_network(peer) for peer in self.peers]
        except ValueError as error:
            raise InvalidInput(
                f"HeaderLogin.peers: {error}.", field="HeaderLogin.peers", advice="Such as 10.0.0.7"
            ) from None

    def _secret(self) -> bytes:
        try:
            secret = Path(self.secret_file).expanduser().read_bytes().strip()
        except OSError:
            return b""
        return secret if len(secret) >= _SHORTEST else b""
