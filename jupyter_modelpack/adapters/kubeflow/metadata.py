"""Metrics from Kubeflow's metadata store, which its own pages read by gRPC-web.

The REST interface of Kubeflow names artifacts by ids only. The store's ``GetArtifactsByID`` takes
``artifact_ids`` (1) and answers ``artifacts`` (1): ``id`` (1) and ``custom_properties`` (5), a map
of values: ``int_value`` (1), ``double_value`` (2), ``bool_value`` (6).
Source: ml_metadata/proto/metadata_store.proto, and the gRPC-web protocol for its frames.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

METHOD = "/ml_metadata.MetadataStoreService/GetArtifactsByID"
HEADERS = {
    "Content-Type": "application/grpc-web+proto",
    "Accept": "application/grpc-web+proto",
    "X-Grpc-Web": "1",
}
Number = int | float | bool
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5
_TRAILER = 0x80


def question(idents: Sequence[int]) -> bytes:
    """Return the body of a request for artifacts."""
    message = b"".join(b"\x08" + _varint(ident) for ident in idents)
    return struct.pack(">BI", 0, len(message)) + message


def measured(body: bytes) -> dict[int, dict[str, Number]]:
    """Return the numbers that each artifact of an answer carries; ValueError for what is none."""
    found: dict[int, dict[str, Number]] = {}
    for message in _frames(body):
        for field, content in _fields(message):
            if field == 1 and isinstance(content, bytes):
                ident, numbers = _artifact(content)
                found[ident] = numbers
    return found


def _artifact(content: bytes) -> tuple[int, dict[str, Number]]:
    ident, numbers = 0, {}
    for field, value in _fields(content):
        if field == 1 and isinstance(value, int):
            ident = value
        elif field == 5 and isinstance(value, bytes):
            entry = dict(_fields(value))
            name, number = entry.get(1), _number(entry.get(2))
            if isinstance(name, bytes) and number is not None:
                numbers[name.decode("utf-8")] = number
    return ident, numbers


def _number(value: object) -> Number | None:
    found: Mapping[int, object] = dict(_fields(value)) if isinstance(value, bytes) else {}
    whole, double, flag = found.get(1), found.get(2), found.get(6)
    if isinstance(double, float):
        return int(double) if double.is_integer() and abs(double) < 2**53 else double
    if isinstance(whole, int):
        return whole - 2**64 if whole >= 2**63 else whole
    return bool(flag) if isinstance(flag, int) else None


def _frames(body: bytes) -> Iterator[bytes]:
    while body:
        if len(body) < 5:
            raise ValueError("half a frame")
        kind, size = struct.unpack(">BI", body[:5])
        content, body = body[5 : 5 + size], body[5 + size :]
        if len(content) < size:
            raise ValueError("half a frame")
        if not kind & _TRAILER:
            yield content


def _fields(content: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Yield the fields of a message of protobuf in the order in which they stand."""
    at = 0
    while at < len(content):
        key, at = _read_varint(content, at)
        kind = key & 7
        if kind == _VARINT:
            whole, at = _read_varint(content, at)
            yield key >> 3, whole
            continue
        size = {_DOUBLE: 8, _FLOAT: 4}.get(kind)
        if kind == _BYTES:
            size, at = _read_varint(content, at)
        if size is None or at + size > len(content):
            raise ValueError("no message of protobuf")
        piece, at = content[at : at + size], at + size
        yield key >> 3, struct.unpack("<d", piece)[0] if kind == _DOUBLE else piece


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("no number of protobuf")
