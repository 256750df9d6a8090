"""Each level of isolation, tried for real: what a notebook in it can see, reach and write."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.sandbox import best_isolation
from jupyter_modelpack.adapters.sandbox.isolation import ORDER, launcher_for, problem_with
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput
from tests.adapters.notebook_image import cell
from tests.adapters.sandbox_runs import LEVELS, SEALED, maker, processes_with, run

LOOK = """
import json, os, socket, subprocess, sys
def can(act, *given):
    try:
        act(*given)
        return True
    except OSError:
        return False
def write(path): open(path, "a").close()
def setting(path): open(path, "r+").write(open(path).read())
def unix(name):
    with socket.socket(socket.AF_UNIX) as s: s.connect(name)
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines())
print("FACTS " + json.dumps({
    "uid": os.getuid(), "cwd": os.getcwd(), "root": sorted(os.listdir("/")),
    "processes": len([p for p in os.listdir("/proc") if p.isdigit()]),
    "capabilities": status["CapEff"] + status["CapBnd"], "no_new_privileges": status["NoNewPrivs"],
    "system": [p for p in ("/x", "/opt/python/x", "/app/x", "/anyone/x", "/etc/x", "/dev/x")
               if can(write, p)],
    "own": [p for p in ("/work/1", "/tmp/1", "/dev/shm/1") if can(write, p)],
    "kernel": [p for p in ("/proc/sys/vm/swappiness", "/proc/sys/kernel/panic") if can(setting, p)],
    "reached": [a for a in ADDRESSES if can(socket.create_connection, tuple(a), 1)],
    "unix": can(unix, UNIX), "loopback": can(lambda: socket.create_server(("127.0.0.1", 0))),
    "environment": sorted(os.environ), "setting": os.environ.get("MODEL_SETTING"),
    "host_file": os.path.exists(HOST_FILE), "stdin": sys.stdin.read() if sys.stdin else "",
    "child": subprocess.check_output([sys.executable, "-c", "print(6 * 7)"], text=True),
}))
"""
SECRET = "s3cret-value-of-a-setting"


@pytest.mark.parametrize("level", LEVELS)
def test_what_a_notebook_can_do(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_OF_THE_HOST", "1")
    host_file = tmp_path / "host.txt"
    host_file.write_text("not for the notebook")
    given = tmp_path / "given.csv"
    given.write_text("a,b\n1,2\n")
    seen: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as near, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0modelpack-test-{os.getpid()}")
        abstract.listen()
        addresses = [
            list(near.getsockname()),
            [own_address(), near.getsockname()[1]],
            ["1.1.1.1", 53],
        ]
        head = f"ADDRESSES = {addresses!r}\nHOST_FILE = {str(host_file)!r}\n"
        head += f"UNIX = {abstract.getsockname()!r}\n"
        ran = run(
            level,
            [
                cell("n = 1", "parameters"),
                cell(head + LOOK),
                cell("print(n, open('beside.csv').read(), open('in/given.csv').read())"),
                cell("open('made.txt', 'w').write('x')\nopen('beside.csv', 'a').write('more')"),
                cell("score = n / 2", "metrics"),
            ],
            tmp_path / "work",
            image={
                "files": {"beside.csv": b"c,d\n", "same.csv": b"e"},
                "parameters": {"n": 1},
                "inputs": ["in/given.csv"],
            },
            parameters={"n": 7},
            inputs={"in/given.csv": given},
            settings={"MODEL_SETTING": SECRET},
            memory_limit=1 << 30,
            on_event=lambda event: seen.extend(processes_with(SECRET)),
        )
    result = ran.result
    assert result.phase == "Succeeded", ran.text
    assert result.exit_code == 0
    assert result.isolation == launcher_for(level).isolation
    facts = json.loads(next(x for x in ran.text.splitlines() if x.startswith("FACTS"))[6:])

    assert result.metrics == {"score": 3.5}
    assert result.outputs == ("1", "beside.csv", "made.txt") if result.isolation.sealed else True
    assert (tmp_path / "work/made.txt").read_text() == "x"
    assert not (tmp_path / "work/in/given.csv").exists()
    assert given.read_text() == "a,b\n1,2\n"
    assert result.executed_notebook is not None
    assert "7 c,d" in ran.text
    assert "1,2" in ran.text
    assert result.peak_memory
    assert (result.cell, result.cells) == (5, 5)
    assert seen == [], "the setting was in a command line"
    assert facts["setting"] == SECRET
    assert facts["child"] == "42\n"
    assert facts["stdin"] == ""
    assert "CANARY_OF_THE_HOST" not in facts["environment"]
    if level == "process":
        assert not result.isolation.sealed
        return
    assert result.isolation.sealed
    assert facts["uid"] == 65532
    assert facts["cwd"] == "/work"
    assert not {"home", "root", "usr", "var", "mnt"} & (set(facts["root"]) - DOCKER_MAKES)
    assert facts["processes"] <= 2
    assert set(facts["capabilities"]) == {"0"}
    assert facts["no_new_privileges"] == "1"
    assert facts["system"] == []
    assert facts["own"] == ["/work/1", "/tmp/1", "/dev/shm/1"]
    assert facts["kernel"] == []
    assert facts["reached"] == []
    assert facts["unix"] is False
    assert facts["loopback"] is True
    assert facts["host_file"] is False
    outside = {entry["path"] for entry in result.writes_outside}
    assert {"/x", "/app/x", "/etc/x"} <= outside
    assert {entry["host"] for entry in result.network} >= {"1.1.1.1"}
    print(f"{level}: {result.seconds:.2f} s, {len(facts['root'])} names in its root")


DOCKER_MAKES = {"var"}


@pytest.mark.parametrize("level", SEALED)
def test_the_network_can_be_allowed_and_is_then_said(level: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as near:
        source = f"import socket\nsocket.create_connection({near.getsockname()!r}, 2)\n"
        source += "print(open('/etc/hosts').read()[:9])"
        ran = run(level, [cell(source)], tmp_path / "work", network=True)
    assert ran.result.phase == "Succeeded", ran.text
    assert ran.result.isolation.name == level
    assert not ran.result.isolation.sealed
    assert "network was allowed" in ran.result.isolation.sentence


def test_the_best_level_is_the_first_that_works() -> None:
    working = [level for level in ORDER if problem_with(level) is None]
    assert best_isolation().name == working[0]
    assert set(ORDER) == set(LEVELS)
    for level in LEVELS:
        print(f"{level}: {problem_with(level) or 'works'}")


def test_a_level_that_does_not_work_is_refused() -> None:
    with pytest.raises(InvalidInput, match="There is no isolation chroot"):
        best_isolation("chroot")
    broken = [level for level in LEVELS if problem_with(level)]
    for level in broken:
        with pytest.raises(BackendUnavailable, match=level):
            best_isolation(level)


def test_an_ordinary_user_gets_the_same_isolation(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Run as user 12345, with the system's Python, which needs no package for a run."""
    python = Path("/usr/bin/python3")
    if os.geteuid() != 0 or not python.exists():
        pytest.skip("this needs root, to become somebody else, and the system's Python")
    repository = Path(__file__).resolve().parents[2]
    if os.stat(repository).st_mode & 0o005 != 0o005:
        pytest.skip("the checkout cannot be read by others")
    folder = maker().directory
    digest = maker().image([cell("import os\nprint(os.getuid(), os.listdir('/work'))")])
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    program = f"""
import os, sys, tempfile
os.setgroups([]); os.setgid(12345); os.setuid(12345)
sys.path.insert(0, {str(repository)!r})
from pathlib import Path
from jupyter_modelpack.adapters.sandbox import RunRequest, run_image
from jupyter_modelpack.adapters.sandbox.isolation import problem_with
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
with tempfile.TemporaryDirectory() as home:
    os.environ["HOME"] = home
    layout = Layout({str(folder / "store")!r})
    for level in {SEALED!r}:
        if problem_with(level):
            print(level, "does not work:", problem_with(level))
            continue
        result = run_image(layout, Digest({str(digest)!r}), RunRequest(Path(home, level)),
                           cache_dir=Path(home, "cache"), isolation=level, on_log=print)
        print(level, result.phase, result.isolation.sealed)
"""
    done = subprocess.run(
        [str(python), "-B", "-c", program], capture_output=True, text=True, timeout=60, cwd="/"
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stderr
    for level in SEALED:
        assert f"{level} Succeeded True" in done.stdout or f"{level} does not work" in done.stdout


def own_address() -> str:
    """Return an address of this machine that is not the loopback's, when it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
