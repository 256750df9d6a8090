"""Reach: which addresses may be connected to, so that a registry cannot send us elsewhere.

A registry that is on the internet may not lead to addresses that only this machine, or only the
network that it is in, can reach; nobody may lead to link-local ones, where clouds keep secrets.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Literal, Protocol

from jupyter_modelpack.errors import BackendUnavailable, NotPermitted

Zone = Literal["public", "private", "loopback", "never"]
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_METADATA = (ipaddress.ip_network("fd00:ec2::/32"), ipaddress.ip_network("100.100.100.200/32"))
# Dotted or not, decimal, octal or hexadecimal: what old resolvers take for an IPv4 address.
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\.?\Z", re.IGNORECASE)


class Names(Protocol):
    """Finds the addresses of hosts."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return them as text, or raise OSError."""


class SystemNames:
    """Asks the operating system."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return them as text, or raise OSError."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(each[4][0]) for each in found))


def zone_of(address: str) -> Zone:
    """Return what kind of place an IP address is in; what is not understood is ``never``."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "never"
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return zone_of(str(inner))
    if any(ip in network for network in _METADATA if network.version == ip.version):
        return "never"
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return "never"
    if ip.is_loopback:
        return "loopback"
    if ip.is_reserved:
        return "never"
    if ip.version == 4 and ip in _SHARED:
        return "private"
    if ip.is_private:
        return "private"
    return "public" if ip.is_global else "never"


class Reach:
    """Says where to connect for a host; remembers in which zones the registry itself is."""

    def __init__(self, registry: str, names: Names, *, strangers: bool = False) -> None:
        self._registry = registry
        self._names = names
        self._strangers = strangers
        self._own: frozenset[Zone] = frozenset()

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all of them allowed.

        Raises NotPermitted when one is not, and BackendUnavailable when there is none.
        """
        found = self._look_up(host, port)
        zones = frozenset(zone_of(each) for each in found)
        if host == self._registry and not self._own:
            allowed: set[Zone] = {"public"} if self._strangers else {"public", "private"}
            if not self._strangers:
                allowed.add("loopback")
            if zones <= allowed:
                self._own = zones
                return found
            raise _refused(host, "as a registry")
        if not self._own:
            self.addresses(self._registry, port)
        if zones <= {"public", *self._own}:
            return found
        raise _refused(host, f"by the registry {self._registry}")

    def _look_up(self, host: str, port: int) -> Sequence[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        if _NUMBERS.match(host) or "%" in host:
            raise _refused(host, "in that spelling")
        try:
            found = self._names.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise BackendUnavailable(
                f"There is no address of {host}.",
                advice="Check the name and this machine's network.",
            ) from error
        if not found:
            raise BackendUnavailable(f"There is no address of {host}.")
        return found


def _refused(host: str, how: str) -> NotPermitted:
    return NotPermitted(
        f"{host:.80} was named {how}, and it is not a place that may be connected to.",
        rule="reach",
        advice="Nothing was sent there. Private addresses are for registries that are there.",
    )
