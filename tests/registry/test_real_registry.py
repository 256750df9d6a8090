"""Debian's docker-registry behind token authentication, behind TLS, and looked at by judges."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.registry import Access, Registry, World
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.errors import ModelPackError, RegistryError
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from jupyter_modelpack.oci.validate import validate_image
from tests.adapters.small_image import make_small_image
from tests.judges import tool
from tests.registry.certificates import (
    ISSUER,
    SERVICE,
    make_certificate,
    token_server,
)
from tests.registry.images import make_evidence, make_image
from tests.registry.real import Real, start_real


def test_tokens_of_a_docker_registry(layout: Layout, tmp_path: Path) -> None:
    """Signed tokens that the registry checks itself, from a password in a config.json."""
    image = make_image(layout, sizes=(700_000, 50_000))
    make_evidence(layout, image)
    signer = make_certificate(tmp_path / "signer")
    with token_server(signer, "ada", "correct horse", 3600.0) as tokens:
        auth = {
            "token": {
                "realm": tokens.realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(signer.certificate_file),
            }
        }
        with start_real(tmp_path, auth) as real:
            repository = Repository("team/churn", real.host)
            reference = Reference(repository, Tag("1.0.0"))
            file = tmp_path / "config.json"
            file.write_text(
                json.dumps({"auths": {real.host: {"username": "ada", "password": "correct horse"}}})
            )
            registry = Registry(Access(auth_file=str(file), chunk_bytes=100_000))
            assert registry.may_push(repository) == "ada"
            registry.push(layout, image.digest, reference)
            registry.push_referrers(layout, image.digest, repository)
            other = Layout(tmp_path / "other")
            assert registry.pull(reference, other).digest == image.digest
            assert validate_image(other, image.digest) == []
            assert registry.tags(repository) == ("1.0.0", f"sha256-{image.digest.hex}")
            assert set(tokens.scopes) == {
                "repository:team/churn:pull,push",
                "repository:team/churn:pull",
            }
            anonymous = World(credential=lambda host, path: Credential())
            with pytest.raises(RegistryError, match=r"lets nobody .* without"):
                Registry(Access(), anonymous).resolve(reference)


def test_a_registry_with_a_certificate_of_ones_own(layout: Layout, tmp_path: Path) -> None:
    image = make_image(layout)
    theirs, another = (make_certificate(tmp_path / name) for name in ("theirs", "another"))
    with start_real(tmp_path, tls=(theirs.certificate_file, theirs.key_file)) as real:
        reference = Reference(Repository("team/churn", real.host), Tag("1.0.0"))
        Registry(Access(ca=str(theirs.certificate_file))).push(layout, image.digest, reference)
        with pytest.raises(ModelPackError, match=r"certificate of the registry .* not trusted"):
            Registry(Access(ca=str(another.certificate_file))).resolve(reference)
        with pytest.raises(ModelPackError, match=r"CA .* cannot be used"):
            Registry(Access(ca=str(tmp_path / "no such file"))).resolve(reference)
        with pytest.raises(ModelPackError):
            Registry(Access(attempts=1)).resolve(reference)


def test_judges_see_the_image_that_was_built(real: Real, tmp_path: Path) -> None:
    """skopeo reads it, podman pulls and runs it; the digest is the one that the build gave."""
    small = make_small_image(tmp_path)
    layout = Layout(small.layout)
    image = layout.resolve("modelpack.local/small:1.0.0")
    reference = Reference(Repository("judged/small", real.host), Tag("1.0.0"))
    Registry(Access(chunk_bytes=2 << 20)).push(layout, image.digest, reference)
    found = json.loads(
        output(tool("skopeo"), "inspect", "--tls-verify=false", f"docker://{reference}")
    )
    assert found["Digest"] == image.digest
    raw = output(tool("skopeo"), "inspect", "--raw", "--tls-verify=false", f"docker://{reference}")
    assert raw.encode() == layout.read(image)
    if not os.environ.get("DOCKER_HOST"):
        print("skipped: DOCKER_HOST names no engine, so that podman does not run it")
        return
    by_digest = str(reference.with_digest(image.digest))
    podman = tool("podman")
    output(podman, "pull", "--tls-verify=false", by_digest)
    try:
        digest = output(podman, "image", "inspect", "--format", "{{.Digest}}", by_digest)
        assert digest.strip() == image.digest
        said = output(
            podman, "run", "--rm", "--network=none", "--entrypoint", "/opt/python/bin/python3",
            by_digest, "-I", "-S", "-c", "print('it runs')",
        )  # fmt: skip
        assert said.strip() == "it runs"
    finally:
        subprocess.run([podman, "rmi", "-f", by_digest], capture_output=True, check=False)


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout
