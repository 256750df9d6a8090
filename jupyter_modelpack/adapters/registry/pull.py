"""Pull: one look at what a reference stands for, and from then on everything by digest."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from jupyter_modelpack.adapters.registry.answer import unexpected
from jupyter_modelpack.adapters.registry.connection import Connection
from jupyter_modelpack.adapters.registry.download import BlobDownload
from jupyter_modelpack.adapters.registry.manifests import Manifests, parts_of
from jupyter_modelpack.adapters.registry.push import in_parallel
from jupyter_modelpack.adapters.registry.tally import Tally
from jupyter_modelpack.oci.descriptor import CONFIG, Descriptor
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference
from jupyter_modelpack.services.packaging_types import Transfer

_MOST_LAYERS = 1000


class Pull:
    """Pulls from one repository."""

    def __init__(self, connection: Connection, stop: Event) -> None:
        self._connection = connection
        self._stop = stop
        self._manifests = Manifests(connection)

    def image(
        self,
        reference: Reference,
        layout: Layout,
        most_bytes: int,
        tell: Callable[[Transfer], None],
    ) -> Descriptor:
        """Bring an image into a layout and return its manifest's descriptor.

        Raises RegistryError, with nothing of the image named, when any part is not what it should
        be or all parts together have more than ``most_bytes``.
        """
        host = self._connection.host
        manifest = self._manifests.get(reference)
        parts = parts_of(manifest, host)
        if parts[0].media_type == CONFIG and len(parts) > _MOST_LAYERS:
            raise unexpected(host, f"has an image of {len(parts) - 1} layers")
        distinct = list({each.digest: each for each in parts}.values())
        total = sum(each.size for each in distinct)
        if total > most_bytes:
            raise unexpected(host, f"has an image of {total} bytes, more than {most_bytes}")
        tally = Tally(total, tell, self._connection.pace.monotonic)

        def bring(part: Descriptor) -> None:
            if not self._stop.is_set():
                BlobDownload(self._connection, layout, part, tally).run()

        in_parallel(bring, distinct, self._connection.access.parallel, self._stop)
        kept = layout.put(manifest.data, manifest.descriptor.media_type)
        layout.settle()
        tally.end()
        return kept
