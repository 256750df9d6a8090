"""The deny list: files that never go into an image, whoever asks, with the reason."""

from __future__ import annotations

import re
from functools import lru_cache

_GIT = "it is the history of a repository"
_SETTINGS = "it holds settings that are often secret"
_PASSWORDS = "it holds passwords or tokens"
_CLOUD = "it holds keys to a cloud account"
_CLUSTER = "it holds access to a cluster"
_KEY = "it is a private key or certificate"
_CHECKPOINT = "it is a copy that Jupyter saved"
_RUNTIME = "it belongs to a running Jupyter"

_FOLDERS: dict[str, str] = {
    ".git": _GIT,
    ".hg": _GIT,
    ".svn": _GIT,
    ".kube": _CLUSTER,
    ".aws": _CLOUD,
    ".azure": _CLOUD,
    ".ssh": _KEY,
    ".gnupg": _KEY,
    ".ipynb_checkpoints": _CHECKPOINT,
}
_NAMES: dict[str, str] = {
    ".netrc": _PASSWORDS,
    "_netrc": _PASSWORDS,
    ".pgpass": _PASSWORDS,
    "pgpass.conf": _PASSWORDS,
    ".pypirc": _PASSWORDS,
    ".npmrc": _PASSWORDS,
    ".yarnrc.yml": _PASSWORDS,
    ".git-credentials": _PASSWORDS,
    ".gitconfig": _PASSWORDS,
    ".dockercfg": _PASSWORDS,
    ".htpasswd": _PASSWORDS,
    ".my.cnf": _PASSWORDS,
    ".boto": _CLOUD,
    ".s3cfg": _CLOUD,
    ".envrc": _SETTINGS,
    "kaggle.json": _PASSWORDS,
    "kubeconfig": _CLUSTER,
    "jupyter_cookie_secret": _RUNTIME,
    "notebook_cookie_secret": _RUNTIME,
}
_TAILS: dict[str, dict[str, str]] = {
    ".docker": {"config.json": _PASSWORDS},
    ".config": {"gcloud": _CLOUD, "containers": _PASSWORDS, "gh": _PASSWORDS},
    ".huggingface": {"token": _PASSWORDS},
    "huggingface": {"token": _PASSWORDS, "stored_tokens": _PASSWORDS},
    "jupyter": {"runtime": _RUNTIME},
    ".local": {"share/jupyter/runtime": _RUNTIME},
}
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"\.env(\..*|rc)?\Z", _SETTINGS),
        (r".*\.env\Z", _SETTINGS),
        (r".*\.(pem|key|p12|pfx|ppk|jks|keystore)\Z", _KEY),
        (r"id_(rsa|dsa|ecdsa|ed25519|xmss)([._-].*)?\Z", _KEY),
        (r".*\.kubeconfig\Z", _CLUSTER),
        (r"(kernel|nbserver|jpserver)-[0-9a-f-]+(-open)?\.(json|html)\Z", _RUNTIME),
    )
)

_KEY_FILE = re.compile(r"id_[a-z0-9]+(_sk)?(\.pub)?\Z")  # as a folder's name it is plain


def is_denied(relative_path: str) -> str | None:
    """Return why a file is never packaged, or None when it may be.

    ``relative_path`` has ``/`` between its parts and names a file, or a folder when it ends with
    one; letter case does not matter, because some file systems ignore it.
    """
    folded = relative_path.lower().replace("\\", "/")
    parts = [part for part in folded.split("/") if part and part != "."]
    for index, part in enumerate(parts):
        reason = _of_part(part)
        if reason is not None:
            return reason
        if part in _TAILS:
            rest = "/".join(parts[index + 1 :])
            for tail, why in _TAILS[part].items():
                if rest == tail or rest.startswith(tail + "/"):
                    return why
    is_file = parts and not folded.endswith("/")
    return _KEY if is_file and _KEY_FILE.match(parts[-1]) else None


@lru_cache(maxsize=1 << 14)
def _of_part(part: str) -> str | None:
    named = _FOLDERS.get(part) or _NAMES.get(part)
    return named or next((reason for shape, reason in _PATTERNS if shape.match(part)), None)
