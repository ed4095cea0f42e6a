//! Mistakes in measured series and recorded sessions.

use crate::*;

pub(crate) fn series() -> Vec<Case> {
    let fold = |zone: &str, first: &str| {
        let body = format!("[series.weather]\nfile = \"data.csv\"\nzone = \"{zone}\"\n");
        (body, format!("time,quantity,value,unit\n{first},price,200,EUR/MWh\n"))
    };
    let (paris, twice) = fold("Europe/Paris", "2026-10-25T02:30");
    let (_, never) = fold("Europe/Paris", "2026-03-29 02:30");
    let line_6 = |cells: &str| prices(&format!("2026-03-20T04:00:00-04:00,{cells}"));
    vec![
        case(
            "a series without a file",
            "[series.weather]\ngaps = \"hold\"\n",
            &["line 6", "series.weather.file is missing"],
        ),
        case("a file that is no table", "", &["line 3", "series must hold tables", "[series.some_name]"])
            .replacing("[run]", "series = \"data.csv\"\n[run]"),
        case(
            "a series of a dotted name",
            "[series.\"a.b\"]\nfile = \"data.csv\"\n",
            &["line 6", "series.a.b", "can not be a name"],
        )
        .with("data.csv", prices("")),
        case(
            "an unknown key of a series",
            "[series.weather]\nfile = \"data.csv\"\ngap = \"hold\"\n",
            &["line 8", "series.weather.gap is no", "`gaps`"],
        ),
        case(
            "a zone of no clock",
            "[series.weather]\nfile = \"data.csv\"\nzone = \"Fort-de-France\"\n",
            &["line 8", "series.weather.zone", "\"Fort-de-France\"", "IANA"],
        )
        .with("data.csv", prices("")),
        case("an hour that was twice", &paris, &["data.csv, line 2", "was twice", "write times with their offset"])
            .with("data.csv", twice),
        case("an hour that never was", &paris, &["data.csv, line 2", "never was", "clocks went forward"])
            .with("data.csv", never),
        long("columns only", "time,quantity,value,unit\n", &["data.csv", "no values", "add rows"]),
        long("nothing at all", "", &["data.csv", "no column `time`", "names nothing"]),
        long("semicolons", "time;quantity;value;unit\n", &["data.csv, line 1", "semicolons", "write commas"]),
        long("tabs", "time\tquantity\tvalue\tunit\n", &["data.csv, line 1", "tabs", "write commas"]),
        long(
            "a column left out",
            "time,quantity,valu,unit\n",
            &["data.csv", "no column `value`", "did you mean `valu`?", "[series.weather.columns]"],
        ),
        long("a column twice", "time,quantity,value,value,unit\n", &["data.csv", "two columns `value`", "rename"]),
        long("a cell too few", &line_6("price,200"), &["data.csv, line 6", "3 fields", "4 columns", "make them agree"]),
        Case {
            files: vec![
                ("scenario.toml", format!("{HEAD}[series.x]\nfile = \"data.csv\"\n").into()),
                ("data.csv", b"time,quantity,value,unit\n2026,\xe9t\xe9,1,C\n".to_vec()),
            ],
            ..long("Latin-1", "", &["data.csv, line 2", "save the file as UTF-8"])
        },
        long(
            "a time without an offset",
            &prices("2026-03-20T04:00:00,price,200,EUR/MWh"),
            &["data.csv, line 6", "`2026-03-20T04:00:00` has no offset", "`zone`"],
        ),
        long(
            "a time that is none",
            &prices("yesterday,price,200,EUR/MWh"),
            &["data.csv, line 6", "`yesterday` is no time", "RFC 3339"],
        ),
        long("a time left out", &prices(",price,200,EUR/MWh"), &["data.csv, line 6", "has no time", "fill it in"]),
        long(
            "an unknown quantity",
            &line_6("sunshine,200,h"),
            &["data.csv, line 6", "`sunshine`", "use one of irradiance"],
        ),
        long(
            "a unit of another quantity",
            &line_6("price,200,kW"),
            &["data.csv, line 6", "unit `kW` does not fit price", "EUR/MWh"],
        ),
        long("a decimal comma", &line_6("price,\"200,5\",EUR/MWh"), &["data.csv, line 6", "`200,5`", "decimal point"]),
        long(
            "not a number",
            &line_6("price,NaN,EUR/MWh"),
            &["data.csv, line 6", "no number for price", "set series.weather.gaps"],
        ),
        long(
            "infinity",
            &line_6("price,inf,EUR/MWh"),
            &["data.csv, line 6", "`inf` is not a finite number", "fill or remove it"],
        ),
        long(
            "a price of a fortune",
            &line_6("price,1e300,EUR/MWh"),
            &["data.csv, line 6", "1e300 EUR/MWh is not possible", "check value and unit"],
        ),
        long("a gap", &prices(""), &["data.csv, line 6", "price has a gap of 60 min", "set series.weather.gaps"]),
        long(
            "a duplicate",
            &prices("2026-03-20T03:00:00-04:00,price,9,EUR/MWh"),
            &["data.csv, line 6", "second value of price", "remove one"],
        ),
        long(
            "disorder",
            &prices("2026-03-20T01:00:00-04:00,price,9,EUR/MWh"),
            &["data.csv, line 6", "goes back", "sort by time"],
        ),
        long(
            "an uneven step",
            &prices("2026-03-20T04:10:00-04:00,price,9,EUR/MWh"),
            &["data.csv, line 6", "leaves its step of 60 min", "resample"],
        ),
        long(
            "a single value",
            "time,quantity,value,unit\n2026-03-20T00:00:00-04:00,price,9,EUR/MWh\n",
            &["data.csv", "single value of price", "at least two"],
        ),
        long(
            "too short for the run",
            &prices("2026-03-20T04:00:00-04:00,price,9,EUR/MWh").replace("-04:00", "+02:00"),
            &["data.csv, line 2", "series.weather gives price", "2026-03-20T22:00:00Z", "choose run.start"],
        ),
        wide(
            "a wide file without its column",
            "",
            &prices(""),
            &["data.csv", "no column `ghi`", "rename series.weather.columns.ghi"],
        ),
        wide(
            "a column for the time that is none",
            "time = \"tiem\"",
            &ghi(""),
            &["data.csv", "no column `tiem`", "did you mean `time`?", "series.weather.time"],
        ),
        wide(
            "an empty cell",
            "",
            &ghi("2026-03-20T04:00:00-04:00,"),
            &["data.csv, line 6", "no number for irradiance", "fill or remove it"],
        ),
        wide(
            "a gap longer than allowed",
            "gaps = \"hold\"\nlongest_gap = \"30m\"",
            &ghi(""),
            &["data.csv, line 6", "irradiance has a gap of 60 min", "raise series.weather.longest_gap"],
        ),
        wide(
            "kilowatts for watts",
            "",
            &ghi("2026-03-20T04:00:00-04:00,3000"),
            &["data.csv, line 6", "ghi: irradiance of 3000 W/m2", "check value"],
        ),
        wide(
            "a column of an unknown unit",
            "",
            &ghi(""),
            &["scenario.toml, line 10", "series.weather.columns.ghi", "unit `lx` does not fit", "W/m2"],
        )
        .replacing("W/m2", "lx"),
        wide(
            "columns of no name",
            "",
            &ghi(""),
            &["scenario.toml, line 9", "series.weather.columns must name columns"],
        )
        .replacing("ghi = { quantity = \"irradiance\", unit = \"W/m2\" }", ""),
        wide(
            "two columns with a mistake each",
            "",
            &hourly("time,ghi,wind", |hour| format!("2026-03-20T{hour:02}:00:00-04:00,{},-3", 9000)),
            &["data.csv, line 2: ghi: irradiance of 9000", "data.csv, line 2: wind: wind_speed of -3"],
        )
        .replacing("W/m2\" }", "W/m2\" }\nwind = { quantity = \"wind_speed\", unit = \"m/s\" }")
        .problems(2),
        wide(
            "a column of nothing",
            "",
            &ghi(""),
            &["scenario.toml, line 10", "series.weather.columns.ghi names no quantity", "write {"],
        )
        .replacing("quantity = \"irradiance\", ", ""),
        wide("a column that is a text", "", &ghi(""), &["scenario.toml, line 10", "columns.ghi is a text", "write {"])
            .replacing("{ quantity = \"irradiance\", unit = \"W/m2\" }", "\"irradiance\""),
        wide(
            "irradiance of one asset",
            "",
            &ghi(""),
            &["scenario.toml, line 10", "columns.ghi irradiance holds for the whole island", "leave out `pv_01`"],
        )
        .replacing("\"W/m2\"", "\"W/m2\", asset = \"pv_01\""),
        wide(
            "production of nobody",
            "",
            &ghi(""),
            &["scenario.toml, line 10", "columns.ghi production is measured at one asset", "name it as `asset`"],
        )
        .replacing("\"irradiance\", unit = \"W/m2\"", "\"production\", unit = \"kW\""),
        wide(
            "production of an unknown plant",
            "",
            &ghi("2026-03-20T04:00:00-04:00,3"),
            &[
                "scenario.toml, line 10",
                "series.weather.columns.ghi gives production of `pv_7`",
                "no PV plant",
                "write the id",
            ],
        )
        .replacing("\"irradiance\", unit = \"W/m2\"", "\"production\", unit = \"kW\", asset = \"pv_7\""),
        case(
            "a series given twice",
            "[series.a]\nfile = \"data.csv\"\n[series.b]\nfile = \"data.csv\"\n",
            &["data.csv, line 2", "series.b gives price, which series.a", "keep one"],
        )
        .with("data.csv", prices("2026-03-20T04:00:00-04:00,price,9,EUR/MWh")),
        long(
            "production of a plant misspelt",
            &of_asset("production", "pv_1", "2"),
            &["data.csv, line 2", "series.weather gives production of `pv_1`", "did you mean `pv_01`?"],
        )
        .replacing("[series", &format!("{PV}[series")),
        long(
            "production of a battery",
            &of_asset("production", "b", "2"),
            &["data.csv, line 2", "`b`, which is no PV plant"],
        )
        .replacing("[series", "[battery]\nb = { commune = \"Ducos\", capacity_kwh = 9, power_kw = 5 }\n[series"),
        long(
            "consumption of a plant",
            &of_asset("consumption", "pv_01", "2"),
            &["data.csv, line 2", "consumption of `pv_01`, which is no load"],
        )
        .replacing("[series", &format!("{PV}[series")),
        long(
            "production below zero",
            &of_asset("production", "pv_01", "-2"),
            &["data.csv, line 2", "production of -2 kW is not possible", "check value"],
        )
        .replacing("[series", &format!("{PV}[series")),
        long(
            "a price of one asset",
            &of_asset("price", "pv_01", "2").replace("kW", "EUR/MWh"),
            &["data.csv, line 2", "price holds for the whole island"],
        ),
        long(
            "production of no asset in particular",
            &of_asset("production", "", "2"),
            &["data.csv, line 2", "production is measured at one asset"],
        ),
    ]
}

