"""The order in which the entries of a tree are written, with the directories above them."""

from __future__ import annotations

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.tree import Directory, Entry, Tree


def in_order(tree: Tree) -> list[Entry]:
    """Return the tree's entries sorted by path, every directory before what is in it.

    Raises InvalidInput when two entries want the same path, or one is inside another that is not
    a directory.
    """
    entries: dict[str, Entry] = {}
    for entry in tree.entries:
        if entries.setdefault(entry.path, entry) is not entry:
            raise InvalidInput(f"{entry.path} is in the layer twice.", field="path")
    known: set[str] = set()
    for path in list(entries):
        parent = path.rpartition("/")[0]
        while parent and parent not in known:
            above = entries.get(parent)
            if above is None:
                entries[parent] = Directory(parent)
            elif not isinstance(above, Directory):
                raise InvalidInput(
                    f"{path} cannot be inside {parent}, which is not a directory.", field="path"
                )
            known.add(parent)
            parent = parent.rpartition("/")[0]
    return [entries[path] for path in sorted(entries)]
