//! `TABLES.md`: the same data for a reader.

use std::fmt::Write;

use super::{KPIS, POINTS, RUNS, SIGN_CONVENTION, SWEEP_KPIS, TABLES, Table, UNIT_CONVENTION, VERSION};
use crate::kpis::{AREA_KPIS, COMMUNITY_KPIS, Definition, MARKET_AREA_KPIS, PLAN_KPIS, RESERVE_KPIS, RUN_KPIS};

const INTRODUCTION: &str = "\
# Tables of a run

Made from `src/schema` by `UPDATE_TABLES=1 cargo test -p cariflex-results tables_md`; do not edit.

A run is a folder with one Parquet file per table and `run.json` (status, resolved scenario, seed, inputs with their
hashes, counts of participants and sites, row counts, key figures). Recording levels: `full` keeps every interval,
`hourly` aggregates the tables of intervals to hours, `kpis` keeps `kpis.parquet` and `run.json` only. Every table of a
level is there, if need be without rows. A table named `<table>.parquet.partial` beside a `run.json` that says `running`
belongs to a run that is being written, or was killed.

Columns typed `string (dictionary)` are plain strings to SQL engines and categoricals to dataframes. Money and market
quantities are exact integers: in SQL, `total_neur / 1e9` is EUR and `price_ueur_per_kwh / 1e3` is EUR/MWh.
";

const KPI_INTRODUCTION: &str = "\
Key figures are doubles. They are null where there is nothing to say: a share of nothing, a price without trade, a cost
without settlement, an emission without intensity. Energies add up mean powers over intervals.
";

const AREA_INTRODUCTION: &str = "\
These come once per portfolio and once for the island, behind the area's name: `cariflex_import_kwh`,
`island_import_kwh`. Names are written in lower case with `_` for all but letters and digits, and end in `_portfolio` where
they would collide with another key figure.

**Netting.** What an area imports and exports is netted over its sites: in each quarter hour of UTC (each interval, if
intervals are longer) the mean powers of all its sites are added up with their signs; if the sum is positive the area
imports it, if negative it exports it. Energy that one site exports while another imports it thus never crosses the
area's boundary, and ticks of a second and of a quarter hour give the same figures. `metered_*` are the sums of the
sites' meters without netting; the difference is what the sites exchange among themselves.
";

const COMMUNITY_INTRODUCTION: &str = "\
Of all sites that take part in the market, as it was settled; and, for each rule of `market.compare`, of the same meters and
orders under it: `compare_<rule>_<figure>`, in lower case with `_` for all but letters and digits.
";

const MARKET_AREA_INTRODUCTION: &str = "\
Of each area of the market (`[area.NAME]`), where there are at most twelve. Names are written in lower case with `_` for all
but letters and digits.
";

const SWEEP_INTRODUCTION: &str = "\
# Tables of a sweep

A sweep is a folder, or a prefix of an object store: `sweep.json` (the scenario, axes, seeds, engine and inputs, frozen),
`points.parquet` (frozen too), `inputs/` (copies of the data files), `kpis/` (rows of runs that have ended, while others
go on), and when none is missing `kpis.parquet` and `runs.parquet`. Where more than key figures are recorded, `run=<id>/`
holds the tables of each run. Columns of axes are doubles, int64, booleans or strings as the values are, and carry
`role=parameter`, the assigned `keys`, `unit` and `description` as metadata of their fields.
";

/// The documentation of all tables and key figures, in Markdown.
pub fn markdown() -> String {
    let mut text = String::from(INTRODUCTION);
    let _ = writeln!(text, "\n- Schema version: {VERSION}\n- Signs: {SIGN_CONVENTION}\n- Units: {UNIT_CONVENTION}");
    for table in TABLES {
        write_table(&mut text, table);
    }
    let _ = writeln!(text, "\n### Key figures of the run\n\n{KPI_INTRODUCTION}");
    write_kpis(&mut text, &RUN_KPIS, "");
    let _ = writeln!(text, "\n### Key figures of reserve\n");
    write_kpis(&mut text, &RESERVE_KPIS, "");
    let _ = writeln!(text, "\n### Key figures of plans and forecasts\n");
    write_kpis(&mut text, &PLAN_KPIS, "");
    let _ = writeln!(text, "\n### Key figures of the market\n\n{COMMUNITY_INTRODUCTION}");
    write_kpis(&mut text, &COMMUNITY_KPIS, "market_");
    let _ = writeln!(text, "\n### Key figures of the market's areas\n\n{MARKET_AREA_INTRODUCTION}");
    write_kpis(&mut text, &MARKET_AREA_KPIS, "area_<name>_");
    let _ = writeln!(text, "\n### Key figures of portfolios and the island\n\n{AREA_INTRODUCTION}");
    write_kpis(&mut text, &AREA_KPIS, "<area>_");
    let _ = write!(text, "\n{SWEEP_INTRODUCTION}");
    for table in [&POINTS, &SWEEP_KPIS, &RUNS] {
        let _ = writeln!(text, "\n## Sweep: {}\n\n{}\n", table.name, table.rows);
        write_columns(&mut text, table);
    }
    text
}

// Writing to a `String` does not fail, hence `let _` in this file.
fn write_table(text: &mut String, table: &Table) {
    let _ = writeln!(text, "\n## {}\n\n{}\n", table.name, table.rows);
    if table.name != KPIS.name {
        let _ = writeln!(text, "At level `hourly`: {}.\n", table.hourly);
    }
    write_columns(text, table);
}

fn write_columns(text: &mut String, table: &Table) {
    text.push_str("| column | type | unit | sign | meaning |\n|---|---|---|---|---|\n");
    for column in table.columns {
        let null = if column.nullable { ", nullable" } else { "" };
        let _ = writeln!(
            text,
            "| `{}` | {}{null} | {} | {} | {} |",
            column.name,
            column.ty.words(),
            column.unit,
            column.sign,
            column.description
        );
    }
}

fn write_kpis<T>(text: &mut String, definitions: &[Definition<T>], prefix: &str) {
    text.push_str("| column | unit | label | meaning |\n|---|---|---|---|\n");
    for kpi in definitions {
        let _ = writeln!(text, "| `{prefix}{}` | {} | {} | {} |", kpi.name, kpi.unit, kpi.label, kpi.description);
    }
}
