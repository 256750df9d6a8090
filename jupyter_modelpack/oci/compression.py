"""How layers are compressed and read back: not at all, gzip or zstd."""

from __future__ import annotations

import importlib
import importlib.metadata
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

from jupyter_modelpack.errors import BackendUnavailable, InvalidInput, StoreError
from jupyter_modelpack.oci.descriptor import LAYER, LAYER_GZIP, LAYER_ZSTD

Compression = Literal["none", "gzip", "zstd"]

MEDIA_TYPES: dict[Compression, str] = {"none": LAYER, "gzip": LAYER_GZIP, "zstd": LAYER_ZSTD}
_DOCKER_LAYERS = {
    "application/vnd.docker.image.rootfs.diff.tar": "none",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
}
_GZIP_LEVEL = 1  # of isal's 0 to 3: within 10 % of zlib's default at ten times its speed
_ZSTD_LEVEL = 3
_ZSTD_WINDOW = 128 << 20
_ZSTD_PIECE = 2 << 10
_CHUNK = 1 << 18


class Compressor(Protocol):
    """Takes bytes and gives compressed ones."""

    def compress(self, data: memoryview) -> bytes:
        """Return what is ready after ``data``."""

    def flush(self) -> bytes:
        """Return the rest."""


class Readable(Protocol):
    """Gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` of the next bytes, none at the end."""


def compression_of(media_type: str) -> Compression:
    """Return how a layer of this media type is compressed; raises InvalidInput when unknown."""
    for compression, known in MEDIA_TYPES.items():
        if known == media_type:
            return compression
    if media_type in _DOCKER_LAYERS:
        return "none" if _DOCKER_LAYERS[media_type] == "none" else "gzip"
    raise InvalidInput(f"{media_type!r:.200} is not a layer that can be read.", field="mediaType")


def compressor_name(compression: Compression) -> str:
    """Return the compressor and its version, because compressed bytes differ between them."""
    if compression == "none":
        return "none"
    if compression == "zstd":
        return f"zstandard {importlib.metadata.version('zstandard')}" if _zstandard() else ""
    if _isal() is not None:
        return f"isal {importlib.metadata.version('isal')}"
    return f"zlib {zlib.ZLIB_RUNTIME_VERSION}"


def compressor(compression: Literal["gzip", "zstd"]) -> Compressor:
    """Return a new compressor; its output carries no time and no name."""
    if compression == "zstd":
        made: Compressor = (
            _zstandard()
            .ZstdCompressor(level=_ZSTD_LEVEL, threads=1, write_checksum=True)
            .compressobj()
        )
        return made
    isal = _isal()
    if isal is not None:
        made = isal.compressobj(_GZIP_LEVEL, isal.DEFLATED, 31)
    else:
        made = zlib.compressobj(1, zlib.DEFLATED, 31)
    return made


def decompressed(stream: Readable, media_type: str) -> Callable[[int], bytes]:
    """Return a function that reads the next bytes of the layer in ``stream``, decompressed.

    It gives between one and as many bytes as it is asked for, and none at the end. Memory stays
    bounded however small the stream is that it is given. Raises StoreError for damaged streams.
    """
    compression = compression_of(media_type)
    if compression == "none":
        return stream.read
    if compression == "zstd":
        return _Unzstd(stream).read
    return _Gunzip(stream).read


class _Gunzip:
    """Reads gzip streams of one or more members, a bounded piece at a time."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._module: Any = _isal() or zlib
        self._object = self._module.decompressobj(31)
        self._input = b""

    def read(self, size: int) -> bytes:
        while True:
            if self._object.eof:
                self._input = self._object.unused_data or self._stream.read(_CHUNK)
                if not self._input:
                    return b""
                self._object = self._module.decompressobj(31)
            ended = False
            if not self._input:
                self._input = self._stream.read(_CHUNK)
                ended = not self._input
            try:
                out: bytes = self._object.decompress(self._input, size)
            except (zlib.error, self._module.error) as error:
                raise _broken(str(error)) from error
            self._input = b"" if self._object.eof else self._object.unconsumed_tail
            if out:
                return out
            if ended and not self._object.eof:
                raise _broken("it ends too early")


class _Unzstd:
    """Reads zstd frames; unlike the library's own reader it notices when the last one is cut off.

    The library gives all that a piece of input decompresses to, and a block of four bytes can be
    128 KiB, so the pieces are small.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._module = _zstandard()
        self._context = self._module.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._object: Any = None
        self._input = b""
        self._output = b""
        self._position = 0

    def read(self, size: int) -> bytes:
        while self._position == len(self._output):
            if not self._input:
                self._input = self._stream.read(_ZSTD_PIECE)
                if not self._input:
                    if self._object is not None:
                        raise _broken("it ends too early")
                    return b""
            self._step()
        begin = self._position
        data = self._output[begin : begin + size]
        self._position = begin + len(data)
        return data

    def _step(self) -> None:
        if self._object is None:
            self._object = self._context.decompressobj()
        try:
            self._output, self._position = self._object.decompress(self._input), 0
        except self._module.ZstdError as error:
            raise _broken(str(error)) from error
        self._input = b""
        if self._object.eof:
            self._input, self._object = self._object.unused_data, None


def chunks(read: Callable[[int], bytes], size: int = 1 << 20) -> Iterator[bytes]:
    """Yield what ``read`` gives until it gives nothing."""
    while data := read(size):
        yield data


def _broken(reason: str) -> StoreError:
    return StoreError(
        f"A compressed layer cannot be read: {reason}.",
        advice="Run `jupyter modelpack store verify`, then package the notebook again.",
    )


def _isal() -> Any:
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return None


def _zstandard() -> Any:
    try:
        return importlib.import_module("zstandard")
    except ImportError as error:
        raise BackendUnavailable(
            "Layers cannot be compressed with zstd here: the package zstandard is not installed.",
            advice="Install it with `pip install 'jupyter-modelpack[compression]'`, or use "
            "--compression gzip.",
        ) from error
