"""Arguments that several commands share, read and checked in one place."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.paths import is_text

if TYPE_CHECKING:
    from jupyter_modelpack.adapters.release_service.releases import RemotePackages
    from jupyter_modelpack.release.actor import Actor
    from jupyter_modelpack.services.packages import Packages
    from jupyter_modelpack.services.releases import Releases
    from jupyter_modelpack.workshop import Workshop


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


_Known = TypeVar("_Known", bound=_Identified)
_VARIABLES = ("URL", "TOKEN_FILE", "CA", "ALLOW_HTTP")


def pairs(values: Iterable[str], option: str) -> dict[str, str]:
    """Read ``NAME=VALUE`` options into a mapping; anything else raises InvalidInput."""
    out: dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(
                f"What follows {option} is not NAME=VALUE.",  # it may be a secret: not repeated
                field=option,
                advice=f"Write it as {option} NAME=VALUE.",
            )
        out[name.strip()] = rest
    return out


def beginning(found: Iterable[_Known], start: str, what: str, advice: str) -> _Known:
    """Return the one whose id is, or begins with, what was typed; else raise InvalidInput."""
    listed = list(found)
    named = [each for each in listed if each.id == start] or [
        each for each in listed if each.id.startswith(start)
    ]
    if len(named) != 1:
        raise InvalidInput(
            f"There is no single {what} that begins with {start[:40]}.", field=what, advice=advice
        )
    return named[0]


def workshop(arguments: argparse.Namespace, **settings: Any) -> Workshop:
    """Open the store and the ledger that the command line names."""
    from jupyter_modelpack.workshop import default_data_dir, open_workshop

    given = {key: getattr(arguments, key) or "" for key in ("database_url", "database_url_file")}
    return open_workshop(arguments.data_dir or default_data_dir(), {**settings, **given})


def releases(arguments: argparse.Namespace) -> tuple[Releases, Actor]:
    """Open what promotes releases, for the operating system's user."""
    from jupyter_modelpack.adapters.identity import os_user

    deployer = getattr(arguments, "deployer", "record")
    folder = getattr(arguments, "folder", "")
    place = str(Path(folder).absolute()) if folder else ""
    where = registry_of(arguments) if hasattr(arguments, "registry") else {}
    opened = team_workshop(arguments, deployer=deployer, deploy_folder=place, **where)
    return opened.releases(), os_user()


def team_workshop(arguments: argparse.Namespace, **settings: Any) -> Workshop:
    """Open what the command line names, with the team's release service where there is one.

    That is --service, or the environment variables MODELPACK_SERVICE_URL, _TOKEN_FILE, _CA and
    _ALLOW_HTTP.
    """
    said = {name: os.environ.get(f"MODELPACK_SERVICE_{name}", "") for name in _VARIABLES}
    service = {
        "service_url": getattr(arguments, "service", "") or said["URL"],
        "service_token_file": said["TOKEN_FILE"],
        "service_ca": said["CA"],
        "service_allow_http": said["ALLOW_HTTP"] in ("1", "true", "yes"),
    }
    return workshop(arguments, **settings, **service)


def packages(arguments: argparse.Namespace) -> Packages | RemotePackages:
    """Open the packages of the team's release service, or of this machine where there is none."""
    opened = team_workshop(arguments)
    return opened.service.packages if opened.service else opened.packages


def registry_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that say which registry, and how it is reached."""
    if arguments.registry:
        from jupyter_modelpack.services.publishing import repository_at

        repository_at(arguments.registry, "package")
    return {
        "registry": arguments.registry or "",
        "registry_ca": arguments.registry_ca,
        "registry_insecure": arguments.registry_insecure,
        "registry_auth_file": arguments.registry_auth_file,
    }


def limits_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that limit a run, as far as the command line sets them."""
    megabytes = arguments.memory_limit
    return {} if megabytes is None else {"memory_bytes": megabytes * 1_000_000}


def notebook_path(path: Path) -> Path:
    """Return the absolute path of a notebook that exists, or raise InvalidInput."""
    if not path.is_file():
        raise InvalidInput(
            f"There is no notebook {path}.",
            field="notebook",
            advice="Give the path of an .ipynb file.",
        )
    found = path.resolve()
    if not is_text(str(found)):
        raise InvalidInput(
            f"The path of {path.name!a} is not text in UTF-8.",
            field="notebook",
            advice="Rename the notebook or its folder.",
        )
    return found
