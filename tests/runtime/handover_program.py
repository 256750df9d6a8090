"""Writes values as a step does, and in another process reads them and holds them against new ones.

Run by the Python of an environment that has the libraries: ``save FOLDER`` or ``load FOLDER``.
"""

import datetime
import decimal
import json
import re
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sparse
import xgboost
from modelpack_runtime.handover import ValueNotHandedOn, load, save
from polars.testing import assert_frame_equal as same_polars
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

warnings.simplefilter("ignore")
ROWS = np.arange(80.0).reshape(40, 2) % 7
ANSWERS = np.array([0, 1] * 20)
TABLE = pd.DataFrame(ROWS, columns=["p", "q"])
KINDS = TABLE.assign(kind=pd.Categorical(["u", "v"] * 20))
FEW = {"n_estimators": 5, "n_jobs": 1}
QUIET = {"min_child_samples": 2, "verbose": -1, **FEW}
SETTINGS = {"objective": "binary", "verbose": -1, "min_data_in_leaf": 2, "num_threads": 1}


def frames():
    plain = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan], "c": ["x", "ü"]})
    days = pd.date_range("2026-01-01", periods=3, tz="Europe/Zurich")
    grouped = plain.groupby("c").agg({"a": ["min", "max"]})
    noted = plain.copy()
    noted.attrs = {"unit": "m"}
    objects = {
        "mixed": [1, "a", None],
        "missing as None": ["a", None],
        "missing as NaN": ["a", np.nan],
        "truth and numbers": [True, 1],
        "lists": [[1, 2], [3]],
        "tuples": [(1, 2), (3, 4)],
        "lists in mappings": [{"a": [1]}, {"a": [2]}],
        "sets": [{1}, {2}],
        "arrays": [np.arange(3), np.arange(2)],
        "decimals": [decimal.Decimal("1.50"), decimal.Decimal("2.5")],
        "dates": [datetime.date(2026, 1, 1)],
        "times": [datetime.datetime(2026, 1, 1)],
        "text of numpy": [np.str_("a"), "x"],
        "half a character": ["\ud800"],
    }
    columns = {
        "categories": pd.Categorical(["a", "b"], categories=["b", "a", "z"], ordered=True),
        "categories of numbers": pd.Categorical([3, 1], categories=[3, 2, 1]),
        "timezone": days,
        "durations": pd.to_timedelta([1, 2], unit="h"),
        "periods": pd.period_range("2026-01", periods=3, freq="M"),
        "intervals": pd.interval_range(0, 3),
        "seconds": np.array(["2026", "9027"], "datetime64[s]"),
        "nullable": pd.array([1, None], dtype="Int64"),
        "nullable truth": pd.array([True, None], dtype="boolean"),
        "text": pd.array(["a", None], dtype="string"),
        "arrow": pd.array([1, None], dtype=pd.ArrowDtype(pa.int64())),
        "small": np.array([1, 2], "int8"),
        "large": np.array([1, 2**63], "uint64"),
        "half": np.array([1, 2], "float16"),
        "complex": np.array([1j, 2]),
        "sparse": pd.arrays.SparseArray([0, 0, 1]),
        "other way round": np.array([1, 2], ">i4"),
    }
    return {
        "plain": plain,
        "rows taken": plain.iloc[1:],
        "empty": plain.iloc[:0],
        "no columns": pd.DataFrame(index=[1, 2]),
        "nothing": pd.DataFrame(),
        "index by name": plain.set_index("c"),
        "index of two levels": plain.groupby(["a", "c"]).sum(),
        "index of categories": plain.set_index(plain["c"].astype("category")),
        "index with a timezone": pd.DataFrame({"t": [1, 2, 3]}, index=pd.DatetimeIndex(list(days))),
        "index by day": pd.DataFrame({"t": [1, 2, 3]}, index=days),
        "rows with a name": plain.rename_axis("rows"),
        "index named by a number": plain.rename_axis(5),
        "columns with a name": plain.rename_axis(columns="of"),
        "columns of two levels": grouped,
        "numbers as names": pd.DataFrame(np.eye(2)),
        "numbers and text as names": pd.DataFrame({"a": [1], 2: [3]}),
        "fractions as names": pd.DataFrame(np.eye(2), columns=[0.5, 1.5]),
        "days as names": pd.DataFrame(np.eye(3), columns=days),
        "truth as names": pd.DataFrame(np.eye(2), columns=[True, False]),
        "None as a name": pd.DataFrame(np.eye(2), columns=[None, "a"]),
        "a name twice": pd.DataFrame(np.eye(2), columns=["a", "a"]),
        "attributes": noted,
        "flags": plain.set_flags(allows_duplicate_labels=False),
        **{f"objects: {n}": pd.DataFrame({"o": pd.Series(v, dtype=object)})
           for n, v in objects.items()},
        **{f"column: {n}": pd.DataFrame({"o": v}) for n, v in columns.items()},
    }  # fmt: skip


