//! Mistakes in the head of a script, its scenario, and the times of its steps.

use crate::*;

pub(crate) fn syntax_and_keys() -> Vec<Case> {
    vec![
        whole("an empty file", "", &["script.toml, line 1", "version is missing: write version = 1"]),
        whole("not TOML", &format!("{HEAD}what is this\n"), &["script.toml", "line 5, column 6", "expected `=`"]),
        Case { files: Vec::new(), ..whole("no file", "", &["can not read script.toml", "No such file"]) },
        whole("a scenario", "version = 2\nname = \"x\"\n", &["line 1", "is 2, that of scenarios", "`cariflex run`"]),
        whole("a sweep", "version = 1\n[[axis]]\n", &["line 1", "that of a sweep", "`cariflex sweep`"]),
        head("a version to come", "", &["line 1", "version is 3: this program reads scripts of version 1"])
            .replacing("version = 1", "version = 3"),
        head("a version in quotes", "", &["line 1", "version is a text: write the whole number"])
            .replacing("version = 1", "version = \"1\""),
        head("no name", "", &["line 1: name is missing: write name = …"]).replacing("name = \"wrong\"\n", ""),
        head("an empty name", "", &["line 2: name is empty", "in a sentence"]).replacing("\"wrong\"", "\" \""),
        head("an unknown key", "timout = \"1h\"", &["line 5: timout is no known key: did you mean `timeout`?"]),
        whole("no steps", HEAD, &["line 1: step is missing: write [[step]]"]),
        whole("an empty list of steps", &format!("{HEAD}step = []\n"), &["line 5: step is empty"]),
        whole(
            "one bracket",
            &format!("{HEAD}{STEP}").replace("[[step]]", "[step]"),
            &["step is a table: write [[step]]"],
        ),
        whole(
            "nothing expected",
            &format!("{HEAD}[[step]]\nset = \"bat_01\"\nsetpoint_kw = 3\n"),
            &["step expects nothing: write a step with `expect`, `wait` or `answer`, or the script can not fail"],
        ),
        head(
            "everything at once",
            "timeout = 3\nset = 4",
            &["line 5: timeout is 3", "line 6: set is a number", "scenario"],
        )
        .replacing("\"martinique-day\"", "\"martiniqe\"")
        .problems(3),
    ]
}

pub(crate) fn scenarios() -> Vec<Case> {
    vec![
        head("no scenario", "", &["line 1: scenario is missing"]).replacing("scenario = \"martinique-day\"\n", ""),
        head("an unknown scenario", "", &["line 3: scenario is \"martiniqe\"", "built-in", "`martinique-day`"])
            .replacing("\"martinique-day\"", "\"martiniqe\""),
        head(
            "a mistake in the scenario",
            "",
            &["other.toml, line 4: battery.bat_01.power", "did you mean `power_kw`?"],
        )
        .replacing("martinique-day", "other.toml")
        .with("other.toml", "version = 2\nname = \"other\"\nextends = \"martinique-day\"\nbattery.bat_01.power = 3\n"),
        head("a start that is none", "start = \"noon\"", &["line 5: run.start is `noon`", "2026-03-20"]),
        head("a start off the grid", "start = \"2026-03-20T10:01:00-04:00\"", &["line 5: run.start", "grid of 15 min"]),
        head("a tick off the grid", "", &["line 4: run.tick must divide the market slot"])
            .replacing("tick = \"1m\"", "tick = \"7m\""),
        head("no tick", "", &["line 4: tick is no time at all"])
            .replacing("tick = \"1m\"", "tick = \"0s\"")
            .problems(2),
        head("a timeout in the midst of a tick", "timeout = \"90s\"", &["line 5: run.duration must be a whole number"]),
        head("a setting that is none", "set = [\"run.seed\"]", &["line 5: is no assignment: write KEY=VALUE"]),
        head("a setting in no quotes", "set = [3]", &["line 5: set holds a number: write assignments in quotes"]),
        head(
            "a setting of nothing",
            "set = [\"run.sed=3\"]",
            &["line 5: run.sed is no known key: did you mean `seed`?"],
        ),
        Case {
            sets: vec!["run.seed=x"],
            ..head("an option that is wrong", "", &["--set run.seed=x: run.seed is a text: write a whole number"])
        },
    ]
}

pub(crate) fn times() -> Vec<Case> {
    let two = |name, first: &str, second: &str, says| {
        let step = STEP.replace("[[step]]\n", "");
        whole(name, &format!("{HEAD}[[step]]\n{first}\n{step}[[step]]\n{second}\n{step}"), says)
    };
    vec![
        two(
            "times out of order",
            "at = \"10m\"",
            "at = \"5m\"",
            &["line 9: step 2.at is 5m, but the steps before take until 10m: put the steps in the order of time"],
        ),
        two(
            "a step within what another takes",
            "throughout = \"12m\"",
            "at = \"5m\"",
            &["line 9: step 2.at is 5m, but the steps before take until 12m"],
        ),
        two(
            "a step beyond the end",
            "at = \"59m\"",
            "after = \"1m\"",
            &["line 9: step 2.after is 1h after the start, when time is over: write a timeout of more than 1h"],
        ),
        two(
            "a step that ends beyond the end",
            "at = \"59m\"",
            "throughout = \"2m\"",
            &["line 9: step 2.throughout ends 61m after the start: write a timeout of more than 1h"],
        ),
        step(
            "two times",
            "at = \"1m\"\nafter = \"1m\"\nset = \"bat_01\"\nwithdraw = true",
            &["line 9: step 2.after can not go with `at`"],
        ),
        step(
            "a time that is none",
            "at = 5\nset = \"bat_01\"\nwithdraw = true",
            &["line 8: step 2.at is 5: write a duration"],
        ),
        step(
            "a wait without end",
            "wait = { signal = \"irradiance\", above = 3 }",
            &["line 7: step 2.within is missing"],
        ),
        step(
            "a wait of nothing",
            "wait = { signal = \"irradiance\", above = 3 }\nwithin = \"0s\"",
            &["line 9: step 2.within is no time at all: write a duration"],
        ),
        step(
            "throughout nothing",
            "expect = { signal = \"irradiance\", above = 3 }\nthroughout = \"0s\"",
            &["line 9: step 2.throughout is no time at all"],
        ),
    ]
}
