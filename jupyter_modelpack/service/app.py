"""The command ``jupyter modelpack service``: configuration becomes a running server."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import ssl
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_core.application import JupyterApp
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from traitlets import Bool, Int, List, Type, Unicode, default
from traitlets.config import Configurable

from jupyter_modelpack.adapters.identity.caller import Login
from jupyter_modelpack.adapters.identity.membership import Membership
from jupyter_modelpack.configuration import PlaceTraits
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput
from jupyter_modelpack.handlers.routes import SERVICE_ROUTES
from jupyter_modelpack.service.application import Address, Route, make_application
from jupyter_modelpack.service.contents import NoContents
from jupyter_modelpack.wiring import Wanted, Wiring

LOGINS = {
    "jupyterhub": "jupyter_modelpack.adapters.identity.jupyterhub:HubLogin",
    "kubernetes": "jupyter_modelpack.adapters.identity.kubernetes:KubernetesLogin",
    "header": "jupyter_modelpack.adapters.identity.proxy_header:HeaderLogin",
}
_STOP_SECONDS = 10.0


class ReleaseService(PlaceTraits, JupyterApp):
    """Serves releases to a team: promotion, approval, history and the pages for them."""

    name = "jupyter-modelpack-service"
    description = "The release service of jupyter_modelpack."
    raise_config_file_errors = True

    ip = Unicode("127.0.0.1", help="The address to listen on.").tag(config=True)
    port = Int(8190, help="The port to listen on; 0: a free one.").tag(config=True)
    base_url = Unicode("/", help="The path below which everything lies.").tag(config=True)
    public_url = Unicode(
        help="The address at which people reach the service, with the base path; none: the one it"
        " listens on."
    ).tag(config=True)
    certfile = Unicode(help="A file with the TLS certificate (PEM).").tag(config=True)
    keyfile = Unicode(help="A file with the key of the TLS certificate (PEM).").tag(config=True)
    info_file = Unicode(help="A file to which the address is written at the start.").tag(
        config=True
    )
    data_dir = Unicode(help="Where images, records and keys are kept.").tag(config=True)
    policy_file = Unicode(help="The policy; none: policy.yaml in the data directory.").tag(
        config=True, setting=True
    )
    login = Unicode(
        help="How people log in: jupyterhub, kubernetes, header, or module:Class of another login."
    ).tag(config=True)
    upload_bytes = Int(
        32 << 30, help="The largest part of an image that is taken in, in bytes."
    ).tag(config=True, setting=True)
    max_body = Int(1 << 20, help="The largest request body, in bytes, where no other is said.").tag(
        config=True
    )
    print_json = Bool(False, help="Print one line of JSON when the service is up.").tag(config=True)
    classes = List(Type(Configurable))

    aliases = {  # noqa: RUF012
        "ip": "ReleaseService.ip",
        "port": "ReleaseService.port",
        "base-url": "ReleaseService.base_url",
        "public-url": "ReleaseService.public_url",
        "data-dir": "ReleaseService.data_dir",
        "login": "ReleaseService.login",
        "config": "ReleaseService.config_file",
        "log-level": "ReleaseService.log_level",
    }
    flags = {"json": ({"ReleaseService": {"print_json": True}}, "Print JSON.")}  # noqa: RUF012

    @default("data_dir")
    def _default_data_dir(self) -> str:
        from jupyter_modelpack.workshop import default_data_dir

        return str(default_data_dir() / "service")

    @default("config_file_name")
    def _default_config_file_name(self) -> str:
        return "jupyter_modelpack_service_config"

    async def serve(self) -> None:
        """Serve until SIGTERM or SIGINT; raises InvalidInput, StoreError and BackendUnavailable."""
        loop = asyncio.get_running_loop()
        sockets = self._bind()
        address = self._address(sockets[0].getsockname()[1])
        login = self._login(address)
        executor = ThreadPoolExecutor(16, "modelpack")
        membership = Membership(login.directory)
        wiring = self.make_wiring(membership)
        await loop.run_in_executor(executor, begin, wiring)
        # Sessions end with the process, so that what signs their cookies need not outlive it.
        secret = secrets.token_bytes(32)
        routes = self.routes(wiring, executor)
        application = make_application(address, login, membership, secret, routes)
        application.settings["modelpack_frame_ancestors"] = self.frame_ancestors
        server = HTTPServer(application, ssl_options=self._tls(), max_body_size=self.max_body)
        server.add_sockets(sockets)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._tell_start(address)
        try:
            await stop.wait()
        finally:
            server.stop()
            await loop.run_in_executor(executor, wiring.close)
            await asyncio.wait_for(server.close_all_connections(), _STOP_SECONDS)
            executor.shutdown(wait=False, cancel_futures=True)

    def routes(self, services: Any, executor: ThreadPoolExecutor) -> list[Route]:
        """Return the routes of promotion, wired."""
        wired = {
            "services": services,
            "paths": NoContents(),
            "executor": executor,
            "live_modules": _no_modules,
            "actor": lambda user: user.actor,
        }
        return [(f"jupyter-modelpack/{route}", handler, wired) for route, handler in SERVICE_ROUTES]

    def make_wiring(self, membership: Membership) -> Wiring:
        """Return the services of this configuration."""
        wanted = Wanted(self._data_dir, self.plain_settings(), self.workshop, self.max_workers)
        return Wiring(wanted, _unheard, self.log, membership)

    @property
    def _data_dir(self) -> Path:
        return Path(self.data_dir).expanduser().absolute()

    def _bind(self) -> Any:
        try:
            return bind_sockets(self.port, self.ip)
        except OSError as error:
            raise BackendUnavailable(
                f"The service cannot listen on {self.ip}:{self.port}: {error.strerror}.",
                advice="Set another ReleaseService.port, or 0 for a free one.",
            ) from error

    def _address(self, port: int) -> Address:
        scheme = "https" if self.certfile else "http"
        host = f"[{self.ip}]" if ":" in self.ip else self.ip or "127.0.0.1"
        base = f"/{self.base_url.strip('/')}/".replace("//", "/")
        address = Address.parse(self.public_url or f"{scheme}://{host}:{port}{base}")
        if self.public_url and base not in ("/", address.base_url):
            raise InvalidInput(
                f"The base URL {base} is not the path of the public URL {self.public_url}.",
                field="base_url",
                advice="Leave base_url out: the path of public_url is used.",
            )
        return address

    def _login(self, address: Address) -> Login:
        module, colon, name = LOGINS.get(self.login, self.login).partition(":")
        if not colon:
            raise InvalidInput(
                "The service needs to know how people log in."
                if not self.login
                else f"There is no login {self.login!r:.60}.",
                field="login",
                advice=f"Set ReleaseService.login to one of {', '.join(LOGINS)}.",
            )
        login: Any = getattr(import_module(module), name)(parent=self)
        login.check(address)
        made: Login = login
        return made

    def _tls(self) -> ssl.SSLContext | None:
        if not self.certfile:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certfile, self.keyfile or None)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(
                f"The TLS certificate {self.certfile} cannot be used: {error.strerror or error}.",
                field="certfile",
            ) from None
        return context

    def _tell_start(self, address: Address) -> None:
        told = {"url": address.url, "pid": os.getpid(), "login": self.login}
        if self.info_file:
            place = Path(self.info_file).expanduser().absolute()
            with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False) as stream:
                json.dump(told, stream)
            os.replace(stream.name, place)
        print(json.dumps(told) if self.print_json else f"Releases: {address.url}", flush=True)


def begin(wiring: Wiring) -> None:
    """Open everything, and go on with what an earlier process left.

    Raises StoreError without a database, and InvalidInput without a policy that can be read.
    """
    policies = wiring.releases.policies
    if policies.in_force() is None and not policies.has_file:
        raise InvalidInput(
            "There is no policy, so nobody could do anything.",
            field="policy_file",
            advice="Set ReleaseService.policy_file to a copy of one of the ready-made policies.",
        )
    wiring.pool.kick()
    wiring.releases.recover()


def _unheard(_event: Any) -> None:
    return None


async def _no_modules(_path: str) -> tuple[str, ...]:
    return ()
