"""The base of the image, which starts from nothing: accounts, name service, CA file, time zones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_modelpack.environment.loader import Machine
from jupyter_modelpack.environment.native_names import CA_FILE
from jupyter_modelpack.oci.tree import Directory, Entry, File, Link, Tree

USER = 65532
_SHARED = 0o1777
_MOUNT_POINTS = ("dev", "proc", "run", "sys")
_CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_ZONES = "/usr/share/zoneinfo"
_NOT_ZONES = re.compile(r"(?:posix|right)/|localtime$|posixrules$|leapseconds$|leap-seconds\.list$")
_LOCALES = ("/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_TEXTS = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/sbin/nologin\n"
        f"modelpack:x:{USER}:{USER}:modelpack:/work:/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/:/sbin/nologin\n"
    ),
    "etc/group": f"root:x:0:\nmodelpack:x:{USER}:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": (
        "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
        "protocols: files\nservices: files\n"
    ),
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/hostname": "",
    "etc/resolv.conf": "",
    "etc/protocols": "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6 41 IPv6\n",
    "etc/services": (
        "ftp 21/tcp\nssh 22/tcp\nsmtp 25/tcp\ndomain 53/tcp\ndomain 53/udp\nhttp 80/tcp\n"
        "ntp 123/udp\nhttps 443/tcp\nmysql 3306/tcp\npostgresql 5432/tcp\n"
    ),
}


def base_tree(machine: Machine, *, certifi: str = "") -> Tree:
    """Return what every image starts with; ``certifi`` is a CA file in case the host has none."""
    return Tree("base files", "interpreter", base_entries(machine, certifi=certifi))


def base_entries(machine: Machine, *, certifi: str = "") -> tuple[Entry, ...]:
    """Return the entries of the base, sorted by path.

    Where the host has time zones or a C.UTF-8 locale they are taken along. Of CA files only the
    certificates are, never a key that somebody put beside them.
    """
    entries: list[Entry] = [File(path, content=text.encode()) for path, text in _TEXTS.items()]
    entries += [Directory(path) for path in _MOUNT_POINTS]
    entries += [Directory(path, _SHARED) for path in ("tmp", "var/tmp", "work")]
    entries += _ca_file(machine, certifi)
    entries += _release(machine)
    entries += _below(machine, _ZONES)
    entries += next(filter(None, (list(_below(machine, path)) for path in _LOCALES)), [])
    return tuple(sorted(entries, key=lambda entry: entry.path))


def _ca_file(machine: Machine, certifi: str) -> Iterator[File]:
    for path in (*_CA_FILES, certifi):
        certificates = _CERTIFICATE.findall(machine.read(path) or b"") if path else []
        if certificates:
            yield File(CA_FILE, content=b"\n".join(certificates) + b"\n")
            return


def _release(machine: Machine) -> Iterator[File]:
    """Say whose libraries these are: scanners and support look here."""
    release = machine.read("/etc/os-release") or machine.read("/usr/lib/os-release")
    if release:
        yield File("etc/os-release", content=release)


def _below(machine: Machine, directory: str) -> Iterator[Entry]:
    for name, target in machine.walk(directory):
        path = f"{directory.lstrip('/')}/{name}"
        if _NOT_ZONES.match(name):
            continue
        if target is None:
            yield File(path, source=f"{directory}/{name}")
        elif not target.startswith("/") or target.startswith(directory + "/"):
            yield Link(path, target)
