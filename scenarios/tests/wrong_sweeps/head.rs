//! Mistakes in the head of a sweep: version, method, base, seeds, key figures, and what all points have in common.

use crate::*;

pub(crate) fn syntax_and_keys() -> Vec<Case> {
    vec![
        whole("an empty file", "", &["sweep.toml, line 1", "version is missing", "write version = 1"]),
        whole("not TOML", &format!("{HEAD}what is this\n"), &["sweep.toml", "line 5, column 6", "expected `=`"]),
        Case {
            files: vec![("sweep.toml", b"\xff\xfev\0e\0r\0".to_vec())],
            ..whole("another encoding", "", &["can not read sweep.toml", "UTF-8"])
        },
        Case { files: Vec::new(), ..whole("no file", "", &["can not read sweep.toml", "No such file"]) },
        whole("a scenario", "version = 2\nname = \"x\"\n", &["line 1", "is 2, that of scenarios", "`cariflex run`"]),
        head("a version to come", "", &["line 1", "version is 3: this program reads sweeps of version 1"])
            .replacing("version = 1", "version = 3"),
        head("a version in quotes", "", &["line 1", "version is a text", "version = 1"])
            .replacing("version = 1", "version = \"1\""),
        head("no name", "", &["line 1", "name is missing: write name ="]).replacing("name = \"wrong\"\n", ""),
        head("a name that can not be a folder", "", &["line 2", "name \"a/b\" can not be a name", "letters, digits"])
            .replacing("\"wrong\"", "\"a/b\""),
        head("an unknown key", "replicate = 3", &["line 5", "replicate is no known key: did you mean `replicates`?"]),
        head("a key like no other", "zzzzzzzz = 3", &["line 5", "zzzzzzzz is no known key: known are version, name"]),
        head("an unknown method", "", &["line 4", "method is \"random\"", "\"grid\", \"lhs\", \"sobol\", \"list\""])
            .replacing("\"grid\"", "\"random\""),
        head("no method", "", &["line 1", "method is missing: write method = …"]).replacing("method = \"grid\"\n", ""),
        head(
            "a number of points in a grid",
            "n = 8",
            &["line 5", "n goes with the methods lhs and sobol only", "grid"],
        ),
        head("a seed of no sampling", "seed = 8", &["line 5", "seed goes with the methods lhs and sobol only"]),
        head("scrambling of a grid", "scramble = true", &["line 5", "scramble goes with the methods lhs and sobol"]),
        head("no number of points", "", &["line 1", "n is missing: write how many points lhs shall have"])
            .replacing("\"grid\"", "\"lhs\""),
        head("no points at all", "n = 0", &["line 5", "n is 0: must lie between 1 and 1000000"])
            .replacing("\"grid\"", "\"lhs\""),
        head("half a point", "n = 1.5", &["line 5", "n is 1.5: write a whole number"]).replacing("\"grid\"", "\"lhs\""),
        head("a sampling seed below zero", "n = 4\nseed = -1", &["line 6", "seed is -1", "at least 0"])
            .replacing("\"grid\"", "\"lhs\""),
        head(
            "scrambling in words",
            "n = 4\nscramble = \"yes\"",
            &["line 6", "scramble is a text: write true or false"],
        )
        .replacing("\"grid\"", "\"sobol\""),
        head("points in a grid", "points = \"x.csv\"", &["line 5", "points goes with the method list only"]),
        head("points as tables in a grid", "point = []", &["line 5", "point goes with the method list only"]),
        head("no axes", "", &["line 1", "axis is missing: write at least one [[axis]]"]).replacing(AXIS, ""),
        head("one bracket", "", &["line 6", "axis is a table: write [[axis]]"]).replacing("[[axis]]", "[axis]"),
        head("axes that are no tables", "axis = [1]", &["line 5", "axis is a list: write [[axis]]"])
            .replacing(AXIS, ""),
        head("an empty list of axes", "axis = []", &["line 5", "axis is empty: write at least one [[axis]]"])
            .replacing(AXIS, ""),
        head(
            "everything at once",
            "n = 8\nreplicates = 0\nkpi = []\n[set]\nrun.x = 1",
            &["line 3", "n goes with", "replicates", "did you mean `kpis`?", "set.run is a table"],
        )
        .replacing("\"martinique-day\"", "\"martiniqe\"")
        .problems(5),
    ]
}

pub(crate) fn seeds_and_key_figures() -> Vec<Case> {
    vec![
        head("no replicates", "replicates = 0", &["line 5", "replicates is 0: must lie between 1 and"]),
        head(
            "replicates that are a list",
            "replicates = [1]",
            &["line 5", "replicates is a list: write a whole number"],
        ),
        head("replicates and seeds", "replicates = 3\nseeds = [1]", &["line 5", "replicates can not go with `seeds`"]),
        head("seeds and a first one", "seeds = [1]\nfirst_seed = 3", &["line 6", "first_seed can not go with `seeds`"]),
        head("a seed twice", "seeds = [3, 5,\n 3]", &["line 6", "seeds holds 3 twice", "leave one out"]),
        head("a seed below zero", "seeds = [-3]", &["line 5", "seeds holds -3: write whole numbers of at least 0"]),
        head("a seed in words", "seeds = [\"one\"]", &["line 5", "seeds holds a text: write whole numbers"]),
        head("no seeds", "seeds = []", &["line 5", "seeds is no list of seeds: write seeds = [1, 2, 3]"]),
        head(
            "a first seed beyond all",
            "first_seed = 9223372036854775807",
            &["line 5", "first_seed is 9.2", "between"],
        ),
        head(
            "a key figure that is none",
            "kpis = [\"island-energy\"]",
            &["line 5", "\"island-energy\"", "small letters"],
        ),
        head("an empty key figure", "kpis = [\"\"]", &["line 5", "kpis holds \"\"", "`*` for any"]),
        head("a key figure twice", "kpis = [\"ev_*\", \"ev_*\"]", &["line 5", "kpis holds \"ev_*\" twice"]),
        head("a key figure that is a number", "kpis = [3]", &["line 5", "kpis holds a number: write names in quotes"]),
        head("no list of key figures", "kpis = \"ev_*\"", &["line 5", "kpis is no list of names: write kpis = ["]),
    ]
}

