//! Mistakes in conditions.

use crate::*;

pub(crate) fn subjects() -> Vec<Case> {
    vec![
        condition(
            "about nothing",
            "is = 3",
            &["line 8: step 2.expect is about nothing: write one of of, product, site, signal and event"],
        ),
        condition(
            "about two",
            "of = \"bat_01\", site = \"bat_01\", what = \"power_kw\", is = 3",
            &["step 2.expect.site can not go with `of`"],
        ),
        step("no table", "expect = \"x\"", &["line 8: step 2.expect is a text: write a table"]),
        condition(
            "nobody",
            "of = \"pv_99\", what = \"power_kw\", is = 3",
            &["step 2.expect.of is \"pv_99\"", "did you mean `pv_0"],
        ),
        condition(
            "somebody without readings",
            "of = \"dso\", what = \"power_kw\", is = 3",
            &["step 2.expect.of is a participant of kind dso"],
        ),
        condition(
            "no such site",
            "site = \"north\", what = \"power_kw\", is = 3",
            &["expect.site is \"north\", but there is no such site"],
        ),
        condition(
            "no quantity",
            "of = \"bat_01\", is = 3",
            &["step 2.expect.what is missing: write one of power_kw, setpoint_kw"],
        ),
        condition(
            "an unknown quantity",
            "of = \"bat_01\", what = \"power\", is = 3",
            &["expect.what is \"power\"", "did you mean `power_kw`?"],
        ),
        condition(
            "a quantity of assets",
            "site = \"bat_01\", what = \"state\", is = 3",
            &["expect.what is \"state\"", "imbalance_kw"],
        ),
        condition(
            "stored energy of a plant",
            "of = \"pv_01\", what = \"soc_percent\", is = 3",
            &["is soc_percent, but pv_01 stores nothing"],
        ),
        condition(
            "a quantity of a signal",
            "signal = \"irradiance\", what = \"power_kw\", is = 3",
            &["expect.what goes with assets and sites"],
        ),
        condition(
            "what a site shows",
            "site = \"bat_01\", what = \"power_kw\", is = 3, shown = true",
            &["expect.shown goes with an asset only"],
        ),
        condition(
            "an unknown key",
            "of = \"bat_01\", what = \"power_kw\", was = 3, is = 3",
            &["expect.was is no known key"],
        ),
    ]
}

pub(crate) fn relations() -> Vec<Case> {
    let power =
        |name, keys: &str, says| condition(name, &format!("of = \"bat_01\", what = \"power_kw\", {keys}"), says);
    let state = |name, keys: &str, says| condition(name, &format!("of = \"bat_01\", what = \"state\", {keys}"), says);
    vec![
        condition(
            "no relation",
            "of = \"bat_01\", what = \"power_kw\"",
            &["line 8: step 2.expect says no value: write one of is, is_not"],
        ),
        power("two relations", "above = 3, below = 4", &["expect.below can not go with `above`: write between"]),
        power(
            "a range upside down",
            "between = [4, 3]",
            &["expect.between begins with 4, which is more than 3: swap them"],
        ),
        power("half a range", "between = [4]", &["expect.between has 1 values: write 2"]),
        power("a number in words", "is = \"much\"", &["expect.is is \"much\": write a finite number, or \"nothing\""]),
        power("no number", "is = nan", &["expect.is is NaN: write a finite number"]),
        power("above in words", "above = \"x\"", &["expect.above is a text: write a number"]),
        power(
            "nothing where there always is something",
            "is = \"nothing\"",
            &["expect.is is \"nothing\", which this never is", "shown = true"],
        ),
        power(
            "a tolerance of a bound",
            "above = 3, tolerance = 1",
            &["expect.tolerance goes with a number of `is` or `is_not`"],
        ),
        power("a negative tolerance", "is = 3, tolerance = -1", &["expect.tolerance is -1: must lie between 0 and"]),
        state(
            "an unknown state",
            "is = \"chargin\"",
            &["expect.is is \"chargin\", which there is not: did you mean `charging`?"],
        ),
        state("a state beyond a number", "above = 3", &["expect.above goes with numbers, and a state is a word"]),
        state("a state as a number", "is = 3", &["expect.is is 3: write a state in quotes"]),
        power("since when", "is = 3, since = \"1m\"", &["expect.since goes with `event` only: leave it out"]),
    ]
}

pub(crate) fn events() -> Vec<Case> {
    vec![
        condition(
            "an unknown event",
            "event = \"fault_began\"",
            &["expect.event is \"fault_began\"", "did you mean `fault_begun`?"],
        ),
        condition(
            "an event of nobody",
            "event = \"fault_begun\", of = \"bat_1\"",
            &["expect.of is \"bat_1\"", "did you mean `bat_01`?"],
        ),
        condition(
            "a value of an event",
            "event = \"fault_begun\", is = 3",
            &["expect.is goes with readings, not with `event`"],
        ),
        condition(
            "an event of a site",
            "event = \"fault_begun\", site = \"bat_01\"",
            &["expect.event can not go with `site`"],
        ),
        step(
            "an event that lasts",
            "expect = { event = \"fault_begun\" }\nthroughout = \"1m\"",
            &["step 2.throughout goes with readings"],
        ),
        step(
            "a wait for what shall not be",
            "wait = { event = \"fault_begun\", never = true }\nwithin = \"1m\"",
            &["step 2.wait is over at once"],
        ),
    ]
}
