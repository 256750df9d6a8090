"""The deployer ``folder``: what a killed process had begun is removed, and nothing of others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.deployers import folder
from jupyter_modelpack.adapters.deployers.folder import FolderDeployer
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.event import Deploy


def order(package: str, attempt: int = 1) -> Deploy:
    return Deploy("p", attempt, 1, package, "1.0.0", Digest.of(b"x"), "dev")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("at", ["mkdtemp", "fsync", "symlink_to", "replace"])
def test_a_deployment_that_was_cut_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    place = tmp_path / "dev"
    deployer = FolderDeployer(tmp_path)
    others = ("churn-eu", "churn-abcdefgh", "chur")
    for name in others:
        deployer.deploy(order(name), {}, {})
    where = {"mkdtemp": folder.tempfile, "fsync": folder.os}.get(at, Path)
    real = getattr(where, at)

    def killed(*given: object, **more: object) -> object:
        if at != "replace":
            real(*given, **more)
        os._exit(9)  # without a word, as kill -9

    child = os.fork()
    if not child:
        monkeypatch.setattr(where, at, killed)
        deployer.deploy(order("churn"), {}, {"kubernetes": b"kind: Job"})
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert [each for each in place.iterdir() if each.name.startswith(".churn-") and each.is_dir()]
    deployer.deploy(order("churn", 2), {}, {"kubernetes": b"kind: Job"})
    for name in (*others, "churn"):
        assert (place / name / folder.CARD).is_file()
    links = {each.name for each in place.iterdir() if each.is_symlink()}
    folders = {each.name for each in place.iterdir() if each.is_dir() and not each.is_symlink()}
    assert links == {*others, "churn"}
    assert folders == {os.readlink(place / name) for name in links}
