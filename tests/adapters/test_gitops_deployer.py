"""The deployer gitops against a real bare repository: commits that a reviewer reads, and races."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from jupyter_modelpack.adapters.deployers import find_deployer
from jupyter_modelpack.adapters.deployers.gitops import FILE, GitOpsDeployer, read_place
from jupyter_modelpack.errors import BackendError, Conflict, InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.event import Deploy

FILES = {"kubernetes": b"kind: Job\n", "kubeflow": b"root: {}\n"}


def order(package: str = "churn", version: str = "1.0.0", generation: int = 1) -> Deploy:
    digest = Digest.of(f"{package} {version}".encode())
    return Deploy(f"id-{package}-{generation}", 1, generation, package, version, digest, "staging")


def record(of: Deploy) -> dict[str, str]:
    place = f"registry.example.com/team/{of.package}@{of.digest}"
    return {"why": "A cell changed.\nIn two lines", "author": "ada", "registry": place}


def git(*words: str, cwd: Path) -> str:
    clean = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    path = tmp_path / "remote.git"
    path.mkdir()
    git("init", "--bare", "--quiet", "-b", "main", cwd=path)
    return path


@pytest.fixture
def deployer(tmp_path: Path, remote: Path) -> GitOpsDeployer:
    folder = tmp_path / "config"
    folder.mkdir()
    said = {"repository": str(remote), "branch": "main", "path": "clusters/eu"}
    (folder / FILE).write_text(yaml.safe_dump(said))
    found = find_deployer("gitops", folder)
    assert isinstance(found, GitOpsDeployer)
    return found


def shown(remote: Path, path: str) -> str:
    return git("show", f"main:clusters/eu/staging/{path}", cwd=remote)


def deploy(deployer: GitOpsDeployer, of: Deploy) -> None:
    deployer.deploy(of, record(of), FILES)


def test_a_promotion_is_a_commit_that_a_reviewer_understands(
    deployer: GitOpsDeployer, remote: Path
) -> None:
    deploy(deployer, order())
    deploy(deployer, order(version="1.1.0", generation=2))
    subject, _, *body = git("log", "-1", "--format=%B", "main", cwd=remote).splitlines()
    assert subject == "Bring churn 1.1.0 to staging"
    text = "\n".join(body)
    assert f"registry.example.com/team/churn@{order(version='1.1.0').digest}" in text
    assert "Before, staging had 1.0.0" in text and "A cell changed. In two lines" in text
    assert "Packaged by ada." in text and "Promotion: id-churn-2" in text
    assert git("rev-list", "--count", "main", cwd=remote).strip() == "2"
    card = json.loads(shown(remote, "churn/release.json"))
    assert (card["version"], card["generation"]) == ("1.1.0", 2)
    inner = yaml.safe_load(shown(remote, "churn/kustomization.yaml"))
    assert inner["resources"] == ["job.yaml"] and shown(remote, "churn/job.yaml") == "kind: Job\n"
    assert yaml.safe_load(shown(remote, "kustomization.yaml"))["resources"] == ["churn"]


def test_the_same_order_twice_is_one_commit_and_a_late_one_none(
    deployer: GitOpsDeployer, remote: Path
) -> None:
    for _ in range(2):
        deploy(deployer, order(generation=5))
    with pytest.raises(Conflict, match="later release"):
        deploy(deployer, order(version="0.9.0", generation=4))
    assert git("rev-list", "--count", "main", cwd=remote).strip() == "1"


def test_ten_promotions_at_once_are_ten_commits_in_a_row(
    deployer: GitOpsDeployer, remote: Path
) -> None:
    orders = [order(f"package-{number}") for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda each: deploy(deployer, each), orders))
    assert git("rev-list", "--count", "main", cwd=remote).strip() == "10"
    assert git("rev-list", "--merges", "--count", "main", cwd=remote).strip() == "0"
    listed = yaml.safe_load(shown(remote, "kustomization.yaml"))["resources"]
    assert listed == [each.package for each in orders]
    for each in orders:
        assert json.loads(shown(remote, f"{each.package}/release.json"))["digest"] == each.digest


def test_links_hooks_and_configuration_do_nothing(
    deployer: GitOpsDeployer, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link where the folder should be is replaced, and nothing that git could run is run."""
    canary = tmp_path / "canary"
    work = tmp_path / "work"
    git("clone", "--quiet", str(remote), str(work), cwd=tmp_path)
    (work / "clusters/eu/staging").mkdir(parents=True)
    (work / "clusters/eu/staging/churn").symlink_to(tmp_path)
    (work / ".gitattributes").write_text("* filter=evil\n")
    git("add", "-A", cwd=work)
    who = ("-c", "user.name=x", "-c", "user.email=x@y")
    git(*who, "commit", "--quiet", "-m", "A link", cwd=work)
    git("push", "--quiet", "origin", "HEAD:main", cwd=work)
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    for hook in ("pre-push", "reference-transaction", "post-commit"):
        (home / "hooks" / hook).write_text(f"#!/bin/sh\n: > {canary}\n")
        (home / "hooks" / hook).chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[core]\n hooksPath = {home}/hooks\n[filter "evil"]\n clean = touch {canary}\n'
    )
    monkeypatch.setenv("HOME", str(home))
    deploy(deployer, order())
    assert not canary.exists() and not (tmp_path / "release.json").exists()
    assert json.loads(shown(remote, "churn/release.json"))["version"] == "1.0.0"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"repository": "ext::sh -c evil"},
        {"repository": "--upload-pack=evil"},
        {"repository": "http://plain.example.com/x"},
        {"repository": "https://ada:secret@example.com/x"},
        {"repository": "ssh://ada:secret@example.com/x"},
        {"repository": "ssh://-oProxyCommand=evil/x"},
        {"repository": "/x", "branch": "--all"},
        {"repository": "/x", "branch": "a..b"},
        {"repository": "/x", "path": "../up"},
        {"repository": "/x", "token": "secret"},
        {"repository": 7},
        [],
    ],
)
def test_what_cannot_be_configured_is_refused(said: object, tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text(yaml.safe_dump(said))
    with pytest.raises(InvalidInput) as caught:
        read_place(file)
    assert "secret" not in str(caught.value)


def test_a_repository_that_is_not_there_is_said(deployer: GitOpsDeployer, remote: Path) -> None:
    remote.rename(remote.with_suffix(".away"))
    with pytest.raises(BackendError, match="git fetch with"):
        deploy(deployer, order())


def test_a_token_is_in_no_argument_and_no_message(tmp_path: Path) -> None:
    """It is read when it is needed, and goes into git's environment only."""
    token = tmp_path / "token"
    token.write_text("hunter2\n")
    file = tmp_path / FILE
    file.write_text(
        yaml.safe_dump({"repository": "https://127.0.0.1:1/x", "token_file": str(token)})
    )
    place, _ = read_place(file)
    assert "hunter2" not in repr(place)
    (key,) = (k for k in place.settings() if k.startswith("http.https"))
    assert place.settings()[key].startswith("Authorization: Basic ")
    with pytest.raises(BackendError) as caught:
        deploy(GitOpsDeployer(tmp_path), order())
    assert "hunter2" not in str(caught.value)
