"""A real JupyterHub with people on it, and the release service as its external service.

Fixtures for any test (``tests.hub`` is a plugin of the whole suite):

``hub``
    One JupyterHub for the whole session: dummy authenticator, simple spawner, its own proxy, free
    ports, nothing outside a temporary folder; about 10 seconds to start. Skips, with the reason,
    where jupyterhub or configurable-http-proxy is missing.

``hub.serve(data_dir, policy=..., workshop=..., settings=...)``
    A context manager that runs ``jupyter modelpack service`` at ``hub.service_url``, the address
    that the Hub knows; one at a time. Yields a ``Service``. Without ``workshop``: the real one.

People: ``ada`` and ``ben`` are in the group data-science, ``rita`` in reviewers, ``omar`` is an
admin of the Hub; everybody's password is ``PASSWORD``. Anybody else may log in too.

``hub.signed_in("rita")``
    An httpx client whose browser-like login at the service is done, through the Hub's own form and
    OAuth; ``post(client, path, json)`` sends what a page of the service would send.

``hub.start_server("ada", environment)`` and ``hub.run_code("ada", code)``
    The person's own notebook server, spawned by the Hub, and code in a kernel on it.

``hub.server_url("ada")``
    Where a browser finds that server, such as for ``page.goto``. In a browser, log in at
    ``hub.url + "/hub/login"`` with ``input[name=username]`` and ``input[name=password]``.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.hub_settings import HUB_CONFIG, POLICY

ROOT = Path(__file__).parents[1]
PASSWORD = "only-for-tests"
BASE = "/modelpack/"
SECONDS = 120.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until(found: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Return what ``found`` returns as soon as it is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} s: {what}")


def stop(process: subprocess.Popen[Any]) -> int:
    """End a process and what it started, kindly first; return its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its session is its own: nobody else is in it
    return process.wait(20)


@dataclass
class Service:
    """A release service that runs."""

    url: str
    data_dir: Path
    process: subprocess.Popen[str]
    log: Path

    def route(self, path: str) -> str:
        return f"{self.url}jupyter-modelpack/{path}"

    def stop(self) -> int:
        return stop(self.process)


