//! Mistakes in one file: its syntax and head, values, assets.

use crate::*;

pub(crate) fn syntax_and_head() -> Vec<Case> {
    vec![
        whole("an empty file", "", &["scenario.toml, line 1", "version is missing", "write version = 2"]),
        whole("not TOML", &format!("{HEAD}what is this\n"), &["scenario.toml", "line 6, column 6", "expected `=`"]),
        whole("binary garbage", "\u{1}\u{2}PK\u{3}\u{1b}[31m", &["scenario.toml", "line 1, column 7", "expected `=`"]),
        Case {
            files: vec![("scenario.toml", b"\xff\xfev\0e\0r\0".to_vec())],
            ..whole("another encoding", "", &["can not read scenario.toml", "UTF-8"])
        },
        case("a key written twice", "seed = 1\nseed = 2\n", &["scenario.toml", "line 7", "duplicate key"]),
        whole("version 1", "version = 1\n[[pv]]\n", &["scenario.toml, line 1", "version is 1", "tables by id"]),
        whole(
            "a version to come",
            "# new\nversion = 3\n",
            &["scenario.toml, line 2", "version is 3", "reads version 2"],
        ),
        whole("a version in quotes", "version = \"2\"\n", &["line 1", "version is a text", "version = 2"]),
        whole(
            "no name",
            "# x\nversion = 2\n[run]\nstart = 2026-03-20\nduration = \"1d\"\n",
            &["scenario.toml, line 1", "name is missing", "write name ="],
        ),
        case("a name with a space", "", &["scenario.toml, line 2", "name", "\"my island\"", "letters"])
            .replacing("\"wrong\"", "\"my island\""),
        case("an unknown section", "[sereis]\n", &["scenario.toml, line 6", "sereis", "did you mean `series`?"]),
        case("a section of nothing known", "[qqqqqqqqq]\n", &["line 6", "qqqqqqqqq", "known are about, area, battery"]),
        case("a section that is a number", "", &["line 3", "dso is a number", "table of keys and values"])
            .replacing("[run]", "dso = 3\n[run]"),
        case("an unknown key", "ticks = \"15m\"\n", &["line 6", "run.ticks", "did you mean `tick`?"]),
        case("a key like no other", PV, &["line 7", "pv.pv_01.zzz is no known key", "`cariflex explain pv` lists"])
            .replacing("5.0", "5.0, zzz = 3"),
        case(
            "a key like no other of few",
            "zzz = 3\n",
            &["line 6", "run.zzz is no known key: known are start, duration"],
        ),
        case("a run without a start", "", &["line 3", "run.start is missing", "write start = … (date or instant)"])
            .replacing("start = \"2026-03-20\"\n", ""),
        whole(
            "a run that is a number",
            "version = 2\nname = \"wrong\"\nrun = 5\n",
            &["line 3", "run is a number", "write a table of keys and values"],
        ),
        case("a required key left out", "", &["line 3", "run.duration is missing", "write duration"])
            .replacing("duration = \"1d\"\n", ""),
    ]
}

