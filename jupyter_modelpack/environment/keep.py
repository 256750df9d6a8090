"""What of a distribution stays out of the image: caches, build inputs, test suites, host paths."""

from __future__ import annotations

# Packages that compile while they run need the headers that they bring.
_COMPILING = ("cuda", "cupy", "jax-cuda", "numba", "nvidia", "pyopencl", "taichi", "triton", "warp")
_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".cuh")
_BUILD_INPUTS = (".a", ".o", ".pyx", ".la")
# Packages whose test suites are large and that never import them; others keep theirs.
_TEST_SUITES = frozenset(
    {
        "matplotlib",
        "networkx",
        "numpy",
        "pandas",
        "patsy",
        "pyarrow",
        "scikit-image",
        "scikit-learn",
        "scipy",
        "shapely",
        "statsmodels",
        "sympy",
        "tables",
        "xarray",
    }
)
_METADATA = frozenset(
    {
        "/RECORD",
        "/INSTALLER",
        "/REQUESTED",
        "/direct_url.json",
        "/uv_cache.json",
        "/uv_build.json",
        "/SOURCES.txt",
        "/installed-files.txt",
        "/RECORD.jws",
        "/RECORD.p7s",
    }
)
_SHARED = ("share/man/", "share/doc/", "share/icons/", "share/applications/", "share/locale/")
_JUPYTER = ("share/jupyter/lab", "share/jupyter/nbextensions/", "share/jupyter/kernels/")


def left_out_metadata(inner: str) -> bool:
    """Say whether a file of the metadata stays out; those left out say where it was installed."""
    return inner in _METADATA


def is_left_out(path: str, key: str, modules: frozenset[str]) -> bool:
    """Say whether a distribution's file stays out; ``modules`` are the imported names."""
    if path.endswith(".pyc"):
        return "__pycache__/" in path
    if path.endswith(_BUILD_INPUTS):
        return True
    if path.endswith(_HEADERS):
        return not key.startswith(_COMPILING)
    if path.startswith("../"):
        inner = path.lstrip("./")
        return inner.startswith((*_SHARED, *_JUPYTER))
    if key in _TEST_SUITES and "/tests/" in path:
        suite = path[: path.index("/tests/") + 6].replace("/", ".")
        return not any(module == suite or module.startswith(suite + ".") for module in modules)
    return False
