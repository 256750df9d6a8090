from __future__ import annotations

import pytest

from jupyter_modelpack.notebook.denied import is_denied


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "sub/.git",
        ".env",
        ".env.local",
        "prod.env",
        "a/.ENV",
        ".netrc",
        ".pgpass",
        ".pypirc",
        ".npmrc",
        ".docker/config.json",
        ".kube/config",
        "kubeconfig",
        "dev.kubeconfig",
        ".aws/credentials",
        ".azure/token",
        ".config/gcloud/application_default_credentials.json",
        "cert.pem",
        "server.KEY",
        "store.p12",
        "id_rsa",
        "id_ed25519.pub",
        ".ssh/known_hosts",
        ".gnupg/pubring.kbx",
        ".huggingface/token",
        ".cache/huggingface/token",
        ".kaggle/kaggle.json",
        "kaggle.json",
        ".ipynb_checkpoints/a-checkpoint.ipynb",
        "data/.ipynb_checkpoints",
        ".local/share/jupyter/runtime/kernel-1.json",
        "jpserver-123-open.html",
        "kernel-0a1b2c3d-1111-2222-3333-444455556666.json",
        ".git-credentials",
    ],
)
def test_denied_with_a_reason(path: str) -> None:
    assert is_denied(path)


@pytest.mark.parametrize(
    "path",
    [
        "customers.csv",
        "data/environment.csv",
        "env.yml",
        "environment.yml",
        "id_mapping.csv",
        "id_columns.json",
        "keys.csv",
        "monkey.png",
        "config.json",
        "docker/config.json",
        "model.keras",
        "kernel.py",
        "tokens.txt",
        "github/data.csv",
        ".gitignore",
        "runtime/data.csv",
        "",
    ],
)
def test_allowed(path: str) -> None:
    assert is_denied(path) is None
