"""Where the examples of the island's library are, and its data."""

import os
import tomllib
from functools import cache
from pathlib import Path

from cli import ROOT

DATA = ROOT / "twin" / "island" / "data"


def example(name: str) -> Path:
    """An example of `cariflex-island`: in the folder `$ISLAND_EXAMPLES`, or where cargo puts it (`cargo test` builds it)."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    folders = [target / profile / "examples" for profile in ("debug", "release")]
    if "ISLAND_EXAMPLES" in os.environ:
        folders = [Path(os.environ["ISLAND_EXAMPLES"])]
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).resolve()
    raise FileNotFoundError(f"{folders[0] / name} is not there: cargo build -p cariflex-island --example {name}")


@cache
def groups() -> dict:
    """The units of Martinique by the name of their group, from the file."""
    fleet = tomllib.loads((DATA / "martinique_fleet.toml").read_text(encoding="utf-8"))
    return {unit["name"]: unit for unit in fleet["unit"]}
