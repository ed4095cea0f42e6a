//! Mistakes in axes: names and keys, values, ranges, laws, cases.

use crate::*;

const KEY: &str = "key = \"pv.*.tilt_deg\"\n";

/// An axis of a grid with a right key; what is added begins in line 8.
fn keyed(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    axis(name, &format!("{KEY}{lines}"), says)
}

/// The same of a design; what is added begins in line 9.
fn drawn(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    sampled(name, &format!("{KEY}{lines}"), says)
}

pub(crate) fn axes() -> Vec<Case> {
    let named = |name, axis: &str, says| keyed(name, "values = [1]", says).replacing("\"x\"", axis);
    vec![
        keyed("no name", "values = [1]", &["line 5", "axis 1.name is missing"]).replacing("name = \"x\"\n", ""),
        named("a capital name", "\"Tilt\"", &["line 6", "axis.Tilt.name is \"Tilt\", which can not be a column"]),
        named("a name with a dash", "\"tilt-deg\"", &["line 6", "\"tilt-deg\"", "small letters, digits or `_`"]),
        named("a name of a column", "\"seed\"", &["line 6", "is `seed`, which is a column of every sweep"]),
        named("a name that is a number", "3", &["line 6", "axis 1.name is 3: write a text in quotes"]),
        keyed(
            "two axes of a name",
            &format!("values = [1]\n{}", AXIS.replace("tilt\"", "x\"").replace("tilt_deg", "albedo")),
            &["line 10", "axis.x.name is the name of two axes"],
        ),
        keyed(
            "a key of two axes",
            &format!("values = [1]\n{AXIS}"),
            &["line 11", "sets `pv.*.tilt_deg` over `pv.*.tilt_deg` of axis.x"],
        ),
        axis(
            "a key over another",
            &format!("key = \"pv.pv_01.tilt_deg\"\nvalues = [1]\n{AXIS}"),
            &["line 11", "over `pv.pv_01.tilt_deg` of axis.x"],
        ),
        axis("no key", "values = [1]", &["line 5", "axis.x.key is missing: write the dotted key"]),
        axis(
            "key and keys",
            "key = \"pv.*.albedo\"\nkeys = [\"pv.*.tilt_deg\"]\nvalues = [1]",
            &["line 8", "keys and key are both there"],
        ),
        axis("no keys", "keys = []\nvalues = [1]", &["line 7", "keys is no list of keys"]),
        axis(
            "a key twice",
            "keys = [\"pv.*.albedo\", \"pv.*.albedo\"]\nvalues = [1]",
            &["line 7", "keys names a key twice"],
        ),
        axis(
            "keys that are numbers",
            "keys = [3]\nvalues = [1]",
            &["line 7", "keys holds a number: write keys in quotes"],
        ),
        axis("a key that is a number", "key = 3\nvalues = [1]", &["line 7", "axis.x.key is 3: write a text in quotes"]),
        axis("a key that is no path", "key = \"pv..tilt\"\nvalues = [1]", &["line 7", "`pv..tilt` is no dotted key"]),
        axis(
            "an axis of seeds",
            "key = \"run.seed\"\nvalues = [1]",
            &["line 7", "key is the seed of a run", "seeds = [1, 2, 3]"],
        ),
        axis("an axis of records", "key = \"run.record\"\nvalues = [\"full\"]", &["line 7", "below [set]"]),
        axis(
            "a key within a number",
            "key = \"pv.pv_01.peak_kw.x\"\nvalues = [1]",
            &["line 8", "pv.pv_01.peak_kw.x", "would lie within a number"],
        ),
        axis(
            "a star that stands for nothing",
            "key = \"run.*.x\"\nrange = [0, 1]\nsteps = 2",
            &["line 8", "run.*.x `*` stands for tables"],
        ),
        sampled(
            "a star of a drawn axis",
            "key = \"place.*.x\"\nrange = [0, 1]",
            &["line 8", "place.*.x `*` stands for tables"],
        ),
        keyed("an unknown key", "value = [1]", &["line 8", "axis.x.value is no known key: did you mean `values`?"])
            .problems(2),
        keyed("no values", "", &["line 5", "axis.x.values says no values", "range = [low, high] with steps"]),
        drawn("no values of a design", "", &["line 6", "axis.x.values says no values", "law or cases"]),
        keyed("an empty list", "values = []", &["line 8", "axis.x.values is empty"]),
        keyed("a value in place of a list", "values = 3", &["line 8", "axis.x.values is a number: write a list"]),
        keyed("a value twice", "values = [1, 2,\n1]", &["line 9", "values holds 1 twice", "replicates"]),
        keyed(
            "values and a range",
            "values = [1]\nrange = [1, 2]",
            &["line 8", "axis.x.values can not go with `range`"],
        ),
        keyed(
            "a range and a law",
            "range = [1, 2]\nlaw = { uniform = [1, 2] }",
            &["line 8", "range can not go with `law`"],
        ),
    ]
}

pub(crate) fn ranges() -> Vec<Case> {
    vec![
        keyed(
            "a range from above",
            "range = [8, 2]\nsteps = 3",
            &["line 8", "range goes from 8 down to 2", "lower number first"],
        ),
        keyed("a range of three", "range = [1, 2, 3]\nsteps = 3", &["line 8", "range has 3 values: write 2"]),
        keyed("a range without end", "range = [0, inf]\nsteps = 3", &["line 8", "range value 2 of the list is inf"]),
        keyed(
            "a range of texts",
            "range = [\"a\", \"b\"]\nsteps = 3",
            &["line 8", "range holds something that is no number"],
        ),
        keyed("a range without steps", "range = [0, 1]", &["line 5", "axis.x.steps is missing"]),
        keyed("one step of two ends", "range = [0, 1]\nsteps = 1", &["line 9", "steps is 1, which leaves out 1"]),
        keyed("two steps of one end", "range = [1, 1]\nsteps = 2", &["line 9", "steps is 2, but both ends are 1"]),
        keyed("no steps", "range = [0, 1]\nsteps = 0", &["line 9", "steps is 0: must lie between 1 and"]),
        drawn(
            "steps of a design",
            "range = [0, 1]\nsteps = 3",
            &["line 10", "steps goes with the method grid only", "`n`"],
        ),
        keyed("steps of values", "values = [0, 1]\nsteps = 2", &["line 9", "steps goes with `range` only"]),
        keyed("a scale of values", "values = [0, 1]\nscale = \"log\"", &["line 9", "scale goes with `range` only"]),
        keyed("whole values", "values = [0, 1]\nwhole = true", &["line 9", "whole goes with `range` or `law` only"]),
        keyed(
            "an unknown scale",
            "range = [1, 2]\nsteps = 2\nscale = \"square\"",
            &["line 10", "scale is \"square\"", "\"linear\", \"log\""],
        ),
        keyed(
            "a logarithm of nothing",
            "range = [0, 1]\nsteps = 3\nscale = \"log\"",
            &["line 8", "range begins at 0", "must exceed 0"],
        ),
        drawn("a logarithm below nothing", "range = [-1, 1]\nscale = \"log\"", &["line 9", "range begins at -1"]),
        drawn(
            "a range without whole numbers",
            "range = [1.2, 1.8]\nwhole = true",
            &["line 9", "no whole number between 1.2 and 1.8"],
        ),
        drawn("whole numbers beyond all", "range = [0, 1e17]\nwhole = true", &["line 9", "too wide for whole numbers"]),
    ]
}

