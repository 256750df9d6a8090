"""The commit of a folder, held against git itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.git_commit import commit_of


def git(folder: Path, *words: str) -> str:
    program = shutil.which("git")
    if program is None:
        pytest.skip("There is no git on this machine to compare with.")
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    env = {**os.environ, **who, "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        [program, *words], cwd=folder, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "repository"
    (place / "deep").mkdir(parents=True)
    git(place, "init", "-q", "-b", "feature/one")
    git(place, "commit", "-q", "--allow-empty", "-m", "first")
    return place


def test_loose_packed_detached_and_worktree(repository: Path, tmp_path: Path) -> None:
    notebook = repository / "deep" / "churn.ipynb"
    head = git(repository, "rev-parse", "HEAD")
    assert commit_of(notebook) == head
    git(repository, "pack-refs", "--all")
    assert commit_of(notebook) == head
    git(repository, "worktree", "add", "-q", "-b", "two", str(tmp_path / "tree"))
    git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "second")
    second = git(tmp_path / "tree", "rev-parse", "HEAD")
    assert second != head
    assert commit_of(tmp_path / "tree" / "x.ipynb") == second
    git(repository, "checkout", "-q", "--detach", second)
    assert commit_of(notebook) == second


def test_no_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert commit_of(tmp_path / "x.ipynb") is None
    for head in ("ref: ../../secret", "ref: refs/heads/../../x", "nonsense", ""):
        (tmp_path / ".git" / "HEAD").write_text(head)
        assert commit_of(tmp_path / "x.ipynb") is None