pub(crate) fn values() -> Vec<Case> {
    let place = |name, line: &str, says| case(name, &format!("[place]\n{line}\n"), says);
    let market = |name, line: &str, says| case(name, &format!("[market]\n{line}\n"), says);
    let supply = |name, line: &str, says| case(name, &format!("[supply]\n{line}\n"), says);
    let mirror = |name, line: &str, says| case(name, &format!("[mirror]\n{line}\n"), says);
    vec![
        mirror("a reading that never holds", "hold = \"0s\"", &["line 7", "mirror.hold", "longer than nothing"]),
        mirror(
            "a mean over no time",
            "diverged_for = \"0s\"",
            &["line 7", "mirror.diverged_for", "longer than nothing"],
        ),
        mirror("a rating that is wild already", "wild_above = 0.5", &["line 7", "mirror.wild_above", "1"]),
        mirror("a rule for mirrors that there is not", "holds = \"90s\"", &["line 7", "holds", "`hold`"]),
        supply(
            "more engines running than there are",
            "engines = 1",
            &["supply.min_engines is 2", "1 engines", "lower it"],
        ),
        supply(
            "an engine that burns less at half load",
            "engine_half_load_g_per_kwh = 100",
            &["line 7", "supply.engine_half_load_g_per_kwh is 100", "between the value at full load, 205"],
        ),
        supply("an engine of no power", "engine_mw = 0", &["line 7", "supply.engine_mw", "0.01"]),
        case("a text for a number", PV, &["line 7", "pv.pv_01.peak_kw is a text", "write a number (kW)"])
            .replacing("5.0", "\"five\""),
        case("a number for a text", PV, &["line 7", "pv.pv_01.commune is 7", "text in quotes"])
            .replacing("\"Le Lamentin\"", "7"),
        case("a fraction for a whole number", "seed = 1.5\n", &["line 6", "run.seed is 1.5", "write a whole number"]),
        case("a whole number below zero", "seed = -3\n", &["line 6", "run.seed is -3", "at least 0"]),
        case("a number too long", "seed = 123456789012345678901\n", &["line 6", "run.seed", "fewer digits"]),
        case("a number for a duration", "tick = 15\n", &["line 6", "run.tick is 15", "such as \"15m\""]),
        case(
            "a duration without a unit",
            "tick = \"900\"\n",
            &["line 6", "run.tick", "`900`", "unit of ms, s, m, h or d"],
        ),
        case("a tick beside the slot", "tick = \"7m\"\n", &["line 6", "run.tick", "divide the market slot of 15 min"]),
        case("a word nobody knows", "record = \"all\"\n", &["line 6", "run.record is \"all\"", "\"hourly\""]),
        case("power below zero", PV, &["line 7", "peak_kw is -5", "between 0.001 and 1000000"])
            .replacing("5.0", "-5.0"),
        case("power of a whole planet", PV, &["line 7", "peak_kw is 1e300:", "between"]).replacing("5.0", "1e300"),
        case("power that is no number", PV, &["line 7", "peak_kw is NaN", "between"]).replacing("5.0", "nan"),
        case("power without end", PV, &["line 7", "peak_kw is inf", "between"]).replacing("5.0", "inf"),
        case("a flag that is a number", PV, &["line 7", "pv.pv_01.trades is 1", "write true, false"])
            .replacing("5.0", "5.0, trades = 1"),
        case(
            "a shape of three hours",
            "[dso]\nprice_shape = [1, 2, 3]\n",
            &["line 7", "dso.price_shape has 3", "write 24"],
        ),
        case("a battery emptier than empty", "", &["line 7", "battery.b.max_soc is 0.2", "must exceed min_soc, 0.6"])
            .replacing(
                "\"1d\"\n",
                "\"1d\"\n[battery]\nb = { commune = \"Ducos\", capacity_kwh = 9, power_kw = 5, \
                        min_soc = 0.6, max_soc = 0.2 }\n",
            ),
        case("a battery in the wrong state", "", &["line 7", "battery.b.initial_soc is 0.99", "max_soc, 0.8"])
            .replacing(
                "\"1d\"\n",
                "\"1d\"\n[battery]\nb = { commune = \"Ducos\", capacity_kwh = 9, power_kw = 5, \
                        initial_soc = 0.99, max_soc = 0.8 }\n",
            ),
        case("a driver who does not return", &format!("{EVSE}{EV}"), &["line 9", "ev.ev_01.away_h is 20", "stay less"])
            .replacing("75,", "75, away_h = 20,"),
        case(
            "a charge point that offers nobody enough",
            EVSE,
            &["line 7", "evse.evse_01.min_current_a is 6", "4.3 A on each phase", "nobody could charge"],
        )
        .replacing("22", "3"),
        case("a plant on two phases", PV, &["line 7", "pv.pv_01.phases is 2", "write 1 or 3"])
            .replacing("5.0", "5.0, phases = 2"),
        case(
            "feed-in dearer than import",
            "[retailer]\nfeed_in_eur_per_mwh = 500\n",
            &["line 7", "retailer.feed_in", "must not exceed"],
        ),
        case(
            "storage left to a market that there is not",
            "[market]\nmechanism = \"none\"\n[ems]\nbatteries = \"market\"\n",
            &["line 9", "ems.batteries", "no auction of single slots", "set market.mechanism"],
        ),
        case(
            "an unknown key of a rule",
            "[ems]\nbatteries = { rule = \"self-consumption\", reserve = 1 }\n",
            &["line 7", "ems.batteries", "`reserve`", "write \"self-consumption\""],
        ),
        case(
            "thresholds that cross",
            "[ems]\nvehicles = { rule = \"price-threshold\", charge_below_eur_per_mwh = 3, discharge_above_eur_per_mwh = 2 }\n",
            &["line 7", "ems.vehicles", "must be less than"],
        ),
        place(
            "a zone nobody knows",
            "zone = \"Mars/Olympus\"",
            &["line 7", "place.zone", "Mars/Olympus", "America/Martinique"],
        ),
        place(
            "a zone with summer time",
            "zone = \"Europe/Paris\"",
            &["line 7", "place.zone", "choose a zone without daylight saving"],
        ),
        place("a station nowhere", "station = \"Paris\"", &["line 7", "place.station", "\"Paris\"", "INSEE code"]),
        market(
            "a market nobody knows",
            "mechanism = \"barter\"",
            &["line 7", "market.mechanism", "\"barter\"", "choose one of"],
        ),
        market("a slot that does not divide the hour", "slot = \"25m\"", &["line 7", "market.slot", "divide the hour"]),
        market("a lead of half a slot", "lead = \"7m\"", &["line 7", "market.lead", "whole number of slots"]),
        case("a start within a slot", "", &["line 4", "run.start", "grid of 15 min"])
            .replacing("\"2026-03-20\"", "2026-03-20T06:07:00-04:00"),
        case("a start that is no day", "", &["line 4", "run.start", "`2026-02-30`", "2026-03-20"])
            .replacing("2026-03-20", "2026-02-30"),
        case("a duration that is no whole number of ticks", "", &["line 5", "run.duration", "whole number of ticks"])
            .replacing("1d", "20m"),
    ]
}

