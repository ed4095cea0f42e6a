"""What `TABLES.md` promises of each table, read from the document itself."""

import re

import pyarrow as pa
from cli import ROOT

DOCUMENT = ROOT / "outputs" / "results" / "TABLES.md"

# The words of the document for types, as Arrow knows them.
TYPES = {
    "timestamp (ms, UTC)": pa.timestamp("ms", "UTC"),
    "string": pa.string(),
    "string (dictionary)": pa.dictionary(pa.int32(), pa.string()),
    "double": pa.float64(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "boolean": pa.bool_(),
}

# Where the tables of runs end and those of sweeps begin.
SWEEPS = "\n# Tables of a sweep\n"

ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>[^|]+?)(?P<nullable>, nullable)? \|", re.MULTILINE)


def documented() -> dict[str, pa.Schema]:
    """The schema of each table of a run."""
    return schemas(DOCUMENT.read_text(encoding="utf-8").split(SWEEPS)[0], r"^## (\w+)$")


def documented_of_sweeps() -> dict[str, pa.Schema]:
    """The schema of each table of a sweep, without the columns of parameters and key figures."""
    return schemas(DOCUMENT.read_text(encoding="utf-8").split(SWEEPS)[1], r"^## Sweep: (\w+)$")


def schemas(text: str, heading: str) -> dict[str, pa.Schema]:
    """The schemas under the headings of a text."""
    sections = re.split(heading, text, flags=re.MULTILINE)[1:]
    schemas = {}
    for table, text in zip(sections[::2], sections[1::2], strict=True):
        columns = text.split("###")[0]
        fields = [pa.field(row["name"], TYPES[row["type"]], bool(row["nullable"])) for row in ROW.finditer(columns)]
        schemas[table] = pa.schema(fields)
    return schemas


FIGURE = re.compile(r"^\| `(?P<name>(?:<area>_)?\w+)` \|", re.MULTILINE)


def key_figures(areas: list[str]) -> list[str]:
    """The names of all key figures, those of areas once per area."""
    text = DOCUMENT.read_text(encoding="utf-8").split(SWEEPS)[0].split("### Key figures of the run")[1]
    names = [row["name"] for row in FIGURE.finditer(text)]
    run = [name for name in names if not name.startswith("<area>_")]
    area = [name.removeprefix("<area>_") for name in names if name.startswith("<area>_")]
    return run + [f"{prefix}_{name}" for prefix in areas for name in area]
