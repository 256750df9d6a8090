"""What packages load by name when certain functions are called; no import shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_WORD = re.compile(r"[A-Za-z_]\w+")


class Need(NamedTuple):
    """When ``package`` is selected and one of ``words`` is in the code, take what is installed.

    Without words the need always holds. The names are those of distributions, normalised.
    """

    package: str
    words: tuple[str, ...]
    distributions: tuple[str, ...]


NEEDS: tuple[Need, ...] = (
    Need("pandas", (), ("numexpr", "bottleneck")),
    Need("pandas", ("read_parquet", "to_parquet"), ("pyarrow", "fastparquet")),
    Need(
        "pandas", ("read_feather", "to_feather", "read_orc", "to_orc", "ArrowDtype"), ("pyarrow",)
    ),
    Need("pandas", ("dtype_backend", "pyarrow"), ("pyarrow",)),
    Need(
        "pandas",
        ("read_excel", "ExcelFile"),
        ("openpyxl", "xlrd", "python-calamine", "pyxlsb", "odfpy"),
    ),
    Need("pandas", ("to_excel", "ExcelWriter"), ("openpyxl", "xlsxwriter", "odfpy")),
    Need("pandas", ("read_html",), ("lxml", "html5lib", "beautifulsoup4")),
    Need("pandas", ("read_xml", "to_xml"), ("lxml",)),
    Need("pandas", ("read_hdf", "to_hdf", "HDFStore"), ("tables",)),
    Need("pandas", ("read_sql", "read_sql_query", "read_sql_table", "to_sql"), ("sqlalchemy",)),
    Need("pandas", ("to_markdown",), ("tabulate",)),
    Need("pandas", ("style",), ("jinja2",)),
    Need("pandas", ("plot", "hist", "boxplot", "plotting"), ("matplotlib",)),
    Need("pandas", ("plotly",), ("plotly",)),
    Need("pandas", ("to_xarray",), ("xarray",)),
    Need("pandas", ("s3",), ("s3fs",)),
    Need("pandas", ("gs", "gcs"), ("gcsfs",)),
    Need("scikit-learn", ("set_output", "as_frame", "fetch_openml"), ("pandas",)),
    Need(
        "scikit-learn",
        ("plot_tree", "from_estimator", "from_predictions", "ConfusionMatrixDisplay", "plot"),
        ("matplotlib",),
    ),
    Need("xgboost", (), ("scikit-learn",)),
    Need("xgboost-cpu", (), ("scikit-learn",)),
    Need("xgboost", ("plot_importance", "plot_tree", "to_graphviz"), ("matplotlib", "graphviz")),
    Need(
        "xgboost-cpu", ("plot_importance", "plot_tree", "to_graphviz"), ("matplotlib", "graphviz")
    ),
    Need("lightgbm", (), ("scikit-learn",)),
    Need("lightgbm", ("plot_importance", "plot_metric", "plot_tree"), ("matplotlib", "graphviz")),
    Need("plotly", (), ("nbformat", "kaleido")),
    Need("tqdm", ("notebook", "auto"), ("ipywidgets",)),
    Need(
        "xarray",
        ("open_dataset", "load_dataset", "open_mfdataset", "to_netcdf"),
        ("netcdf4", "h5netcdf", "scipy"),
    ),
    Need("xarray", ("open_zarr", "to_zarr"), ("zarr",)),
    Need("xarray", ("plot",), ("matplotlib",)),
    Need("polars", ("to_pandas",), ("pandas", "pyarrow")),
    Need("polars", ("from_pandas", "to_arrow", "from_arrow"), ("pyarrow",)),
    Need("polars", ("read_excel",), ("fastexcel", "openpyxl")),
    Need("polars", ("write_excel",), ("xlsxwriter",)),
    Need("dask", ("dataframe",), ("pandas", "pyarrow", "dask-expr")),
    Need("networkx", ("draw", "draw_networkx", "draw_spring"), ("matplotlib",)),
    Need("networkx", ("pagerank", "to_numpy_array", "spring_layout"), ("numpy", "scipy")),
    Need(
        "sqlalchemy",
        ("postgresql",),
        ("psycopg2", "psycopg2-binary", "psycopg", "pg8000", "asyncpg"),
    ),
    Need("sqlalchemy", ("mysql",), ("pymysql", "mysqlclient", "mysql-connector-python")),
    Need("sqlalchemy", ("mssql",), ("pyodbc", "pymssql")),
    Need("sqlalchemy", ("oracle",), ("oracledb", "cx-oracle")),
    Need("sqlalchemy", ("duckdb",), ("duckdb-engine",)),
    Need("fsspec", ("s3",), ("s3fs",)),
    Need("fsspec", ("gs", "gcs"), ("gcsfs",)),
    Need("fsspec", ("abfs", "az"), ("adlfs",)),
    Need("requests", ("socks5", "socks5h"), ("pysocks",)),
    Need("altair", (), ("vl-convert-python",)),
    Need("transformers", (), ("torch", "sentencepiece", "accelerate")),
    Need("torch", ("SummaryWriter", "tensorboard"), ("tensorboard",)),
    Need("keras", (), ("tensorflow", "jax", "torch")),
    Need("joblib", ("lz4",), ("lz4",)),
    Need("statsmodels", ("plot", "plot_acf", "plot_pacf", "qqplot"), ("matplotlib",)),
    Need("geopandas", ("plot",), ("matplotlib",)),
    Need("geopandas", ("read_file", "to_file"), ("pyogrio", "fiona")),
)


def words_in(sources: Iterable[str]) -> frozenset[str]:
    """Return every name-like word of the sources."""
    return frozenset(word for source in sources for word in _WORD.findall(source))


def needed_by_name(key: str, words: frozenset[str]) -> Iterator[str]:
    """Yield the distributions that ``key`` loads by name in code with these words."""
    for need in NEEDS:
        if need.package == key and (not need.words or not words.isdisjoint(need.words)):
            yield from need.distributions
