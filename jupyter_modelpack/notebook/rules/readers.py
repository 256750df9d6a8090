"""What is known of functions that read and write files: which argument names the file."""

from __future__ import annotations

import re
from typing import Literal

from jupyter_modelpack.notebook.calls import Call
from jupyter_modelpack.notebook.constants import Texts

Access = Literal["reads", "writes", "mentions", "makes"]

_FIRST = """
pandas.read_csv pandas.read_table pandas.read_fwf pandas.read_excel pandas.read_json
pandas.read_parquet pandas.read_feather pandas.read_orc pandas.read_pickle pandas.read_hdf
pandas.read_sas pandas.read_spss pandas.read_stata pandas.read_xml pandas.ExcelFile
geopandas.read_file geopandas.read_parquet numpy.load numpy.loadtxt numpy.genfromtxt
numpy.fromfile joblib.load scipy.io.loadmat scipy.io.wavfile.read scipy.sparse.load_npz
polars.read_csv polars.read_parquet polars.read_json polars.read_ndjson polars.read_excel
polars.read_ipc polars.read_avro polars.scan_csv polars.scan_parquet polars.scan_ndjson
polars.scan_ipc dask.dataframe.read_csv dask.dataframe.read_parquet dask.dataframe.read_json
matplotlib.pyplot.imread matplotlib.image.imread PIL.Image.open cv2.imread skimage.io.imread
imageio.imread imageio.v2.imread imageio.v3.imread torch.load torch.jit.load xarray.open_dataset
xarray.load_dataset xarray.open_dataarray netCDF4.Dataset fiona.open rasterio.open
keras.models.load_model tensorflow.keras.models.load_model keras.saving.load_model
onnxruntime.InferenceSession onnx.load pyarrow.parquet.read_table pyarrow.parquet.ParquetFile
pyarrow.feather.read_table pyarrow.feather.read_feather pyarrow.csv.read_csv
pyarrow.json.read_json librosa.load soundfile.read nibabel.load pydicom.dcmread
openpyxl.load_workbook docx.Document pypdf.PdfReader PyPDF2.PdfReader fitz.open
datasets.load_from_disk mne.io.read_raw_edf safetensors.torch.load_file
safetensors.numpy.load_file runpy.run_path linecache.getlines lxml.etree.parse
xml.etree.ElementTree.parse ET.parse networkx.read_gml networkx.read_graphml
networkx.read_edgelist shapefile.Reader anndata.read_h5ad scanpy.read_h5ad Bio.SeqIO.parse
wave.open pyreadr.read_r pyreadstat.read_sav catboost.CatBoost.load_model os.listdir os.scandir
os.walk
"""
_KEYWORDS = (
    *("filepath_or_buffer", "path_or_buf", "path", "io", "file", "fname", "filename", "fp"),
    *("filepath", "file_name", "source", "filename_or_obj", "f", "path_or_buffer", "fname_or_buf"),
)
_READERS = frozenset(_FIRST.split())
# (mode's position, mode when it is not given)
_BY_MODE: dict[str, tuple[int, str]] = {
    "open": (1, "r"),
    "io.open": (1, "r"),
    "codecs.open": (1, "r"),
    "gzip.open": (1, "r"),
    "bz2.open": (1, "r"),
    "lzma.open": (1, "r"),
    "zipfile.ZipFile": (1, "r"),
    "tarfile.open": (1, "r"),
    "h5py.File": (1, "r"),
    "aiofiles.open": (1, "r"),
    "numpy.memmap": (2, "r+"),
    "shelve.open": (1, "c"),
    "pandas.HDFStore": (1, "a"),
}
# Made when they are not there, so never missing.
_DATABASES = frozenset({"sqlite3.connect", "duckdb.connect", "tinydb.TinyDB", "dbm.open"})
_PATH_READS = frozenset({"read_text", "read_bytes", "iterdir", "load_model", "load_weights"})
_PATH_WRITES = frozenset({"write_text", "write_bytes", "touch", "mkdir", "unlink", "symlink_to"})
_ON_FOLDER = frozenset({"glob", "rglob"})
_COPIES = frozenset(
    {"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.move"}
    | {"os.rename", "os.replace", "os.link", "os.symlink"}
)
_ADDED_ENDINGS = {
    "numpy.save": ".npy",
    "numpy.savez": ".npz",
    "numpy.savez_compressed": ".npz",
}
_WRITES = re.compile(
    r"(to_[a-z]|save|dump|write|export|imsave|imwrite|mkdir|makedirs|extractall|extract$|unpack_arc"
    r"|urlretrieve|download|FileHandler|basicConfig|SummaryWriter|ModelCheckpoint|CSVLogger|rmtree"
    r"|remove$|unlink|output_file|to_file|plot_model|ExcelWriter|VideoWriter|savefig|mkdtemp)"
)
_CHECKS = re.compile(
    r"(exists|isfile|isdir|is_file|is_dir|basename|dirname|splitext|join|getsize)$"
)


def accesses(call: Call) -> list[tuple[Access, str]]:
    """Return the paths that a call reads, writes, makes or only mentions."""
    name, method = call.name, call.method
    if name in _READERS:
        return _each("reads", call.argument(0, *_KEYWORDS))
    if name in _BY_MODE:
        return _opened(call, *_BY_MODE[name], call.argument(0, *_KEYWORDS))
    if name in _DATABASES:
        return _each("mentions", call.argument(0, "database"))
    if name in _COPIES:
        return [
            *_each("reads", call.argument(0, "src")),
            *_each("writes", call.argument(1, "dst")),
        ]
    if name in ("glob.glob", "glob.iglob"):
        return _each("reads", call.argument(0, "pathname"))
    if method == "open" and call.receiver:
        return _opened(call, 0, "r", call.receiver)
    if method in _ON_FOLDER and call.receiver:
        deep = "**/" if method == "rglob" else ""
        patterns = call.argument(0, "pattern")
        return [
            ("reads", f"{folder}/{deep}{pattern}")
            for folder in call.receiver
            for pattern in patterns
        ]
    if method in _PATH_READS:
        if call.receiver:
            return _each("reads", call.receiver)
        return _each("reads", call.argument(0, *_KEYWORDS))
    if method in _PATH_WRITES and call.receiver:
        return _each("makes" if method == "mkdir" else "writes", call.receiver)
    if name in _ADDED_ENDINGS:
        return [
            ("writes", path + ending)
            for path in call.argument(0, "file")
            for ending in ("", _ADDED_ENDINGS[name])
        ]
    if _WRITES.match(method):
        makes: Access = "makes" if method.startswith(("mk", "make", "extract", "unp")) else "writes"
        return _each(makes, call.texts)
    if _CHECKS.search(method) or call.name in ("print", "len", "str", "isinstance", "input"):
        return []
    return _each("mentions", call.texts)


def _opened(call: Call, position: int, default: str, paths: Texts) -> list[tuple[Access, str]]:
    modes = call.argument(position, "mode")
    given = len(call.node.args) > position or any(k.arg == "mode" for k in call.node.keywords)
    if given and not modes:
        return _each("mentions", paths)
    mode = modes[0] if modes else default
    if mode.startswith("r"):
        return _each("reads", paths)
    return _each("writes" if mode.startswith(("w", "x")) else "mentions", paths)


def _each(access: Access, texts: Texts) -> list[tuple[Access, str]]:
    return [(access, text) for text in texts]