/// Mistakes in what is published over MQTT.
pub(crate) fn mqtt() -> Vec<Case> {
    let mqtt = |name, line: &str, says| case(name, &format!("[mqtt]\n{line}\n"), says);
    vec![
        mqtt("a topic with a wildcard", "root = \"cariflex/#\"", &["line 7", "mqtt.root is \"cariflex/#\"", "letters"]),
        mqtt("a topic that begins with a slash", "root = \"/cariflex\"", &["line 7", "mqtt.root", "with `/` between"]),
        mqtt("a heartbeat without a pause", "every = \"0s\"", &["line 7", "mqtt.every must be longer", "\"30s\""]),
        mqtt(
            "a least interval that is the longer one",
            "min_interval = \"2m\"",
            &["line 7", "mqtt.min_interval is longer", "mqtt.every"],
        ),
        mqtt("a third quality of service", "qos = 2", &["line 7", "mqtt.qos is 2", "between 0 and 1"]),
        mqtt("a buffer of nothing", "buffer = 0", &["line 7", "mqtt.buffer is 0", "between 1000 and"]),
        mqtt(
            "connections nobody knows",
            "connections = \"both\"",
            &["line 7", "mqtt.connections is \"both\"", "\"gateway\""],
        ),
        mqtt(
            "a storage's power in words",
            "storage_power = \"soc\"",
            &["line 7", "mqtt.storage_power is \"soc\"", "\"energy\""],
        ),
        mqtt("a key of MQTT misspelt", "retian = false", &["line 7", "mqtt.retian", "`retain`"]),
    ]
}