pub(crate) fn charging_sessions() -> Vec<Case> {
    const COLUMNS: &str = "vehicle,start,end,energy_kwh\n";
    let row = |name, row: &str, says| sessions(name, &format!("{COLUMNS}{row}\n"), says);
    vec![
        sessions("no sessions", COLUMNS, &["sessions.csv", "holds no sessions", "add rows"]),
        sessions(
            "no column of energy",
            "vehicle,start,end,energy\n",
            &["sessions.csv", "no column `energy_kwh`", "sessions.home.energy"],
        ),
        row(
            "four sessions within an hour",
            "ev_01,2026-03-20T10:00:00-04:00,2026-03-20T10:02:00-04:00,1\n\
             ev_01,2026-03-20T10:03:00-04:00,2026-03-20T10:05:00-04:00,1\n\
             ev_01,2026-03-20T10:06:00-04:00,2026-03-20T10:08:00-04:00,1\n\
             ev_01,2026-03-20T10:09:00-04:00,2026-03-20T10:11:00-04:00,1",
            &["sessions.csv, line 5", "fourth session of ev_01", "join or remove"],
        ),
        row(
            "sessions of another year",
            "ev_01,2020-03-20T10:00:00-04:00,2020-03-20T12:00:00-04:00,1",
            &["sessions.csv, line 2", "no session of ev_01 between", "choose run.start"],
        ),
        row(
            "a session that ends first",
            "ev_01,2026-03-20T19:00-04:00,2026-03-20T07:00-04:00,12",
            &["sessions.csv, line 2", "not after its start", "mixed up"],
        ),
        row(
            "sessions that overlap",
            "ev_01,2026-03-20T07:00-04:00,2026-03-20T19:00-04:00,12\nev_01,2026-03-20T18:00-04:00,2026-03-20T20:00-04:00,1",
            &["sessions.csv, line 3", "begins at 2026-03-20T22:00:00Z", "correct one"],
        ),
        row(
            "watt-hours",
            "ev_01,2026-03-20T07:00-04:00,2026-03-20T19:00-04:00,12000",
            &["sessions.csv, line 2", "delivers 12000 kWh", "in kWh?"],
        ),
        row(
            "energy given back",
            "ev_01,2026-03-20T07:00-04:00,2026-03-20T19:00-04:00,-3",
            &["sessions.csv, line 2", "delivers -3 kWh", "between 0 and 1000"],
        ),
        row(
            "energy left out",
            "ev_01,2026-03-20T07:00-04:00,2026-03-20T19:00-04:00,",
            &["sessions.csv, line 2", "has no energy", "fill it in"],
        ),
        row(
            "a local time without a zone",
            "ev_01,2026-03-20 07:00,2026-03-20 19:00,3",
            &["sessions.csv, line 2", "`2026-03-20 07:00` has no offset"],
        ),
        row(
            "a vehicle misspelt",
            "ev_1,2026-03-20T07:00-04:00,2026-03-20T19:00-04:00,3",
            &["sessions.csv, line 2", "sessions.home names `ev_1`", "no vehicle", "did you mean `ev_01`?"],
        ),
        row(
            "a session of nobody",
            ",2026-03-20T07:00-04:00,2026-03-20T19:00-04:00,3",
            &["sessions.csv, line 2", "empty where a text is wanted", "fill it in"],
        ),
        row(
            "sessions given twice",
            "ev_01,2026-03-20T07:00-04:00,2026-03-20T19:00-04:00,3",
            &["sessions.csv, line 2", "sessions.work gives sessions of `ev_01`, which sessions.home", "keep one"],
        )
        .replacing("[sessions.home]", "[sessions.work]\nfile = \"sessions.csv\"\n[sessions.home]"),
    ]
}