pub(crate) fn laws() -> Vec<Case> {
    vec![
        keyed(
            "a law in a grid",
            "law = { normal = [15, 3] }",
            &["line 8", "axis.x.law can not go with the method grid"],
        ),
        drawn("an unknown law", "law = { gauss = [15, 3] }", &["line 9", "law has the unknown key `gauss`"]),
        drawn("no law", "law = {}", &["line 9", "law names 0 laws"]),
        drawn("a law that is a number", "law = 3", &["line 9", "axis.x.law is a number: write { uniform"]),
        drawn("a deviation below zero", "law = { normal = [15, -3] }", &["line 9", "deviation of -3"]),
        drawn(
            "bounds that cross",
            "law = { normal = [15, 3], min = 20, max = 10 }",
            &["line 9", "cut off at 20 and 10"],
        ),
        drawn(
            "bounds out of reach",
            "law = { normal = [15, 3], min = 500 }",
            &["line 9", "hardly ever lies between its bounds"],
        ),
        drawn(
            "a law without whole numbers",
            "law = { normal = [15, 3], min = 15.2, max = 15.8 }\nwhole = true",
            &["line 9", "no whole number between 15.2 and 15.8"],
        ),
        drawn(
            "a choice of too few weights",
            "law = { choice = [1, 2], weights = [1] }",
            &["line 9", "2 values with 1 weights"],
        ),
        drawn(
            "a law without a lowest value",
            "law = { normal = [15, 3] }",
            &["line 10", "has no lowest value", "write `min`"],
        )
        .replacing("\"lhs\"", "\"sobol\"\nscramble = false"),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        axis("no case", "cases = {}", &["line 7", "axis.x.cases is empty: write a table for each case"]),
        axis("cases that are a list", "cases = [1]", &["line 7", "cases is a list: write a table for each"]),
        axis(
            "a case that is a number",
            "cases.a = 3",
            &["line 7", "axis.x.cases.a is a number: write a table of dotted keys"],
        ),
        axis("a case of nothing", "[axis.cases.a]", &["line 7", "axis.x.cases.a sets nothing"]),
        axis(
            "a case without quotes",
            "[axis.cases.a]\nretailer.peak_eur_per_mwh = 3",
            &["line 8", "\"retailer.peak_eur_per_mwh\" ="],
        ),
        axis(
            "a key of one case only",
            "[axis.cases.a]\n\"pv.*.albedo\" = 0.1\n\"pv.*.tilt_deg\" = 1\n[axis.cases.b]\n\"pv.*.albedo\" = 0.2",
            &["line 10", "cases.b does not set `pv.*.tilt_deg`, which case a sets"],
        ),
        axis(
            "a key of the other case only",
            "[axis.cases.b]\n\"pv.*.albedo\" = 0.2\n[axis.cases.a]\n\"pv.*.albedo\" = 0.1\n\"pv.*.tilt_deg\" = 1",
            &["line 9", "cases.a sets `pv.*.tilt_deg`, which case b does not"],
        ),
        axis(
            "cases with a key",
            "key = \"pv.*.albedo\"\ncases.a = { \"pv.*.albedo\" = 0.1 }",
            &["line 7", "key can not go with `cases`"],
        ),
        axis(
            "cases and values",
            "values = [1]\ncases.a = { \"pv.*.albedo\" = 0.1 }",
            &["line 7", "values can not go with `cases`"],
        ),
        axis("a case of seeds", "cases.a = { \"run.seed\" = 1 }", &["line 7", "cases.a.run.seed is the seed of a run"]),
        axis(
            "a case within a number",
            "cases.a = { \"pv.pv_01.peak_kw.x\" = 1 }",
            &["line 7", "would lie within a number"],
        ),
        axis(
            "a case of another axis",
            &format!("cases.a = {{ \"pv.*.tilt_deg\" = 1 }}\n{AXIS}"),
            &["line 10", "axis.tilt sets `pv.*.tilt_deg` over `pv.*.tilt_deg` of axis.x"],
        ),
    ]
}

pub(crate) fn found_by_resolving() -> Vec<Case> {
    vec![
        axis(
            "an asset that is not there",
            "key = \"pv.pv_99.tilt_deg\"\nvalues = [1]",
            &["line 8: pv.pv_99.commune is missing", "is its name misspelt?"],
        )
        .problems(2),
        axis(
            "a key that names no parameter",
            "key = \"pv.*.tilt\"\nvalues = [\n 10]",
            &["line 9", "pv.pv_01.tilt is no known key: did you mean `tilt_deg`?"],
        ),
        axis("a section that is none", "key = \"sola.x\"\nvalues = [1]", &["line 8", "sola is no known section"]),
        keyed(
            "a value beyond its limits",
            "values = [10,\n 91]",
            &["line 9", "pv.pv_01.tilt_deg is 91: must lie between 0 and 90 (and so for 9 more)"],
        ),
        keyed("a range beyond limits", "range = [80, 100]\nsteps = 3", &["line 8", "pv.pv_01.tilt_deg is 100"]),
        axis(
            "a fraction for a whole number",
            "key = \"pv.pv_01.phases\"\nrange = [1, 3]\nsteps = 2",
            &["line 8", "pv.pv_01.phases is 1: write a whole number"],
        ),
        axis(
            "a value of the wrong type",
            "key = \"market.mechanism\"\nvalues = [3]",
            &["line 8", "market.mechanism is 3: write a text"],
        ),
        axis(
            "a case beyond limits",
            "[axis.cases.a]\n\"pv.pv_01.tilt_deg\" = 91",
            &["line 8", "pv.pv_01.tilt_deg is 91"],
        ),
        sampled(
            "a law beyond limits",
            "key = \"pv.pv_01.tilt_deg\"\nlaw = { uniform = [91, 92] }",
            &["line 9", "pv.pv_01.tilt_deg is 91", "between 0 and 90"],
        ),
    ]
}
