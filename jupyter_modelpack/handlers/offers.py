"""What a cluster offers runs, over HTTP: PodDefaults, and the volumes of the notebook's pod."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

BACKENDS = ("kubernetes", "kubeflow")


class OffersHandler(Handler):
    """The cluster, as far as it can be chosen from."""

    @authenticated
    @authorized(action="read", resource="modelpack:offers")
    async def get(self) -> None:
        """Show it, for the runs of one package if it is named."""
        backend = wire.chosen(self.get_query_argument("backend", BACKENDS[0]), "backend", BACKENDS)
        name = self.get_query_argument("name", "")
        version = self.get_query_argument("version", "")
        self.answer(await self.call(lambda: self.services.offered(backend, name, version)))
