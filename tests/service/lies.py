"""Images that lie: each with files of its code layer changed, and all digests right again."""

from __future__ import annotations

import io
import json
import tarfile

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from tests.team import parts

SECRET = "ghp_" + "".join(reversed("4Kd9XvT2mQ8bLz7RwY5nHc3PjF6sGa1EuBtx"))


def altered(layout: Layout, digest: str, change) -> str:
    """Return the digest of the image with files of its code layer changed, all digests right."""
    manifest_part, config_part, *layers = parts(layout, digest)
    manifest, config = (json.loads(layout.read(p)) for p in (manifest_part, config_part))
    old = layout.read(layers[-1])
    with tarfile.open(fileobj=io.BytesIO(old)) as tar:
        members = [(m, tar.extractfile(m).read() if m.isfile() else None) for m in tar]
    files = {m.name: data for m, data in members if data is not None}
    change(files, manifest)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, data in members:
            if data is None:
                tar.addfile(member)
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    described = layout.put(out.getvalue(), layers[-1].media_type)
    manifest["layers"][-1] |= {"digest": str(described.digest), "size": described.size}
    config["rootfs"]["diff_ids"][-1] = str(described.digest)
    kept = layout.put(json.dumps(config).encode(), config_part.media_type)
    manifest["config"] |= {"digest": str(kept.digest), "size": kept.size}
    return str(layout.put(json.dumps(manifest).encode(), manifest_part.media_type).digest)


def runtime(files, manifest):
    files["opt/modelpack/modelpack_runtime/session.py"] += b"\n# always green\n"


def notebook(files, manifest):
    files["app/files/tiny.ipynb"] = files["app/files/tiny.ipynb"].replace(b"seed + 1", b"seed + 2")


def parameters(files, manifest):
    said = json.loads(files["app/modelpack.json"])
    said["parameters"] = []
    files["app/modelpack.json"] = json.dumps(said).encode()


def checks(files, manifest):
    said = json.loads(files["app/modelpack.json"])
    said["checks"] = []
    files["app/modelpack.json"] = json.dumps(said).encode()


def order(files, manifest):
    said = json.loads(files["app/modelpack.json"])
    said["order"] = [1, 2]  # without the check
    files["app/modelpack.json"] = json.dumps(said).encode()


def secret(files, manifest):
    files["app/files/settings.py"] = f"token = '{SECRET}'\n".encode()


def no_notebook(files, manifest):
    del files["app/files/tiny.ipynb"]


def hidden_package(files, manifest):
    files["opt/python/lib/python3/site-packages/evil-1.0.dist-info/METADATA"] = b"Name: evil\n"


def failing(files, manifest):
    key = next(k for k in manifest["annotations"] if k.endswith(".notebook"))
    content = files["app/files/tiny.ipynb"].replace(b"assert x > 0", b"assert x < 0")
    files["app/files/tiny.ipynb"] = content
    manifest["annotations"][key] = str(Digest.of(content))


LIES = {
    runtime: "What runs the notebook in it is not this version",
    notebook: "The notebook in it is not the one that it names",
    parameters: "parameters, checks and metrics are not those of the notebook",
    checks: "parameters, checks and metrics are not those of the notebook",
    order: "Its steps are not those of the notebook in it",
    secret: "`settings.py` holds what looks like a secret",
    no_notebook: "there is no notebook in it",
    hidden_package: "It holds evil 1.0, which its lock does not name",
    failing: "The release service ran the image, and it failed",
}
