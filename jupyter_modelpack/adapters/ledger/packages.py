"""The records of packages, by name and version, by digest and by notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import package_files, packages
from jupyter_modelpack.errors import Conflict, NotFound
from jupyter_modelpack.release.version import highest

Record = Mapping[str, Any]


SUMMARY = ("name", "version", "digest", "created", "size", "path", "verified", "metrics", "why")


class PackageTable:
    """Keeps what packaging found out; a name and version, once given, stay with their digest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, name: str, line: str | None = None) -> Record | None:
        """Return the record with the highest version of a name on a line, or on none (``""``).

        Without a line it is the highest that is on none, or, where all are on lines, of those.
        """
        query = sa.select(packages.c.version).where(packages.c.name == name)
        texts = self._database.read(lambda connection: connection.execute(query).scalars().all())
        found = highest((str(text) for text in texts), line)
        return self.get(name, found) if found else None

    def by_digest(self, name: str | None, digest: str) -> Record | None:
        """Return the newest record of this very image, under one name or any."""
        named = sa.true() if name is None else packages.c.name == name
        return self._one(named, packages.c.digest == str(digest))

    def get(self, name: str, version: str) -> Record:
        """Return one record, or raise NotFound."""
        found = self._one(packages.c.name == name, packages.c.version == version)
        if found is None:
            known = ", ".join(summary["version"] for summary in self.list(name=name)[:5])
            advice = f"It has {known}." if known else "Choose one from the list of packages."
            raise NotFound("package", f"{name[:80]} {version[:40]}", advice=advice)
        return found

    def list(
        self,
        *,
        name: str | None = None,
        path: str | None = None,
        limit: int | None = None,
        before: int = 0,
    ) -> list[Record]:
        """Return summaries, newest first, of all packages, or those of a name or a notebook.

        With a limit each has a ``cursor``: the page after it is the one ``before`` it.
        """
        query = sa.select(packages.c.id, packages.c.summary).order_by(packages.c.id.desc())
        if before:
            query = query.where(packages.c.id < before)
        if name is not None:
            query = query.where(packages.c.name == name)
        if path is not None:
            query = query.where(packages.c.path == path)
        query = query.limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        if limit is None:
            return [json.loads(row.summary) for row in rows]
        return [{**json.loads(row.summary), "cursor": row.id} for row in rows]

    def put(self, record: Record, files: Mapping[str, bytes]) -> None:
        """Keep a record and its files, all or nothing, in place of one of this name and digest.

        Raises Conflict when the version belongs to another image, or the image to another version.
        """
        values = {key: str(record[key]) for key in ("name", "version", "digest", "created")}
        kept = {
            "path": str(record["path"]),
            "notebook_digest": str(record.get("notebook_digest", "")),
            "summary": json.dumps({key: record.get(key) for key in SUMMARY}),
            "record": json.dumps(dict(record), sort_keys=True),
        }
        same = (packages.c.name == record["name"]) & (packages.c.digest == record["digest"])

        def change(connection: sa.Connection) -> None:
            found = connection.execute(sa.select(packages).where(same)).first()
            if found is None:
                connection.execute(packages.insert().values(**values, **kept))
                identity = connection.execute(sa.select(packages.c.id).where(same)).scalar_one()
            elif found.version != record["version"]:
                raise _taken(record["name"], found.version)
            else:
                identity = found.id
                connection.execute(packages.update().where(same).values(**kept))
            old = package_files.c.package == identity
            connection.execute(package_files.delete().where(old))
            for kind, content in files.items():
                row = {"package": identity, "format": kind, "content": content}
                connection.execute(package_files.insert().values(**row))

        try:
            self._database.write(change)
        except IntegrityError as error:
            raise _taken(record["name"], record["version"]) from error

    def file(self, name: str, version: str, kind: str) -> bytes | None:
        """Return a compiled file of a package, such as its ``kubeflow`` pipeline."""
        query = (
            sa.select(package_files.c.content)
            .join(packages, packages.c.id == package_files.c.package)
            .where(packages.c.name == name, packages.c.version == version)
            .where(package_files.c.format == kind)
        )
        content = self._database.read(lambda connection: connection.execute(query).scalar())
        return None if content is None else bytes(content)

    def digests(self) -> tuple[str, ...]:
        """Return the digests of all images that a record needs."""
        query = sa.select(packages.c.digest)
        found = self._database.read(lambda connection: connection.execute(query).scalars().all())
        return tuple(str(digest) for digest in found)

    def _one(self, *conditions: sa.ColumnElement[bool]) -> Record | None:
        query = sa.select(packages.c.record).where(*conditions).order_by(packages.c.id.desc())
        one = query.limit(1)
        text = self._database.read(lambda connection: connection.execute(one).scalar())
        if text is None:
            return None
        found: Record = json.loads(text)
        return found


def _taken(name: str, version: str) -> Conflict:
    return Conflict(
        f"{name} {version} was made meanwhile, and it is another package.",
        advice="Package the notebook again.",
    )
