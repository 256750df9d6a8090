"""What a kernel's own interpreter runs to say what it is (standard library, Python 3.8 to 3.14).

It prints one line, a mark and a JSON object. Without arguments it describes the interpreter; with
module names as arguments it says where they would be imported from, without importing them.
"""

from __future__ import annotations

import io
import os
import sys

MARK = "modelpack-probe:"


def forget_own_directory() -> None:
    """Leave ``sys.path`` as a kernel has it: without the directory of this program."""
    own = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == own:
        del sys.path[0]


def loaded_libpython() -> str | None:
    """Return the path of the shared libpython in use, or None when it is built in."""
    try:
        with io.FileIO("/proc/self/maps") as file:
            maps = os.fsdecode(file.read())
    except OSError:
        return None
    paths = (line.split(None, 5)[-1].strip() for line in maps.splitlines())
    return next((p for p in paths if os.path.basename(p).startswith("libpython")), None)


def running_program() -> str:
    """Return the real path of the binary that runs, behind links and wrappers."""
    if os.path.exists("/proc/self/exe"):
        return os.path.realpath("/proc/self/exe")
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def standard_library() -> str:
    """Return the directory of the standard library, even when most of it is in a zip file."""
    directory = os.path.dirname(os.__file__)
    if os.path.isdir(directory):
        return directory
    import sysconfig

    return sysconfig.get_path("stdlib")


def implementation_version() -> str:
    """Return the version of the implementation as PEP 508 spells it."""
    info = sys.implementation.version
    version = "%d.%d.%d" % (info.major, info.minor, info.micro)
    if info.releaselevel != "final":
        version += info.releaselevel[0] + str(info.serial)
    return version


def describe() -> dict[str, object]:
    """Return what the interpreter is and where it looks for modules."""
    import importlib.machinery
    import importlib.util
    import site

    uname = getattr(os, "uname", None)
    system, _, release, version, machine = uname() if uname else (sys.platform, "", "", "", "")
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        libc = ""
    user_site = site.getusersitepackages() if site.ENABLE_USER_SITE else ""
    return {
        "python_version": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag,
        "magic": importlib.util.MAGIC_NUMBER.hex(),
        "abiflags": getattr(sys, "abiflags", ""),
        "extension_suffixes": list(importlib.machinery.EXTENSION_SUFFIXES),
        "platform": sys.platform,
        "machine": machine,
        "libc": libc,
        "executable": sys.executable,
        "program": running_program(),
        "libpython": loaded_libpython(),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "stdlib": standard_library(),
        "platlibdir": getattr(sys, "platlibdir", "lib"),
        "sys_path": [entry for entry in sys.path if entry],
        "site_directories": list(site.getsitepackages()) + ([user_site] if user_site else []),
        "builtin_modules": list(sys.builtin_module_names),
        "markers": {
            "implementation_name": sys.implementation.name,
            "implementation_version": implementation_version(),
            "os_name": os.name,
            "platform_machine": machine,
            "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
                sys.implementation.name, sys.implementation.name
            ),
            "platform_release": release,
            "platform_system": system,
            "platform_version": version,
            "python_full_version": implementation_version()
            if sys.implementation.name == "cpython"
            else "%d.%d.%d" % sys.version_info[:3],
            "python_version": "%d.%d" % sys.version_info[:2],
            "sys_platform": sys.platform,
        },
    }


def locate(names: list[str]) -> dict[str, object]:
    """Return, for each top-level module that can be found, its file and its package directories."""
    import importlib.util

    places: dict[str, object] = {}
    for name in names:
        try:
            spec = importlib.util.find_spec(name)
        except Exception:
            continue
        if spec is not None:
            directories = list(spec.submodule_search_locations or ())
            places[name] = {"origin": spec.origin, "directories": directories}
    return places


def main() -> None:
    """Print the answer on one marked line."""
    import json

    forget_own_directory()
    answer = locate(sys.argv[1:]) if sys.argv[1:] else describe()
    sys.stdout.write("\n" + MARK + json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