def of_polars():
    moment = datetime.datetime(2026, 1, 1)
    series = {
        "numbers": pl.Series([1, None], dtype=pl.UInt8),
        "fractions": pl.Series([float("nan"), None, -0.0]),
        "text": pl.Series(["x", "ü"]),
        "categories": pl.Series(["a", "b"], dtype=pl.Categorical),
        "one of": pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"])),
        "timezone": pl.Series([moment]).dt.replace_time_zone("Europe/Zurich"),
        "milliseconds": pl.Series([moment]).dt.cast_time_unit("ms"),
        "durations": pl.Series([datetime.timedelta(1)]),
        "times": pl.Series([datetime.time(1)]),
        "lists": pl.Series([[1], [2, 3]]),
        "structs": pl.Series([{"a": 1, "b": "x"}]),
        "arrays": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2)),
        "nulls": pl.Series([None, None]),
        "bytes": pl.Series([b"a"]),
        "decimals": pl.Series([decimal.Decimal("1.50")], dtype=pl.Decimal(10, 2)),
        "structs of nothing": pl.Series([{}], dtype=pl.Struct([])),
        "empty": pl.Series([], dtype=pl.Int8),
    }
    made = {f"polars: {name}": pl.DataFrame({"o": value}) for name, value in series.items()}
    return {**made, "polars: nothing": pl.DataFrame()}


def arrays():
    fields = [("x", "i4"), ("y", "U3")]
    return {
        "array: fractions": np.arange(6.0).reshape(2, 3),
        "array: by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "array: one number": np.array(3.0),
        "array: empty": np.zeros((0, 3)),
        "array: fields": np.array([(1, "a")], dtype=fields),
        "array: aligned fields": np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        "array: with metadata": np.zeros(2, np.dtype("i4", metadata={"a": 1})),
        "array: objects": np.array([{}, 2], dtype=object),
        "array: masked": np.ma.array([1, 2], mask=[0, 1]),
        "array: records": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "array: times": np.array(["2026", "NaT"], "datetime64[s]"),
        "array: steps": np.arange(10)[::2],
    }


def scalars():
    return {
        "scalar: half": np.float16(1.5),
        "scalar: text": np.str_("a"),
        "scalar: time": np.datetime64("2026"),
        "scalar: duration": np.timedelta64(3, "h"),
        "scalar: truth": np.bool_(True),
        "scalar: long": np.longdouble(1) / 3,
    }


def matrices():
    kinds = ("csr_matrix", "csc_matrix", "coo_matrix", "lil_matrix", "dok_matrix", "dia_matrix")
    return {f"sparse: {k}": getattr(sparse, k)(np.eye(3)) for k in (*kinds, "csr_array")}


