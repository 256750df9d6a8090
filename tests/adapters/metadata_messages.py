"""The messages of the metadata store, by protobuf itself, as they are published."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

METHOD = "/ml_metadata.MetadataStoreService/GetArtifactsByID"
_KINDS = {"int64": 3, "double": 1, "string": 9, "bool": 8, "message": 11}
_MESSAGES = {
    "Value": [("int_value", 1, "int64", ""), ("double_value", 2, "double", ""),
              ("string_value", 3, "string", ""), ("bool_value", 6, "bool", "")],
    "Entry": [("key", 1, "string", ""), ("value", 2, "message", "Value")],
    "Artifact": [("id", 1, "int64", ""), ("type_id", 2, "int64", ""), ("uri", 3, "string", ""),
                 ("custom_properties", 5, "message", "*Entry"), ("name", 7, "string", ""),
                 ("create_time_since_epoch", 9, "int64", "")],
    "Question": [("artifact_ids", 1, "int64", "*")],
    "Answer": [("artifacts", 1, "message", "*Artifact")],
}  # fmt: skip


def _made() -> Mapping[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="store.proto", package="m", syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            added = message.field.add(name=field, number=number, type=_KINDS[kind])
            added.label = 3 if of.startswith("*") else 1
            if kind == "message":
                added.type_name = f".m.{of.lstrip('*')}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"m.{name}") for name in _MESSAGES}
    return {name: message_factory.GetMessageClass(each) for name, each in found.items()}


MESSAGES = _made()


def metadata_answer(known: Mapping[int, Mapping[str, Any]], body: bytes) -> tuple[int, bytes]:
    """Return status and body for a question in gRPC-web: an answer, and how it went."""
    kind, size = struct.unpack(">BI", body[:5])
    assert (kind, size) == (0, len(body) - 5)
    asked = MESSAGES["Question"].FromString(body[5:]).artifact_ids
    answer = MESSAGES["Answer"]()
    for ident in asked:
        if ident in known:
            artifact = answer.artifacts.add(
                id=ident, type_id=9, uri="minio://x", create_time_since_epoch=1_800_000_000_000
            )
            for key, value in known[ident].items():
                entry = artifact.custom_properties.add(key=key)
                which = {bool: "bool", int: "int", float: "double", str: "string"}[type(value)]
                setattr(entry.value, f"{which}_value", value)
    content, trailer = answer.SerializeToString(), b"grpc-status: 0\r\n"
    frames = [struct.pack(">BI", 0, len(content)), content]
    return 200, b"".join([*frames, struct.pack(">BI", 0x80, len(trailer)), trailer])
