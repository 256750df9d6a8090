"""The rules of the native closure, on a machine made of a dictionary."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_modelpack.environment.loader import Elf, Loader
from jupyter_modelpack.environment.native import (
    ElfFile,
    Missing,
    NativeClosure,
    native_closure,
)
from jupyter_modelpack.oci.tree import File, Link

KIND = (2, 1, 62)
OTHER = (1, 1, 3)
PYTHON = "/p/bin/python3"


class FakeMachine:
    """Files are ELF headers, bytes, or links to other paths."""

    def __init__(self) -> None:
        self.files: dict[str, Elf | bytes | str] = {}

    def _follow(self, path: str) -> str:
        found = self.files.get(path)
        return self._follow(found) if isinstance(found, str) else path

    def elf(self, path: str) -> Elf | None:
        found = self.files.get(self._follow(path))
        return found if isinstance(found, Elf) else None

    def real(self, path: str) -> str | None:
        path = self._follow(path)
        return path if path in self.files else None

    def read(self, path: str) -> bytes | None:
        found = self.files.get(self._follow(path))
        return found if isinstance(found, bytes) else None

    def walk(self, directory: str) -> Iterator[tuple[str, str | None]]:
        yield from ()


def lib(
    *needed: str, rpath: tuple[str, ...] = (), runpath: tuple[str, ...] = (), interpreter: str = ""
) -> Elf:
    return Elf(KIND, "", needed, rpath, runpath, interpreter)


def close(
    files: dict[str, Elf | bytes | str],
    *captured: tuple[str, str],
    cache: dict[str, tuple[str, ...]] | None = None,
    library_path: tuple[str, ...] = (),
    prefixes: dict[str, str] | None = None,
    already: NativeClosure | None = None,
) -> NativeClosure:
    machine = FakeMachine()
    machine.files = files
    loader = Loader(machine, KIND, ("/lib/gnu", "/usr/lib/gnu"), cache or {}, library_path)
    seeds = [ElfFile(host, image) for host, image in captured]
    return native_closure(seeds, loader, program=PYTHON, prefixes=prefixes or {}, already=already)


def rows(closure: NativeClosure) -> dict[str, str]:
    return {
        entry.path: entry.source if isinstance(entry, File) else f"-> {entry.target}"
        for entry in closure.files
    }


def test_system_library_keeps_its_path_and_its_name() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("libz.so.1"),
        "/lib/gnu/libz.so.1": "/usr/lib/gnu/libz.so.1.2",
        "/usr/lib/gnu/libz.so.1.2": lib("libc.so.6"),
        "/usr/lib/gnu/libc.so.6": lib(),
    }
    assert rows(close(files, ("/s/x.so", "i/x.so"))) == {
        "lib": "-> usr/lib",
        "usr/lib/gnu/libc.so.6": "/usr/lib/gnu/libc.so.6",
        "usr/lib/gnu/libz.so.1": "-> libz.so.1.2",
        "usr/lib/gnu/libz.so.1.2": "/usr/lib/gnu/libz.so.1.2",
    }


def test_system_that_is_not_merged_gets_merged() -> None:
    files: dict[str, Elf | bytes | str] = {"/s/x.so": lib("a.so"), "/lib/gnu/a.so": lib()}
    assert rows(close(files, ("/s/x.so", "i/x.so")))["usr/lib/gnu/a.so"] == "/lib/gnu/a.so"


def test_program_brings_its_loader_at_the_path_that_the_kernel_starts() -> None:
    files: dict[str, Elf | bytes | str] = {
        PYTHON: lib("libc.so.6", interpreter="/lib64/ld-linux.so.2"),
        "/lib64/ld-linux.so.2": "/usr/lib/gnu/ld-linux.so.2",
        "/usr/lib/gnu/ld-linux.so.2": lib(),
        "/usr/lib/gnu/libc.so.6": lib(),
        "/usr/lib/gnu/libgcc_s.so.1": lib(),
    }
    closure = close(files, (PYTHON, "opt/python/bin/python3"))
    assert rows(closure) == {
        "lib": "-> usr/lib",
        "lib64": "-> usr/lib64",
        "usr/lib64/ld-linux.so.2": "-> ../lib/gnu/ld-linux.so.2",
        "usr/lib/gnu/ld-linux.so.2": "/usr/lib/gnu/ld-linux.so.2",
        "usr/lib/gnu/libc.so.6": "/usr/lib/gnu/libc.so.6",
        "usr/lib/gnu/libgcc_s.so.1": "/usr/lib/gnu/libgcc_s.so.1",
    }
    assert [e.path for e in closure.files if isinstance(e, File) and e.executable] == [
        "usr/lib/gnu/ld-linux.so.2"
    ]


def test_order_of_the_search() -> None:
    places = ["/rp", "/lp", "/rup", "/cached", "/usr/lib/gnu"]
    files: dict[str, Elf | bytes | str] = {f"{place}/a.so": lib() for place in places}
    cache = {"a.so": ("/cached/a.so",)}
    seen = []
    for rpath, runpath in ((("/rp",), ()), (("/rp",), ("/rup",)), ((), ("/rup",))):
        files["/s/x.so"] = lib("a.so", rpath=rpath, runpath=runpath)
        for path in (("/lp",), ()):
            closure = close(files, ("/s/x.so", "i/x.so"), cache=cache, library_path=path)
            seen.append(next(p for p in closure.placed if p.endswith("/a.so")))
    files["/s/x.so"] = lib("a.so")
    seen += [
        next(p for p in close(files, ("/s/x.so", "x"), cache=c).placed if p.endswith("/a.so"))
        for c in (cache, {})
    ]
    assert seen == [
        f"{p}/a.so" for p in ["/rp", "/rp", "/lp", "/rup", "/lp", "/rup", "/cached", "/usr/lib/gnu"]
    ]


def test_rpath_is_inherited_and_runpath_is_not() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("a.so", rpath=("/deep",)),
        "/deep/a.so": lib("b.so"),
        "/deep/b.so": lib(),
    }
    assert not close(files, ("/s/x.so", "i/x.so")).missing
    files["/s/x.so"] = lib("a.so", runpath=("/deep",))
    assert close(files, ("/s/x.so", "i/x.so")).missing == (Missing("opt/native/lib/a.so", "b.so"),)


def test_rpath_of_the_program_counts_for_what_it_loads() -> None:
    files: dict[str, Elf | bytes | str] = {
        PYTHON: lib(rpath=("$ORIGIN/../lib",)),
        "/p/lib/a.so.1": lib(),
        "/s/x.so": lib("a.so.1"),
    }
    closure = close(
        files,
        (PYTHON, "opt/python/bin/python3"),
        ("/s/x.so", "opt/python/lib/x.so"),
        prefixes={"/p": "opt/python"},
    )
    assert rows(closure) == {"opt/python/lib/a.so.1": "/p/lib/a.so.1"}


def test_library_from_elsewhere_goes_to_the_native_directory() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("libcuda.so.1", rpath=("/usr/local/cuda",)),
        "/usr/local/cuda/libcuda.so.1": "/usr/local/cuda/libcuda.so.1.5",
        "/usr/local/cuda/libcuda.so.1.5": lib(),
    }
    assert rows(close(files, ("/s/x.so", "i/x.so"))) == {
        "opt/native/lib/libcuda.so.1": "-> libcuda.so.1.5",
        "opt/native/lib/libcuda.so.1.5": "/usr/local/cuda/libcuda.so.1.5",
    }


def test_captured_library_is_not_copied_again() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/p/x.so": lib("libq-1.so", rpath=("$ORIGIN/../p.libs",)),
        "/s/p.libs/libq-1.so": lib(),
    }
    closure = close(files, ("/s/p/x.so", "i/p/x.so"), ("/s/p.libs/libq-1.so", "i/p.libs/libq-1.so"))
    assert rows(closure) == {}


def test_captured_library_out_of_the_loaders_sight_gets_a_link() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("libq.so", rpath=("/home/me/libs",)),
        "/home/me/libs/libq.so": lib(),
    }
    closure = close(files, ("/s/x.so", "i/x.so"), ("/home/me/libs/libq.so", "i/libs/libq.so"))
    assert rows(closure) == {"opt/native/lib/libq.so": "-> ../../../i/libs/libq.so"}


def test_missing_library_is_named_unless_a_captured_file_has_its_name() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("libcuda.so.1", "libtorch.so"),
        "/s/lib/libtorch.so": lib(),
    }
    closure = close(files, ("/s/x.so", "i/x.so"), ("/s/lib/libtorch.so", "i/lib/libtorch.so"))
    assert closure.missing == (Missing("i/x.so", "libcuda.so.1"),)


def test_other_architectures_are_passed_over() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("a.so"),
        "/s/y.so": Elf(OTHER, needed=("absent.so",)),
        "/lib/gnu/a.so": Elf(OTHER),
        "/usr/lib/gnu/a.so": lib(),
    }
    closure = close(files, ("/s/x.so", "i/x.so"), ("/s/y.so", "i/y.so"))
    assert closure.missing == ()
    assert rows(closure)["usr/lib/gnu/a.so"] == "/usr/lib/gnu/a.so"


def test_lower_layer_is_not_repeated() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("a.so"),
        "/s/y.so": lib("a.so", "b.so"),
        "/usr/lib/gnu/a.so": lib(),
        "/usr/lib/gnu/b.so": lib(),
    }
    first = close(files, ("/s/x.so", "i/x.so"))
    second = close(files, ("/s/y.so", "i/y.so"), already=first)
    assert rows(second) == {"usr/lib/gnu/b.so": "/usr/lib/gnu/b.so"}


def test_circles_end() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("a.so", rpath=("$ORIGIN",)),
        "/usr/lib/gnu/a.so": lib("b.so"),
        "/usr/lib/gnu/b.so": lib("a.so"),
    }
    assert len(close(files, ("/s/x.so", "i/x.so")).files) == 3


def test_openssl_brings_what_it_opens_by_name() -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/x.so": lib("libcrypto.so.3"),
        "/usr/lib/gnu/libcrypto.so.3": lib(),
        "/usr/lib/gnu/ossl-modules/legacy.so": lib(),
        "/usr/lib/ssl/openssl.cnf": b".include /etc/other.cnf\n",
    }

    class WithBytes(FakeMachine):
        def read(self, path: str) -> bytes | None:
            if path.endswith("libcrypto.so.3"):
                return b'OPENSSLDIR: "/usr/lib/ssl"\0MODULESDIR: "/usr/lib/gnu/ossl-modules"\0'
            return super().read(path)

    machine = WithBytes()
    machine.files = files
    loader = Loader(machine, KIND, ("/usr/lib/gnu",), {})
    found = native_closure([ElfFile("/s/x.so", "i/x.so")], loader, program=PYTHON)
    paths = {entry.path: entry for entry in found.files}
    assert paths["usr/lib/ssl/cert.pem"] == Link(
        "usr/lib/ssl/cert.pem", "../../../etc/ssl/certs/ca-certificates.crt"
    )
    assert "usr/lib/gnu/ossl-modules/legacy.so" in paths
    settings_file = paths["usr/lib/ssl/openssl.cnf"]
    assert isinstance(settings_file, File) and b"include" not in (settings_file.content or b"")


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.permutations(["/s/a.so", "/s/b.so", "/s/c.so", "/s/d.so"]))
def test_order_of_the_files_does_not_matter(order: list[str]) -> None:
    files: dict[str, Elf | bytes | str] = {
        "/s/a.so": lib("l.so", rpath=("/one",)),
        "/s/b.so": lib("l.so", rpath=("/two",)),
        "/s/c.so": lib("m.so", "l.so"),
        "/s/d.so": lib("gone.so", runpath=("/two",)),
        "/one/l.so": lib("m.so"),
        "/two/l.so": lib(),
        "/one/m.so": lib(),
    }
    closure = close(files, *[(path, f"i{path}") for path in order])
    expected = close(files, *[(path, f"i{path}") for path in sorted(order)])
    assert (closure.files, closure.missing) == (expected.files, expected.missing)
