"""Row F1: what is secret around a notebook gets into no image, record, job or export."""

from __future__ import annotations

import base64
import json
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.notebook.denied import is_denied
from tests.canaries import Canaries, archived, blobs, labels, leaks, leaks_below
from tests.product import Product, document

# every kind on the deny list, in each folder that is searched for files to package
DENIED = (
    *(".git/config", ".git/logs/HEAD", ".hg/hgrc", ".svn/auth/simple", ".gitconfig"),
    *(".git-credentials", ".env", ".env.local", "prod.env", ".envrc", ".netrc", "_netrc"),
    *(".pgpass", "pgpass.conf", ".pypirc", ".npmrc", ".yarnrc.yml", ".docker/config.json"),
    *(".dockercfg", ".htpasswd", ".my.cnf", ".kube/config", "kubeconfig", "prod.kubeconfig"),
    *(".aws/credentials", ".azure/accessTokens.json", ".config/gcloud/credentials.db"),
    *(".config/containers/auth.json", ".config/gh/hosts.yml", ".boto", ".s3cfg", "server.pem"),
    *("server.key", "store.p12", "store.pfx", "putty.ppk", "trust.jks", "app.keystore", "id_rsa"),
    *("id_ed25519", "id_ecdsa.bak", ".ssh/config", ".gnupg/private-keys-v1.d/a.gpg"),
    *(".huggingface/token", ".cache/huggingface/token", ".kaggle/kaggle.json", "kaggle.json"),
    *(".ipynb_checkpoints/study-checkpoint.ipynb", "jupyter/runtime/jpserver-1.json"),
    *(".local/share/jupyter/runtime/kernel-1.json", "kernel-0a1b2c.json", "jupyter_cookie_secret"),
)
VARIABLES = (
    *("JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "AWS_SECRET_ACCESS_KEY"),
    *("DATABASE_URL", "KUBERNETES_TOKEN", "HF_TOKEN", "MY_PASSWORD", "STUDY_SECRET"),
)
PLAIN = "an ordinary remark"


@dataclass(frozen=True)
class Study:
    """A folder full of canaries with a clean notebook in it, packaged."""

    product: Product
    canaries: Canaries
    record: Mapping[str, Any]
    folder: Path
    control: str


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def plant_files(canaries: Canaries, folder: Path, place: str) -> None:
    for name in DENIED:
        put(folder / place / name, f"password = {canaries(f'file {name}', 'tok_', 40)}\n")


def kernel(canaries: Canaries, home: Path) -> Path:
    """Make an environment with secrets in what installers leave behind, and a kernel in it."""
    venv.create(home / "venv", with_pip=False, symlinks=True)
    (site,) = (home / "venv" / "lib").glob("python*/site-packages")
    shared = Path(pytest.__file__).parents[1]
    (site / "shared.pth").write_text(f"{shared}\n")
    token = canaries("direct_url.json of a wheel", "ghx_", 40)
    put(site / "wheel_made/__init__.py", "rate = 2\n")
    put(site / "wheel_made/.env", f"A={canaries('.env recorded in a wheel', 'tok_', 40)}\n")
    put(site / "wheel_made/deploy.key", canaries("key recorded in a wheel", "tok_", 40))
    put(site / "egg_made/__init__.py", "rate = 3\n")
    put(site / "egg_made/.netrc", canaries(".netrc in an egg", "tok_", 40))
    for name in ("wheel_made", "workbench"):
        put(
            site / f"{name}-1.0.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        )
    url = {"url": f"git+https://me:{token}@git.invalid/wheel", "vcs_info": {"vcs": "git"}}
    put(site / "wheel_made-1.0.dist-info/direct_url.json", json.dumps(url))
    recorded = ("wheel_made/__init__.py", "wheel_made/.env", "wheel_made/deploy.key")
    rows = [f"{path},," for path in (*recorded, "wheel_made-1.0.dist-info/direct_url.json")]
    rows.append("wheel_made-1.0.dist-info/METADATA,,")
    put(site / "wheel_made-1.0.dist-info/RECORD", "\n".join(rows) + "\n")
    put(
        site / "egg_made-1.0.egg-info/PKG-INFO",
        "Metadata-Version: 2.1\nName: egg_made\nVersion: 1.0\n",
    )
    put(site / "egg_made-1.0.egg-info/top_level.txt", "egg_made\n")
    source = home / "source"
    put(source / "workbench/__init__.py", "rate = 4\n")
    put(source / "workbench/.env", canaries(".env of an editable install", "tok_", 40))
    put(source / ".git/config", canaries(".git/config of an editable install", "tok_", 40))
    editable = {"url": source.as_uri(), "dir_info": {"editable": True}}
    put(site / "workbench-1.0.dist-info/direct_url.json", json.dumps(editable))
    put(site / "workbench-1.0.dist-info/RECORD", "__editable__.workbench-1.0.pth,,\n")
    put(site / "__editable__.workbench-1.0.pth", f"{source}\n")
    spec = {
        "argv": [
            str(home / "venv/bin/python"),
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ],
        "display_name": "Study",
        "language": "python",
        "env": {"STUDY_KERNEL_TOKEN": canaries("kernelspec env", "tok_", 40)},
        "metadata": {"note": canaries("kernelspec metadata", "tok_", 40)},
    }
    put(home / "jupyter/kernels/study/kernel.json", json.dumps(spec))
    return home / "jupyter"


def study_notebook(canaries: Canaries, control: str) -> dict[str, Any]:
    """Return a notebook that finds nothing wrong, with canaries in all that is not packaged."""
    guarded = "'.env', '.git/config', 'data/server.pem', '.aws/credentials', 'helpers/id_rsa'"
    notebook = document(
        "import glob\nimport os\nimport egg_made, helpers, wheel_made, workbench",
        (["parameters"], f"rate = 2\nremark = '{control}'"),
        "rows = [open(path).read() for path in sorted(glob.glob('data/*'))]\nprint(len(rows))",
        f"for name in ({guarded}):\n    if os.path.exists(name):\n        print(open(name).read())",
        "token = os.environ.get('SERVICE_TOKEN', '')\nprint(bool(token))",
        (["skip"], f"print('{canaries('source of a skip cell')}')"),
        (["check"], "assert rows == ['city,rate\\nulm,2\\n'], rows"),
        (
            ["metrics"],
            "total = rate + helpers.rate + wheel_made.rate + egg_made.rate + workbench.rate",
        ),
        kernel="study",
    )
    cells = notebook["cells"]

    def shown(what: str) -> str:
        return f"{PLAIN}: {canaries(what)}"

    cells[2]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": [shown("output: stdout")]},
        {"output_type": "stream", "name": "stderr", "text": [shown("output: stderr")]},
    ]
    cells[4]["outputs"] = [
        {
            "output_type": "display_data",
            "data": {
                "text/html": f"<b>{shown('output: html')}</b>",
                "application/json": {"kept": shown("output: json")},
                "image/png": base64.b64encode(shown("output: picture").encode()).decode(),
            },
            "metadata": {"seen": shown("output: metadata")},
        },
        {
            "output_type": "error",
            "ename": "ValueError",
            "evalue": shown("output: error"),
            "traceback": [shown("output: traceback")],
        },
    ]
    cells[0]["metadata"] = {"team": shown("metadata of a cell"), "tags": []}
    cells[7]["metadata"]["papermill"] = {"exception": shown("metadata of a cell, nested")}
    cells.append(
        {
            "cell_type": "markdown",
            "id": "remark",
            "metadata": {"who": shown("metadata of a markdown cell")},
            "source": "![picture](attachment:a.txt)",
            "attachments": {
                "a.txt": {"text/plain": base64.b64encode(shown("attachment").encode()).decode()}
            },
        }
    )
    notebook["metadata"]["authors"] = [{"name": shown("notebook metadata")}]
    notebook["metadata"]["widgets"] = {"state": {"value": shown("notebook metadata, widgets")}}
    return notebook


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    home = tmp_path_factory.mktemp("f1")
    canaries = Canaries()
    folder = home / "work"
    put(folder / "data/rates.csv", "city,rate\nulm,2\n")
    put(folder / "helpers/__init__.py", "from helpers.inner import rate\n")
    put(folder / "helpers/inner/__init__.py", "rate = 5\n")
    for place in (".", "data", "helpers", "helpers/inner"):
        plant_files(canaries, folder, place)
    control = "this text is found in the image"
    path = folder / "study.ipynb"
    path.write_text(json.dumps(study_notebook(canaries, control)))
    variables = {name: canaries(f"variable {name}", "tok_", 40) for name in VARIABLES}
    variables["JUPYTER_PATH"] = str(kernel(canaries, home))
    product = Product(home / "data", folder)
    setting = f"SERVICE_TOKEN={canaries('setting of the verify run', 'tok_', 40)}"
    answer = product("package", str(path), "--setting", setting, "--json", env=variables)
    assert answer.code == 0, answer.err
    assert leaks((answer.out + answer.err).encode()) == []
    return Study(product, canaries, answer.json, folder, control)


def test_f1_the_notebook_is_one_that_packages(study: Study) -> None:
    record = study.record
    assert record["verified"]["phase"] == "Succeeded", record["verified"]
    assert record["metrics"] == {"total": 16}
    assert [check["passed"] for check in record["checks"]] == [True]
    files = {file["path"] for file in record["files"]}
    assert files == {"data/rates.csv", "helpers/__init__.py", "helpers/inner/__init__.py"}
    names = {item["name"] for item in record["distributions"]}
    assert names >= {"wheel_made", "egg_made", "workbench"}
    assert "SERVICE_TOKEN" in record["settings"]


def test_f1_no_canary_is_in_any_blob(study: Study) -> None:
    store = study.product.data_dir / "store"
    found, looked, control = [], 0, 0
    for name, blob in blobs(store):
        found += [f"{name[:12]}: {text}" for text in leaks(blob)]
        control += blob.count(study.control.encode())
        looked += len(blob)
    assert control, "the search does not see what is there"
    assert len(study.canaries.planted) >= 60
    print(
        f"F1: {len(study.canaries.planted)} canaries, {looked / 1e6:.0f} MB of blobs, "
        f"{len(found)} found"
    )
    assert found == []
    assert leaks(labels(store).encode()) == []


def test_f1_no_canary_is_in_the_record_or_anything_else_that_is_kept(study: Study) -> None:
    shown = study.product("show", "study", "--json")
    assert shown.code == 0
    assert leaks(shown.out.encode()) == []
    listed = study.product("list", "--json")
    assert leaks(listed.out.encode()) == []
    assert leaks_below(study.product.data_dir, "store") == []


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive", "kubeflow", "kubernetes"])
def test_f1_no_canary_is_in_an_export(study: Study, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "exported"
    answer = study.product("export", "study", "--format", kind, "-o", str(out), "--json")
    assert answer.code == 0, answer.err
    if kind.endswith("archive"):
        members = list(archived(out))
        assert any(study.control.encode() in content for _, content in members)
        assert [text for _, content in members for text in leaks(content)] == []
    assert kind == "docker-archive" or study.record["digest"][7:].encode() in out.read_bytes()
    assert leaks(out.read_bytes()) == []


def test_f1_what_is_compressed_hides_nothing(study: Study, tmp_path: Path) -> None:
    product = Product(tmp_path, study.folder)
    environ = {"JUPYTER_PATH": str(study.folder.parent / "jupyter")}
    path = str(study.folder / "study.ipynb")
    answer = product("package", path, "--compression", "zstd", "--no-verify", "--json", env=environ)
    assert answer.code == 0, answer.err
    assert {layer["media_type"].rpartition("+")[2] for layer in answer.json["layers"]} == {"zstd"}
    found = dict(blobs(tmp_path / "store"))
    assert any(study.control.encode() in blob for blob in found.values())
    assert [text for blob in found.values() for text in leaks(blob)] == []


@pytest.mark.parametrize("name", DENIED)
def test_f1_each_kind_is_denied_wherever_it_is(name: str) -> None:
    for folder in ("", "a/b/", "./", ".cache/"):
        assert is_denied(folder + name)
    assert is_denied(name.upper())


def test_f1_what_only_looks_like_them_is_not() -> None:
    for name in ("data/id_17/rates.csv", "data/id_17/", "environment.yml", "keys.csv", "token.py"):
        assert is_denied(name) is None


def test_f1_the_canaries_would_be_found() -> None:
    canaries = Canaries()
    secret = canaries("a test", "tok_", 40)
    for shift in range(3):
        text = b"x" * shift + f"password={secret}".encode()
        assert leaks(text)
        assert leaks(base64.b64encode(text))
    assert leaks(secret.lower().encode())
    assert not leaks(b"nothing here")
