"""A Jupyter server whose one user is a person: ``python pages_server.py DIR PERSON PORT TOKEN``.

A notebook server's own user is unverified. Here the login says that it is somebody else, signed in,
as a login of the release service does.
"""

from __future__ import annotations

import sys

from jupyter_server.serverapp import ServerApp

from jupyter_modelpack import app
from jupyter_modelpack.release.actor import Actor


def main(data_dir: str, person: str, port: str, token: str) -> None:
    if person != "-":
        app.jupyter_user = lambda user: Actor("hub", person, verified=True, signed_in=True)
    ServerApp.launch_instance(
        [
            *["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--port={port}"],
            f"--IdentityProvider.token={token}",
            "--ServerApp.jpserver_extensions={'jupyter_modelpack': True}",
            f"--ModelPack.data_dir={data_dir}",
            "--ModelPack.workshop=fake_workshop:open_workshop",
            f"--ServerApp.root_dir={data_dir}",
        ]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
