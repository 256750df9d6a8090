"""Network: cells that fetch something, which a sealed run cannot."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jupyter_modelpack.notebook.calls import Call
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.paths import host, is_url, normal
from jupyter_modelpack.notebook.rules.context import Context, shown
from jupyter_modelpack.notebook.rules.readers import accesses

_CALLS = re.compile(
    r"(requests\.(get|post|put|patch|delete|head|request|Session\.\w+|session\.\w+)"
    r"|httpx\.(get|post|put|patch|delete|head|request|stream|Client\.\w+|AsyncClient\.\w+)"
    r"|urllib\.request\.(urlopen|urlretrieve)|urllib3\.(request|PoolManager\.request)"
    r"|aiohttp\.ClientSession(\.\w+)?|wget\.download|gdown\.(download|download_folder|cached_downl\w+)"
    r"|boto3\.(client|resource|Session)(\.\w+)?|paramiko\.SSHClient\.connect|ftplib\.FTP|smtplib\.SMTP"
    r"|google\.cloud\.\w+\.Client|google\.colab\.\w+\.\w+|azure\.storage\.\w+\.\w+"
    r"|azure\.storage\.\w+\.\w+\.from_connection_string|kagglehub\.\w+|kaggle\.api\.\w+"
    r"|yfinance\.(download|Ticker(\.\w+)?)|openml\.\w+\.get_\w+|pandas_datareader\.\w+(\.\w+)?"
    r"|huggingface_hub\.(hf_hub_download|snapshot_download|login|notebook_login|upload_file"
    r"|InferenceClient(\.\w+)?|HfApi\.\w+)"
    r"|psycopg2?\.connect|pymysql\.connect|mysql\.connector\.connect|snowflake\.connector\.connect"
    r"|pymongo\.MongoClient|redis\.(Redis|StrictRedis)(\.\w+)?|pyodbc\.connect|cx_Oracle\.connect"
    r"|oracledb\.connect|clickhouse_connect\.get_client|elasticsearch\.Elasticsearch"
    r"|mlflow\.set_tracking_uri|wandb\.(init|login)|neptune\.init_run|comet_ml\.\w+"
    r"|openai\.(OpenAI|AsyncOpenAI|AzureOpenAI)(\.[\w.]+)?|openai\.\w+\.create"
    r"|anthropic\.(Anthropic|AsyncAnthropic)(\.[\w.]+)?"
    r"|nltk\.download|spacy\.cli\.download|stanza\.download|gensim\.downloader\.load"
    r"|tensorflow_datasets\.load|sklearn\.datasets\.fetch_\w+|seaborn\.load_dataset"
    r"|(tensorflow\.)?keras\.datasets\.\w+\.load_data|(tensorflow\.)?keras\.utils\.get_file"
    r"|torch\.hub\.(load|load_state_dict_from_url|download_url_to_file)"
    r"|statsmodels\.(api\.)?datasets\.get_rdataset|whisper\.load_model|ee\.Initialize)\Z"
)
_HUBS = re.compile(
    r"(transformers\.\w+\.from_pretrained|transformers\.pipeline|diffusers\.\w+\.from_pretrained"
    r"|sentence_transformers\.SentenceTransformer|datasets\.load_dataset"
    r"|tokenizers\.Tokenizer\.from_pretrained|timm\.create_model)\Z"
)
_DATABASE = re.compile(
    r"(postgresql|postgres|mysql|mssql|oracle|snowflake|redshift|mongodb)\b.*://"
)
_DATA_FORMATS = frozenset({"csv", "json", "parquet", "text", "imagefolder", "audiofolder", "arrow"})
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "0.0.0.0"})
_SEALED = "A sealed run has no network: save what it fetches beside the notebook, or allow it."


def find_network(context: Context) -> Iterator[Finding]:
    """Yield one finding for each cell that uses the network."""
    told: set[int] = set()
    for call in context.reading.calls:
        if call.cell in told:
            continue
        url = next((text for text in (*call.texts, *call.receiver) if is_url(text)), "")
        if not _fetches(call, context, url):
            continue
        if call.guarded and _already_there(call, context):
            continue
        told.add(call.cell)
        library = call.name.lstrip(".").partition(".")[0]
        name = shown(f"{call.name.lstrip('.')}()")
        where = host(url)
        if where in _THIS_MACHINE:
            continue
        message = f"Fetches from {where} with {name}." if where else f"Uses the network: {name}."
        yield Finding(
            "network",
            "warning",
            message,
            cell=call.cell,
            line=call.line,
            advice=_SEALED,
            details={"call": call.name.lstrip("."), "host": where, "group": where or library},
        )


def _fetches(call: Call, context: Context, url: str) -> bool:
    if _CALLS.match(call.name):
        return True
    if _HUBS.match(call.name):
        names = call.argument(0, "pretrained_model_name_or_path", "path", "model_name_or_path")
        if call.name == "transformers.pipeline":
            names = call.argument(1, "model")
        return not any(
            name in _DATA_FORMATS
            or ((path := normal(name)) is not None and context.files.stat(path) is not None)
            for name in names
        )
    if call.name.startswith("torchvision.datasets."):
        return any(
            item.arg == "download"
            and isinstance(item.value, ast.Constant)
            and item.value.value is True
            for item in call.node.keywords
        )
    if call.method == "create_engine" or call.name == "pandas.read_sql":
        return any(_DATABASE.match(text) for text in call.texts)
    return bool(url) and any(access == "reads" and is_url(text) for access, text in accesses(call))


def _already_there(call: Call, context: Context) -> bool:
    return any(
        (path := normal(text)) is not None and context.files.stat(path) is not None
        for text in call.texts
    )