pub(crate) fn base_and_set() -> Vec<Case> {
    let base = |name, base: &str, says| head(name, "", says).replacing("martinique-day", base);
    const CIRCLE: &str = "version = 2\nname = \"a\"\nextends = \"base.toml\"\n";
    vec![
        head("no base", "", &["line 1", "base is missing: write base = …", "or from = …"])
            .replacing("base = \"martinique-day\"\n", ""),
        base(
            "a base that is not there",
            "martinque",
            &["line 3", "base is \"martinque\"", "no scenario", "`martinique`"],
        ),
        base("a sweep of itself", "sweep.toml", &["line 3", "base is \"sweep.toml\", this sweep file itself"]),
        base(
            "a sweep of a sweep",
            "other.toml",
            &["other.toml, line 1", "version is that of a sweep", "`cariflex sweep`"],
        )
        .with("other.toml", format!("{HEAD}{AXIS}")),
        base("a base that goes in a circle", "base.toml", &["base.toml, line 3", "goes in a circle"])
            .with("base.toml", CIRCLE),
        base("a base that is not TOML", "base.toml", &["line 3", "base is \"base.toml\": base.toml: ", "expected"])
            .with("base.toml", "version 2"),
        head("a base that is a number", "", &["line 3", "base is 3: write a text in quotes"])
            .replacing("\"martinique-day\"", "3"),
        head("a set that is no table", "set = 3", &["line 5", "set is a number: write a table of dotted keys"]),
        head(
            "keys without quotes",
            "[set]\nrun.duration = \"1d\"",
            &["line 6", "set.run is a table", "\"run.duration\" ="],
        ),
        head("a seed for all", "[set]\n\"run.seed\" = 3", &["line 6", "set.run.seed is the seed", "write replicates"]),
        head("a key that is none", "[set]\n\"run..tick\" = 3", &["line 6", "`run..tick` is no dotted key"]),
        head("a key within a value", "[set]\n\"run.tick.x\" = 3", &["line 6", "run.tick.x", "would lie within a text"]),
        head(
            "a star of nothing",
            "[set]\n\"run.*.x\" = 3",
            &["line 6", "run.*.x", "`*` stands for tables, and there are none"],
        ),
        head(
            "an unknown key for all",
            "[set]\n\"run.ticks\" = \"5m\"",
            &["line 6", "run.ticks", "did you mean `tick`?"],
        ),
        head("a wrong value for all", "[set]\n\"run.tick\" = 5", &["line 6", "run.tick is 5", "such as \"15m\""]),
        Case {
            sets: vec!["run.seed=3"],
            ..head("a seed of the command line", "", &["--set run.seed=3", "replicates"])
        },
        Case { sets: vec!["run.seed"], ..head("no assignment", "", &["--set run.seed", "write KEY=VALUE"]) },
        Case {
            sets: vec!["run.tick=7m"],
            ..head("a wrong value of the command line", "", &["--set run.tick=7m: run.tick", "divide the market slot"])
        },
    ]
}

pub(crate) fn from() -> Vec<Case> {
    let from = |name, lines: &str, says| {
        head(name, lines, says).replacing("base = \"martinique-day\"", "from = \"snapshot.json\"")
    };
    const TOLD: &str = "run.start can not be changed: a run from a snapshot begins at its instant";
    let axis =
        |name, lines: &str, says| from(name, "", says).replacing("key = \"pv.*.tilt_deg\"\nvalues = [10, 20]", lines);
    vec![
        head("a base and a snapshot", "from = \"snapshot.json\"", &["line 5", "from can not go with `base`"]),
        from("a snapshot that is not there", "", &["line 3", "from is \"live/x\": there is no live twin here"])
            .replacing("snapshot.json", "live/x"),
        from("a snapshot that is a number", "", &["line 3", "from is 3: write a text in quotes"])
            .replacing("\"snapshot.json\"", "3"),
        from("another start for all", "[set]\n\"run.start\" = \"2026-03-20\"", &["line 6", TOLD]),
        axis("an axis of starts", "key = \"run.start\"\nvalues = [\"2026-03-20\"]", &["line 9", TOLD]),
        axis("a case with another start", "cases.a = { \"run.start\" = \"2026-03-20\" }", &["line 8", TOLD]),
        axis(
            "a later value with another start",
            "key = \"run\"\nvalues = [\n{ duration = \"1d\" },\n{ start = \"2026-03-20\" }]",
            &["line 10", TOLD],
        ),
        Case {
            sets: vec!["run.start=2026-03-20"],
            ..from("a start of the command line", "", &["--set run.start", TOLD])
        },
        from(
            "a duration that is none",
            "[set]\n\"run.duration\" = \"soon\"",
            &["line 6", "run.duration `soon` is not a duration"],
        ),
        from(
            "a duration of no whole number of ticks",
            "[set]\n\"run.duration\" = \"7m\"",
            &["line 6", "run.duration must be a whole number of ticks"],
        ),
    ]
}
