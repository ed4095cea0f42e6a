//! Mistakes in faults that a scenario has in store.

use crate::*;

/// A plant, a battery and a fault whose section begins in line 10; its keys begin in line 11.
fn fault(name: &'static str, keys: &str, says: &'static [&'static str]) -> Case {
    const BATTERY: &str = "[battery]\nbat_01 = { commune = \"Ducos\", capacity_kwh = 10, power_kw = 5 }\n";
    case(name, &format!("{PV}{BATTERY}[fault.odd]\n{keys}\n"), says)
}

/// A sound fault but for the keys that are given.
fn trip(name: &'static str, keys: &str, says: &'static [&'static str]) -> Case {
    fault(name, &format!("kind = \"inverter_trip\"\ntarget = \"pv_01\"\n{keys}"), says)
}

pub(crate) fn faults() -> Vec<Case> {
    vec![
        fault("no kind of fault", "target = \"pv_01\"", &["line 10", "fault.odd.kind is missing"]),
        fault(
            "a fault misspelt, of which no other key can be judged",
            "kind = \"invertor_trip\"\ntarget = \"pv_01\"\nrestart_s = 5",
            &["line 11", "fault.odd.kind is \"invertor_trip\"", "did you mean \"inverter_trip\"?"],
        ),
        fault(
            "a fault nobody knows",
            "kind = \"hiccups\"\ntarget = \"pv_01\"",
            &["line 11", "fault.odd.kind", "write one of inverter_trip,"],
        ),
        fault("a fault that is a number", "kind = 7\ntarget = \"pv_01\"", &["line 11", "fault.odd.kind is 7"]),
        fault("nobody has it", "kind = \"inverter_trip\"", &["line 10", "fault.odd.target is missing", "\"pv_*\""]),
        fault(
            "a target that is none",
            "kind = \"inverter_trip\"\ntarget = 3",
            &["line 12", "fault.odd.target is a number", "\"pv_*\""],
        ),
        fault(
            "an empty list of targets",
            "kind = \"inverter_trip\"\ntarget = []",
            &["line 12", "fault.odd.target is an empty list"],
        ),
        fault(
            "a list with more than names",
            "kind = \"inverter_trip\"\ntarget = [\"pv_01\", 2]",
            &["line 12", "fault.odd.target is a list that holds something else"],
        ),
        fault(
            "an asset misspelt",
            "kind = \"inverter_trip\"\ntarget = \"pv_1\"",
            &["line 12", "fault.odd.target is `pv_1`", "did you mean `pv_01`?"],
        ),
        fault(
            "a pattern that nobody is like",
            "kind = \"inverter_trip\"\ntarget = [\"pv_*\", \"wind_*\"]",
            &["line 12", "fault.odd.target is `wind_*`, which is no asset", "the table `participants`"],
        ),
        fault(
            "a participant without a body",
            "kind = \"communication_loss\"\ntarget = \"ems\"",
            &["line 12", "fault.odd.target is `ems`, which is no asset"],
        ),
        fault(
            "a device that can not have it",
            "kind = \"soc_stuck\"\ntarget = \"*\"",
            &["line 12", "fault.odd.target is about pv_01", "soc_stuck is a fault of battery, ev, not of pv"],
        ),
        trip("a parameter misspelt", "restart = 3", &["line 13", "fault.odd.restart", "did you mean `restart_s`?"]),
        trip(
            "a parameter of another fault",
            "share = 0.5",
            &["line 13", "fault.odd.share is no known key", "restart_s"],
        ),
        trip(
            "a parameter beyond its limits",
            "restart_s = -1",
            &["line 13", "fault.odd.restart_s is -1", "between 0 and 86400"],
        ),
        trip("a parameter that is no number", "restart_s = \"2m\"", &["line 13", "fault.odd.restart_s is a text"]),
        fault(
            "a weak cell without room",
            "kind = \"cell_limit\"\ntarget = \"bat_01\"\nfloor_percent = 90",
            &["line 13", "fault.odd.floor_percent", "`floor_percent` must be less than `ceiling_percent`"],
        ),
        trip("a beginning that is no instant", "from = \"soon\"", &["line 13", "fault.odd.from is \"soon\"", "\"2h\""]),
        trip("a beginning that is a number", "from = 2", &["line 13", "fault.odd.from is 2"]),
        trip(
            "a beginning within a minute",
            "from = \"90s\"",
            &["line 13", "fault.odd.from is 2026-03-20T04:01:30Z", "write a full one"],
        ),
        trip(
            "a beginning after the run",
            "from = \"2026-03-21T00:00\"",
            &["line 13", "fault.odd.from is 2026-03-21T04:00:00Z", "the run ends at 2026-03-21T04:00:00Z", "longer"],
        ),
        trip(
            "an end before the run",
            "from = \"2026-03-19\"\nfor = \"1d\"",
            &["line 14", "fault.odd.for", "the run begins at 2026-03-20T04:00:00Z"],
        ),
        trip(
            "an end before the run, written as an instant",
            "from = \"2026-03-19\"\nuntil = \"2026-03-19T12:00\"",
            &["line 14", "fault.odd.until makes it end at 2026-03-19T16:00:00Z", "the run begins at"],
        ),
        trip(
            "an end before its beginning",
            "from = \"3h\"\nuntil = \"2h\"",
            &["line 14", "fault.odd.until is 2026-03-20T06:00:00Z, not after its beginning"],
        ),
        trip("an end of two kinds", "for = \"1h\"\nuntil = \"2h\"", &["line 13", "fault.odd.for", "besides `until`"]),
        trip("a fault of no time", "for = \"0m\"", &["line 13", "fault.odd.for", "full minutes"]),
        trip("a fault of part of a minute", "for = \"90s\"\nfrom = \"1h\"", &["line 13", "fault.odd.for", "\"90m\""]),
        trip(
            "a fault on top of one of its kind",
            "for = \"2h\"\n[fault.second]\nkind = \"inverter_trip\"\ntarget = \"pv_*\"\nfrom = \"1h\"",
            &["line 17", "fault.second.from", "while pv_01 has the inverter_trip of fault.odd until"],
        ),
        trip(
            "a fault on top of one that does not end",
            "[fault.second]\nkind = \"inverter_trip\"\ntarget = \"pv_01\"\nfrom = \"5h\"",
            &["line 16", "fault.second.from", "until it is cleared"],
        ),
        case("a fault without a name", "[fault]\nkind = \"inverter_trip\"\n", &["line 7", "fault.kind"]),
        at_top(
            case("faults that are none", PV, &["line 1", "fault must hold tables", "[fault.some_name]"]),
            "fault = 3",
        ),
        set(
            "a fault made by an assignment alone",
            "fault.trip.for=2h",
            &["--set fault.trip.for=2h", "fault.trip.kind is missing", "misspelt", "fault.trip.target is missing"],
        )
        .problems(2),
    ]
}
