"""The base of an image: accounts, name service, certificates, time zones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jupyter_modelpack.adapters.elf import LinuxMachine
from jupyter_modelpack.environment.base import USER, base_entries, base_tree
from jupyter_modelpack.environment.loader import Elf
from jupyter_modelpack.oci.tree import Directory, File, Link

CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----"
KEY = b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----"


class FakeMachine:
    """Files with bytes, and trees as lists of (relative path, link target)."""

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        trees: Mapping[str, list[tuple[str, str | None]]] | None = None,
    ) -> None:
        self._files = files or {}
        self._trees = trees or {}

    def elf(self, path: str) -> Elf | None:
        return None

    def real(self, path: str) -> str | None:
        return path if path in self._files else None

    def read(self, path: str) -> bytes | None:
        return self._files.get(path)

    def walk(self, directory: str) -> Iterator[tuple[str, str | None]]:
        yield from self._trees.get(directory, [])


def _content(machine: FakeMachine, path: str, certifi: str = "") -> bytes | None:
    entries = base_entries(machine, certifi=certifi)
    found = [entry for entry in entries if isinstance(entry, File) and entry.path == path]
    return found[0].content if found else None


def test_accounts_and_writable_directories_are_there_on_a_bare_machine() -> None:
    entries = {entry.path: entry for entry in base_entries(FakeMachine())}
    passwd = entries["etc/passwd"]
    assert isinstance(passwd, File)
    assert f"modelpack:x:{USER}:{USER}:" in (passwd.content or b"").decode()
    assert entries["work"] == Directory("work", 0o1777)
    assert entries["tmp"] == Directory("tmp", 0o1777)
    assert {"dev", "proc", "sys", "etc/resolv.conf", "etc/hosts"} <= entries.keys()
    assert "etc/ssl/certs/ca-certificates.crt" not in entries


def test_only_certificates_are_taken_from_a_ca_file() -> None:
    path = "etc/ssl/certs/ca-certificates.crt"
    machine = FakeMachine({f"/{path}": b"# ours\n" + CERTIFICATE + b"\n" + KEY + b"\n"})
    assert _content(machine, path) == CERTIFICATE + b"\n"


def test_certifi_stands_in_when_the_host_has_no_ca_file() -> None:
    path = "etc/ssl/certs/ca-certificates.crt"
    other = FakeMachine({"/etc/pki/tls/certs/ca-bundle.crt": CERTIFICATE})
    assert _content(other, path) == CERTIFICATE + b"\n"
    machine = FakeMachine({"/site/certifi/cacert.pem": CERTIFICATE, f"/{path}": b"empty"})
    assert _content(machine, path, "/site/certifi/cacert.pem") == CERTIFICATE + b"\n"
    assert _content(machine, path) is None


def test_time_zones_come_without_the_hosts_own_choice() -> None:
    zones: list[tuple[str, str | None]] = [
        ("Cuba", "America/Havana"),
        ("America/Havana", None),
        ("UTC", "/usr/share/zoneinfo/Etc/UTC"),
        ("localtime", "/etc/localtime"),
        ("outside", "/etc/shadow"),
        ("posix/UTC", None),
        ("right/UTC", None),
    ]
    entries = base_entries(FakeMachine(trees={"/usr/share/zoneinfo": zones}))
    found = [entry for entry in entries if entry.path.startswith("usr/share/zoneinfo")]
    assert found == [
        File("usr/share/zoneinfo/America/Havana", source="/usr/share/zoneinfo/America/Havana"),
        Link("usr/share/zoneinfo/Cuba", "America/Havana"),
        Link("usr/share/zoneinfo/UTC", "/usr/share/zoneinfo/Etc/UTC"),
    ]


def test_this_machines_base_is_the_same_twice_and_has_no_path_twice() -> None:
    tree = base_tree(LinuxMachine())
    paths = [entry.path for entry in tree.entries]
    assert tree == base_tree(LinuxMachine())
    assert paths == sorted(set(paths))
    assert tree.kind == "interpreter"
    texts = [entry.content for entry in tree.entries if isinstance(entry, File) and entry.content]
    assert not any(re.search(rb"PRIVATE KEY", text) for text in texts)
