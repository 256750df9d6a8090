"""Credential programs: ``docker-credential-NAME get``, asked without a shell and within limits."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass

from jupyter_modelpack.adapters.registry.auth_file import TOKEN_USER
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.errors import BackendError, BackendUnavailable, InvalidInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_MISSING = b"credentials not found"
_LARGEST = 1 << 20


@dataclass(frozen=True)
class CredentialProgram:
    """Runs the program that a file with credentials names."""

    seconds: float = 15.0

    def get(self, helper: str, host: str) -> Credential | None:
        """Return what the program knows about a host, or None when it knows nothing.

        Raises InvalidInput for a name that is none, BackendUnavailable when the program is not
        there or does not end, and BackendError when it fails; its output is never repeated.
        """
        if not _NAME.match(helper):
            raise InvalidInput(
                f"{helper!r:.80} is not the name of a credential program.",
                field="credHelpers",
                advice="Look into the config.json with your registries' credentials.",
            )
        name = f"docker-credential-{helper}"
        try:
            done = subprocess.run(
                [name, "get"],
                input=host.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self.seconds,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise BackendUnavailable(
                f"The program {name} did not answer within {self.seconds:.0f} seconds.",
                advice="It may be waiting for a key ring to be unlocked; try it in a terminal.",
            ) from None
        except OSError as error:
            raise BackendUnavailable(
                f"The program {name} cannot be started ({error.strerror}).",
                advice="Install it, or take it out of the config.json that names it.",
            ) from error
        if done.returncode != 0:
            if _MISSING in done.stdout.lower():
                return None
            raise BackendError(
                f"The program {name} ended with {done.returncode}.",
                advice=f"Try it in a terminal: echo {host} | {name} get",
            )
        return _read(name, done.stdout)


def _read(name: str, output: bytes) -> Credential | None:
    try:
        if len(output) > _LARGEST:
            raise ValueError
        said = json.loads(output)
        username, secret = said["Username"], said["Secret"]
        if not isinstance(username, str) or not isinstance(secret, str):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BackendError(
            f"The program {name} did not answer with a username and a secret.",
            advice="Try it in a terminal.",
        ) from None
    if username == TOKEN_USER:
        return Credential(identity_token=secret)
    return Credential(username, secret) if secret else None