pub(crate) fn assets() -> Vec<Case> {
    let two_pv = |second: &str| format!("{PV}{second} = {{ commune = \"Ducos\", peak_kw = 3 }}\n");
    vec![
        case("the list of version 1", "[[pv]]\nid = \"pv_01\"\n", &["line 6", "pv is a list", "by their ids"]),
        case("an asset that is a number", "[pv]\npv_01 = 5\n", &["line 7", "pv.pv_01 is a number", "table of keys"]),
        case("an unknown key of an asset", PV, &["line 7", "pv.pv_01.tilt is no known key", "`tilt_deg`"])
            .replacing("5.0", "5.0, tilt = 3"),
        case("an unknown key of another line", PV, &["line 9", "pv.pv_01.azimuth", "`azimuth_deg`"])
            .replacing("{ commune = \"Le Lamentin\", peak_kw = 5.0 }", "{\n  commune = \"Ducos\", peak_kw = 5,\n  azimuth = 9,\n}"),
        case("an asset without its size", PV, &["line 7", "pv.pv_01.peak_kw is missing", "write peak_kw = … (kW)"])
            .replacing(", peak_kw = 5.0", ""),
        case("a name with a dot", &two_pv("\"pv.02\""), &["line 8", "pv.pv.02", "can not be a name", "`_` or `-`"]),
        case("a name with an accent", &two_pv("\"préau\""), &["line 8", "pv.préau", "letters, digits"]),
        case("a name of a hundred letters", &two_pv(&"x".repeat(100)), &["line 8", "x…\"", "1 to 64"]),
        case("one name for two kinds", &format!("{PV}[battery]\npv_01 = {{ commune = \"Ducos\", capacity_kwh = 9, power_kw = 5 }}\n"), &["line 9", "battery.pv_01 is a second asset of the name of pv.pv_01", "rename"]),
        case("the name of an institution", PV, &["line 7", "pv.dso has the name of another participant", "rename"])
            .replacing("pv_01", "dso"),
        case("a commune of another island", PV, &["line 7", "pv.pv_01.commune", "\"Pointe-à-Pitre\"", "INSEE"])
            .replacing("Le Lamentin", "Pointe-à-Pitre"),
        case("a commune misspelt", PV, &["line 7", "pv.pv_01.commune", "\"lamentin\"", "did you mean Le Lamentin?"])
            .replacing("Le Lamentin", "lamentin"),
        case("a charge point that is not there", EV, &["line 7", "ev.ev_01.evse is `evse_01`", "no charge point of [evse]", "add it"]),
        case("a charge point misspelt", &format!("{EVSE}{EV}"), &["line 9", "ev.ev_01.evse is `evse_1`", "did you mean `evse_01`?"])
            .replacing("evse = \"evse_01\"", "evse = \"evse_1\""),
        case("a charge point that is a plant", &format!("{PV}{EV}"), &["line 9", "ev.ev_01.evse is `pv_01`", "no charge point"])
            .replacing("evse = \"evse_01\"", "evse = \"pv_01\""),
        case("a vehicle without a charge point", &format!("{EVSE}{EV}"), &["line 9", "ev.ev_01.evse is missing", "write the id"])
            .replacing("evse = \"evse_01\", ", ""),
        case("two vehicles at one charge point", &format!("{EVSE}{EV}ev_02 = {{ commune = \"Ducos\", evse = \"evse_01\", capacity_kwh = 40, power_kw = 7 }}\n"), &["line 10", "ev.ev_02.evse", "ev_01 uses already", "of its own"]),
        case("a site in two communes", &format!("{}pv_03 = {{ commune = \"Ducos\", site = \"pv_01\", peak_kw = 3 }}\n", PV), &["line 8", "pv.pv_03.commune is Ducos", "lies in Le Lamentin for pv.pv_01", "make them agree"]),
        case("a site in two portfolios", &format!("{}pv_03 = {{ commune = \"Le Lamentin\", site = \"pv_01\", portfolio = \"b\", peak_kw = 3 }}\n", PV), &["line 8", "pv.pv_03.portfolio is `b`", "`cariflex` for pv.pv_01"]),
        case("a portfolio of the island's name", "[demand]\nportfolio = \"island\"\n", &["line 7", "demand.portfolio", "choose another name"]),
        case("a site of a commune's load", &format!("[demand]\n{PV}"), &["line 6", "demand needs the site `load_97213`", "rename"])
            .replacing("peak_kw", "site = \"load_97213\", peak_kw"),
        case("three mistakes at once", "tick = 3\n[pv]\na = { commune = \"Ducos\" }\n[ev]\nb = { commune = \"Ducos\", evse = \"c\", capacity_kwh = 9, power_kw = 7 }\n", &["line 6: run.tick", "line 8: pv.a.peak_kw", "line 10: ev.b.evse"])
            .problems(3),
    ]
}