def boosters():
    """Return models with the rows that they answer for."""
    plain = lightgbm.train(SETTINGS, lightgbm.Dataset(ROWS, ANSWERS), num_boost_round=5)
    kinds = lightgbm.train(SETTINGS, lightgbm.Dataset(KINDS, ANSWERS), num_boost_round=5)
    stopped = lightgbm.train(
        {**SETTINGS, "learning_rate": 0.7},
        lightgbm.Dataset(ROWS, ANSWERS),
        num_boost_round=9,
        valid_sets=[lightgbm.Dataset(ROWS[::3], 1 - ANSWERS[::3])],
        callbacks=[lightgbm.early_stopping(5, verbose=False)],
    )
    best = lightgbm.train(SETTINGS, lightgbm.Dataset(ROWS, ANSWERS), num_boost_round=6)
    best.best_iteration = 2
    tree = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 2, "nthread": 1},
        xgboost.DMatrix(ROWS, ANSWERS, feature_names=["p", "q"]),
        3,
    )
    tree.set_attr(of="us")
    return {
        "LightGBM": (plain, ROWS),
        "LightGBM with categories": (kinds, KINDS),
        "LightGBM stopped early": (stopped, ROWS),
        "LightGBM with trees after the best": (best, ROWS),
        "XGBoost": (tree, xgboost.DMatrix(ROWS, feature_names=["p", "q"])),
    }


def squares(answers, found):
    return found - answers, np.ones_like(found)


def estimators():
    words = np.array(["no", "yes"])[ANSWERS]
    early = {"early_stopping_rounds": 2, "learning_rate": 1.5, "n_estimators": 30, "n_jobs": 1}
    watched = {"eval_set": [(TABLE[::3], 1 - ANSWERS[::3])], "verbose": False}
    twice = FunctionTransformer(lambda rows: rows * 2)
    return {
        "LGBMClassifier": lightgbm.LGBMClassifier(**QUIET).fit(TABLE, words),
        "LGBMRegressor": lightgbm.LGBMRegressor(**QUIET).fit(TABLE, ANSWERS),
        "LGBMRanker": lightgbm.LGBMRanker(**QUIET).fit(TABLE, ANSWERS, group=[20, 20]),
        "LGBMClassifier in a line": make_pipeline(
            StandardScaler(), lightgbm.LGBMClassifier(**QUIET)
        ).fit(TABLE, ANSWERS),
        "LGBMClassifier before it learns": lightgbm.LGBMClassifier(n_estimators=7),
        "XGBClassifier": xgboost.XGBClassifier(max_depth=2, **FEW).fit(TABLE, ANSWERS),
        "XGBClassifier with categories": xgboost.XGBClassifier(
            enable_categorical=True, tree_method="hist", **FEW
        ).fit(KINDS, ANSWERS),
        "XGBClassifier stopped early": xgboost.XGBClassifier(**early).fit(
            TABLE, ANSWERS, **watched
        ),
        "XGBRegressor with code of the notebook": xgboost.XGBRegressor(
            objective=squares, **FEW
        ).fit(TABLE, ANSWERS),
        "XGBClassifier before it learns": xgboost.XGBClassifier(n_estimators=7, max_depth=2),
        "LogisticRegression": LogisticRegression().fit(ROWS, ANSWERS),
        "a line with a lambda": make_pipeline(twice, LogisticRegression()).fit(ROWS, ANSWERS),
    }


def others():
    table = pl.DataFrame({"a": [1, 2, 3]})
    return {
        "lazy": table.lazy().filter(pl.col("a") > 1),
        "lazy with code": table.lazy().map_batches(lambda part: part.head(1)),
        "arrow": pa.table({"a": pa.array(["x"]).dictionary_encode()}),
        "nested": {"a": [np.arange(3), (np.eye(2), np.array([{}, 1], dtype=object))], "b": TABLE},
    }


def series():
    made = {"column": TABLE["p"], "no name": pd.Series([1, 2]), "empty": TABLE["p"].iloc[:0]}
    made["kinds"] = KINDS["kind"]
    made["days"] = pd.Series([1, 2], index=pd.date_range("2026", periods=2, tz="UTC"))
    return {f"series: {name}": value for name, value in made.items()}


def same_frame(found, value):
    pd.testing.assert_frame_equal(found, value)
    assert found.attrs == value.attrs and found.flags == value.flags
    assert type(found.index) is type(value.index)
    for at in range(value.shape[1]):
        types = [list(map(type, each.iloc[:, at])) for each in (found, value)]
        assert types[0] == types[1], types