@dataclass
class Hub:
    """A JupyterHub that runs, and the place where its release service is to be."""

    folder: Path
    url: str
    api_url: str
    service_url: str
    token: str
    admin: str
    seconds: float = 0.0
    process: Any = None
    servers: set[str] = field(default_factory=set)

    # The service

    @contextmanager
    def serve(
        self,
        data_dir: Path,
        *,
        policy: str | None = POLICY,
        workshop: str = "",
        settings: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Iterator[Service]:
        """Run the release service; ``settings`` are traits, such as {"HubLogin.x": 1}."""
        data_dir.mkdir(parents=True, exist_ok=True)
        if policy is not None and not (data_dir / "policy.yaml").exists():
            (data_dir / "policy.yaml").write_text(policy, "utf-8")
        token = self.folder / "service-token"
        token.write_text(self.token)
        token.chmod(0o600)
        own = urlsplit(self.service_url)
        traits: dict[str, Any] = {
            "ReleaseService.login": "jupyterhub",
            "ReleaseService.port": own.port,
            "ReleaseService.public_url": self.service_url,
            "HubLogin.hub_url": f"{self.url}/",
            "HubLogin.api_url": self.api_url,
            "HubLogin.api_token_file": str(token),
            **({"ReleaseService.workshop": workshop} if workshop else {}),
            **(settings or {}),
        }
        with running_service(data_dir, traits, env=env) as service:
            yield service

    @contextmanager
    def signed_in(self, name: str) -> Iterator[httpx.Client]:
        """Yield a client that has logged in at the service, as a browser does."""
        with httpx.Client(follow_redirects=True, timeout=SECONDS) as client:
            form = client.get(f"{self.service_url}login?next={BASE}jupyter-modelpack/info")
            xsrf = client.cookies.get("_xsrf", path="/hub/")
            said = {"username": name, "password": PASSWORD, "_xsrf": xsrf}
            done = client.post(str(form.url), data=said)
            assert str(done.url).endswith("/jupyter-modelpack/info"), (done.url, done.text[:500])
            yield client

    # People's own servers

    def api(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """Ask the Hub's API, with every right that tests need."""
        head = {"Authorization": f"token {self.admin}"}
        return httpx.request(
            method, f"{self.api_url}/{path}", headers=head, json=json, timeout=SECONDS
        )

    def token_of(self, name: str) -> str:
        """Return a new API token of a person, as the Hub's token page makes them."""
        self.api("POST", f"users/{name}")
        answer = self.api("POST", f"users/{name}/tokens", {"note": "tests"})
        return str(answer.json()["token"])

    def start_server(self, name: str, environment: Mapping[str, str] | None = None) -> str:
        """Start a person's notebook server, unless it runs, and return its address."""
        self.begin_server(name, environment)
        until(
            lambda: self.api("GET", f"users/{name}").json()["servers"].get("", {}).get("ready"),
            f"the server of {name} is not ready; see {self.folder}/hub.log",
        )
        return self.server_url(name)

    def begin_server(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Let the Hub start a person's notebook server, unless it runs, and wait for nothing."""
        self.api("POST", f"users/{name}")
        if name not in self.servers:
            place = self.folder / "environment.json"
            known = json.loads(place.read_text()) if place.exists() else {}
            place.write_text(json.dumps({**known, name: dict(environment or {})}))
            assert self.api("POST", f"users/{name}/server").status_code in (201, 202)
            self.servers.add(name)

    def stop_server(self, name: str) -> None:
        """Stop a person's notebook server."""
        self.api("DELETE", f"users/{name}/server")
        until(lambda: not self.api("GET", f"users/{name}").json()["servers"], f"{name} still runs")
        self.servers.discard(name)

    def server_url(self, name: str) -> str:
        """Return the address of a person's notebook server."""
        return f"{self.url}/user/{name}/"

    def home(self, name: str) -> Path:
        """Return a person's home folder."""
        return self.folder / "homes" / name

    def run_code(self, name: str, code: str) -> str:
        """Run code in a new kernel of a person's server and return what it printed."""
        return asyncio.run(_run_code(self.start_server(name), self.admin, code))


def post(client: httpx.Client, service: Hub | Service, path: str, body: Any) -> httpx.Response:
    """Send what a page of the service would send: same origin, with the XSRF token."""
    url = service.service_url if isinstance(service, Hub) else service.url
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    token = secrets.token_hex(16)  # a page has it in a form; only its being equal is checked
    client.cookies.set("_modelpack_xsrf", token, domain=urlsplit(url).hostname or "", path=BASE)
    return client.post(
        f"{url}jupyter-modelpack/{path}",
        json=body,
        headers={"Origin": origin, "X-XSRFToken": token, "Sec-Fetch-Site": "same-origin"},
    )


@contextmanager
def running_service(
    data_dir: Path,
    traits: Mapping[str, Any],
    *,
    env: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Iterator[Service]:
    """Run ``jupyter modelpack service`` with these traits; its log is beside ``data_dir``."""
    config = data_dir.parent / f"{data_dir.name}-config.py"
    lines = [f"c.{name} = {value!r}" for name, value in traits.items()]
    config.write_text("\n".join(lines) + "\n", "utf-8")
    log = data_dir.parent / f"{data_dir.name}.log"
    paths = os.pathsep.join(
        [str(ROOT), str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    words = ["--json", "--config", str(config), "--data-dir", str(data_dir)]
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_modelpack", "service", *words],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            cwd=data_dir.parent,
            env={**os.environ, "PYTHONPATH": paths, **(env or {})},
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the service did not start:\n{log.read_text('utf-8')}"
            yield Service(json.loads(line)["url"], data_dir, process, log)
        finally:
            stop(process)
            if process.stdout is not None:
                process.stdout.close()


@contextmanager
def running_hub(folder: Path) -> Iterator[Hub]:
    """Run a JupyterHub in a folder."""
    proxy = shutil.which("configurable-http-proxy", path=str(ROOT / "node_modules" / ".bin"))
    proxy = proxy or shutil.which("configurable-http-proxy")
    hub_program = shutil.which("jupyterhub", path=str(Path(sys.executable).parent))
    hub_program = hub_program or shutil.which("jupyterhub")
    if proxy is None or hub_program is None:
        missing = "configurable-http-proxy" if proxy is None else "jupyterhub"
        pytest.skip(f"no JupyterHub here: {missing} is not installed")
    began = time.monotonic()
    public, api, proxy_api, own = (free_port() for _ in range(4))
    hub = Hub(
        folder,
        f"http://127.0.0.1:{public}",
        f"http://127.0.0.1:{api}/hub/api",
        f"http://127.0.0.1:{own}{BASE}",
        secrets.token_hex(32),
        secrets.token_hex(32),
    )
    (folder / "homes").mkdir()
    bins = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    words: dict[str, Any] = {
        "bind": hub.url,
        "api": f"http://127.0.0.1:{api}",
        "proxy": proxy,
        "proxy_api": f"http://127.0.0.1:{proxy_api}",
        "secret": secrets.token_hex(32),
        "password": PASSWORD,
        "homes": str(folder / "homes"),
        "environment": {"PATH": bins},
        "token": hub.token,
        "admin": hub.admin,
        "callback": f"{hub.service_url}oauth_callback",
    }
    (folder / "jupyterhub_config.py").write_text(HUB_CONFIG.format(**words), "utf-8")
    with ExitStack() as stack:
        log = stack.enter_context((folder / "hub.log").open("w"))
        hub.process = subprocess.Popen(
            [hub_program, "-f", "jupyterhub_config.py"],
            cwd=folder,
            env={**os.environ, "PATH": bins},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        stack.callback(stop, hub.process)

        def is_up() -> bool:
            if hub.process.poll() is not None:
                raise AssertionError((folder / "hub.log").read_text()[-4000:])
            try:
                return httpx.get(f"{hub.url}/hub/api/", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        until(is_up, f"JupyterHub does not answer; see {folder}/hub.log")
        hub.seconds = time.monotonic() - began
        yield hub
        for name in list(hub.servers):
            hub.stop_server(name)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A JupyterHub with people on it."""
    with running_hub(tmp_path_factory.mktemp("hub")) as found:
        yield found


async def _run_code(server: str, token: str, code: str) -> str:
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    head = {"Authorization": f"token {token}"}
    async with httpx.AsyncClient(headers=head, timeout=SECONDS) as client:
        kernel = (await client.post(f"{server}api/kernels", json={})).raise_for_status().json()
        place = f"{server}api/kernels/{kernel['id']}"
        request = HTTPRequest(f"ws{place[4:]}/channels", headers=head, connect_timeout=SECONDS)
        socket_ = await websocket_connect(request)
        ident = uuid.uuid4().hex
        header = {"msg_id": ident, "msg_type": "execute_request", "username": "", "session": ident}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = {"header": {**header, "version": "5.3"}, "parent_header": {}, "metadata": {}}
        await socket_.write_message(
            json.dumps({**message, "content": content, "channel": "shell", "buffers": []})
        )
        printed: list[str] = []
        while True:
            raw = await asyncio.wait_for(socket_.read_message(), SECONDS)
            assert isinstance(raw, str), raw
            answer = json.loads(raw)
            kind = answer["header"]["msg_type"]
            if answer.get("parent_header", {}).get("msg_id") != ident:
                continue
            if kind == "stream":
                printed.append(answer["content"]["text"])
            elif kind == "error":
                raise AssertionError("\n".join(answer["content"]["traceback"]))
            elif kind == "status" and answer["content"]["execution_state"] == "idle":
                break
        socket_.close()
        await client.delete(place)
    return "".join(printed)
