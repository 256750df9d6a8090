"""What programs load by name, so that no DT_NEEDED tells of it: NSS, OpenSSL, iconv."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from jupyter_modelpack.environment.loader import Machine
from jupyter_modelpack.oci.tree import File, Link

NAMED = ("libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
CA_FILE = "etc/ssl/certs/ca-certificates.crt"
CA_DIRECTORY = "etc/ssl/certs"
GCONV = ("CP1252", "ISO8859-1", "ISO8859-15", "UTF-16", "UTF-32", "UTF-7")

_OPENSSL_DIRECTORIES = re.compile(rb'(OPENSSLDIR|MODULESDIR): "(/(?:usr|etc|lib\w*)/[\w./+-]+)"')
_PLAIN_OPENSSL = b"""openssl_conf = openssl_init
[openssl_init]
providers = provider_sect
[provider_sect]
default = default_sect
[default_sect]
activate = 1
"""


def named_entries(machine: Machine, placed: Mapping[str, str]) -> Iterator[File | Link]:
    """Yield what the libraries in ``placed`` (host path to image path) load by name."""
    system = {path: image for path, image in placed.items() if image.startswith("usr/")}
    for path in sorted(system):
        if posixpath.basename(path).startswith("libcrypto.so"):
            yield from _openssl(machine, path)
    if any(_converts_text(machine, path) for path in placed):
        for path in sorted(system):
            if posixpath.basename(path).startswith("libc.so"):
                yield from _gconv(machine, f"{posixpath.dirname(path)}/gconv")


def _openssl(machine: Machine, libcrypto: str) -> Iterator[File | Link]:
    found = {
        name.decode(): path.decode().lstrip("/")
        for name, path in _OPENSSL_DIRECTORIES.findall(machine.read(libcrypto) or b"")
    }
    if modules := found.get("MODULESDIR"):
        real = machine.real(f"/{modules}/legacy.so")
        if real is not None:
            yield File(f"{_under_usr(modules)}/legacy.so", source=real)
    if directory := found.get("OPENSSLDIR"):
        settings = machine.read(f"/{directory}/openssl.cnf")
        directory = _under_usr(directory)
        if settings is not None:
            yield File(f"{directory}/openssl.cnf", content=_safe_settings(settings))
        yield Link(f"{directory}/cert.pem", posixpath.relpath(CA_FILE, directory))
        if directory != posixpath.dirname(CA_DIRECTORY):
            yield Link(f"{directory}/certs", posixpath.relpath(CA_DIRECTORY, directory))


def _safe_settings(settings: bytes) -> bytes:
    """Return OpenSSL's settings, or plain ones where they name files that the image has not."""
    outside = re.search(rb"(?m)^\s*(\.include\b|dynamic_path\b|engines?\b|module\b)", settings)
    return _PLAIN_OPENSSL if outside else settings


def _converts_text(machine: Machine, path: str) -> bool:
    elf = machine.elf(path)
    if elf is None or not elf.converts_text:
        return False
    return not posixpath.basename(path).startswith("libc.")


def _gconv(machine: Machine, directory: str) -> Iterator[File | Link]:
    """Yield iconv's modules for the common encodings, and a table that names only these."""
    image = _under_usr(directory.lstrip("/"))
    modules = [name for name in GCONV if machine.real(f"{directory}/{name}.so")]
    rows = []
    for name in ("gconv-modules", "gconv-modules.d/gconv-modules-extra.conf"):
        text = (machine.read(f"{directory}/{name}") or b"").decode("utf-8", "replace")
        rows += [line.split() for line in text.split("\n")]
    wanted = [row for row in rows if row[:1] == ["module"] and set(row[3:4]) & set(modules)]
    known = {name for row in wanted for name in row[1:3]}
    wanted += [row for row in rows if row[:1] == ["alias"] and row[-1] in known]
    if wanted:
        table = "".join(" ".join(row) + "\n" for row in wanted)
        yield File(f"{image}/gconv-modules", content=table.encode())
        for name in modules:
            yield File(f"{image}/{name}.so", source=machine.real(f"{directory}/{name}.so") or "")


def _under_usr(path: str) -> str:
    return f"usr/{path}" if re.match(r"lib(32|64|x32)?/", path) else path