def same_array(found, value):
    assert found.dtype == value.dtype and found.dtype.metadata == value.dtype.metadata
    assert found.dtype.isalignedstruct == value.dtype.isalignedstruct
    assert value.ndim < 2 or found.flags.f_contiguous == value.flags.f_contiguous
    np.testing.assert_array_equal(found, value)


def same_scalar(found, value):
    assert found == value and found.dtype == value.dtype


def same_matrix(found, value):
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found.toarray(), value.toarray())


def same_booster(found, value):
    (model, rows), (old, _) = found, value
    np.testing.assert_array_equal(model.predict(rows), old.predict(rows))
    if isinstance(old, xgboost.Booster):
        assert model.attributes() == old.attributes()
        assert model.feature_names == old.feature_names
        assert model.save_config() == old.save_config()
        return
    for name in ("best_iteration", "best_score", "params", "pandas_categorical"):
        assert getattr(model, name) == getattr(old, name), name
    assert model.num_trees() == old.num_trees()
    assert model.feature_name() == old.feature_name()


def same_estimator(found, value):
    assert settings(found) == settings(value)
    if not hasattr(value, "classes_") and not hasattr(value, "n_features_in_"):
        return
    rows = ROWS if isinstance(value, LogisticRegression) else TABLE
    rows = KINDS if getattr(value, "enable_categorical", False) else rows
    np.testing.assert_array_equal(found.predict(rows), value.predict(rows))
    if getattr(value, "early_stopping_rounds", None):
        assert found.best_iteration == value.best_iteration
        assert found.evals_result() == value.evals_result()


def settings(model):
    """Return the settings in words, without the places of functions in memory."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(model.get_params(deep=False)))


def same_other(found, value):
    if isinstance(value, pl.LazyFrame):
        same_polars(found.collect(), value.collect())
    elif isinstance(value, pa.Table):
        assert found.equals(value, check_metadata=True)
    else:
        assert list(found) == list(value) and type(found["a"][1]) is tuple
        same_array(found["a"][0], value["a"][0])
        same_array(found["a"][1][0], value["a"][1][0])
        assert list(found["a"][1][1]) == [{}, 1]
        same_frame(found["b"], value["b"])


KINDS_OF_VALUES = (
    (frames, same_frame),
    (series, pd.testing.assert_series_equal),
    (of_polars, same_polars),
    (arrays, same_array),
    (scalars, same_scalar),
    (matrices, same_matrix),
    (boosters, same_booster),
    (estimators, same_estimator),
    (others, same_other),
)
REFUSED = {
    "polars objects": lambda: pl.DataFrame({"o": pl.Series([{1}, {2}], dtype=pl.Object)}),
    "DMatrix": lambda: xgboost.DMatrix(ROWS, ANSWERS),
}


def written(folder):
    found = {}
    for make, _ in KINDS_OF_VALUES:
        for name, value in make().items():
            kept = value[0] if make is boosters else value
            place = folder / name.replace(" ", "-")
            found[name] = save({"x": kept}, "x", place)
            found[name]["files"] = sorted(path.name for path in place.iterdir())
    refused = {name: refusal(make(), folder / "refused") for name, make in REFUSED.items()}
    return {"written": found, "refused": refused}


def refusal(value, place):
    try:
        save({"x": value}, "x", place)
    except ValueNotHandedOn as error:
        return str(error)
    return "written"


def compared(folder):
    found = {}
    for make, same in KINDS_OF_VALUES:
        for name, value in make().items():
            read = {}
            load("x", folder / name.replace(" ", "-"), read)
            kept = value[0] if make is boosters else value
            try:
                assert type(read["x"]) is type(kept), type(read["x"])
                same((read["x"], value[1]) if make is boosters else read["x"], value)
                found[name] = ""
            except AssertionError as error:
                found[name] = f"differs: {error}"
    return found


print("FOUND " + json.dumps({"save": written, "load": compared}[sys.argv[1]](Path(sys.argv[2]))))
