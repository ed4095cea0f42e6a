//! Mistakes in the points of a list, and too many of them.

use crate::*;

const POINT: &str = "[[point]]\ntilt = 10\nmode = \"flat\"\n";

pub(crate) fn tables() -> Vec<Case> {
    vec![
        list("a list without points", "", &["line 1", "point is missing: list points as tables [[point]]"]),
        list(
            "a point without an axis",
            &format!("{POINT}[[point]]\ntilt = 3"),
            &["line 16", "point 2 does not say `mode`"],
        ),
        list(
            "a point of an unknown axis",
            &format!("{POINT}tlit = 3"),
            &["line 16", "point 1 gives `tlit`, which is no axis: did you mean `tilt`?"],
        ),
        list(
            "a point of no axis at all",
            &format!("{POINT}zzzzzz = 3"),
            &["line 16", "`zzzzzz`, which is no axis: there are tilt, mode"],
        ),
        list(
            "an unknown case",
            &POINT.replace("flat", "falt"),
            &["line 15", "gives `mode` the case `falt`, which it has not: did you mean `flat`?"],
        ),
        list("points that are a table", "[point]\ntilt = 3", &["line 13", "point is a table: write [[point]]"]),
        list("points without a table", "", &["line 5", "point is empty: write [[point]] for each point"])
            .replacing("\n\n", "\npoint = []\n"),
        list("a value out of limits", &POINT.replace("10", "91"), &["line 14", "pv.pv_01.tilt_deg is 91"]),
        list("values of a list's axis", POINT, &["line 9", "axis.tilt.values can not go with the method list"])
            .replacing("deg\"\n", "deg\"\nvalues = [1]\n"),
        list("a law of a list's axis", POINT, &["line 9", "axis.tilt.law can not go with the method list"])
            .replacing("deg\"\n", "deg\"\nlaw = { normal = [1, 2] }\n"),
    ]
}

pub(crate) fn files() -> Vec<Case> {
    vec![
        csv("no such file", "", &["line 5", "points is \"desgn.csv\": can not read desgn.csv"])
            .replacing("design", "desgn"),
        csv("a file that is a number", "", &["line 5", "points is a number: write the name of a CSV file"])
            .replacing("\"design.csv\"", "3"),
        csv("tables and a file", "tilt,mode\n1,flat\n", &["line 14", "point can not go with `points`"])
            .replacing("[[axis]]", "[[point]]\ntilt = 1\nmode = \"flat\"\n[[axis]]")
            .replacing("[[point]]", "\n\n\n\n\n\n\n[[point]]"),
        csv("an empty file", "", &["design.csv", "has no column `tilt`, its first line names nothing"]).problems(2),
        csv(
            "a column that is missing",
            "tilt\n3\n",
            &["design.csv", "no column `mode`", "name a column for every axis"],
        ),
        csv(
            "a column of no axis",
            "tilt,mode,albedo\n3,flat,1\n",
            &["design.csv, line 1", "column `albedo`, which is no axis"],
        ),
        csv(
            "a column twice",
            "tilt,mode,tilt\n3,flat,1\n",
            &["design.csv", "two columns `tilt`: rename or remove one"],
        ),
        csv("no rows", "tilt,mode\n", &["design.csv", "holds no points: write a row for each"]),
        csv("an empty cell", "tilt,mode\n3,flat\n,flat\n", &["design.csv, line 3", "empty cell in the column `tilt`"]),
        csv("an unknown case of a row", "tilt,mode\n3,steeep\n", &["design.csv, line 2", "did you mean `steep`?"]),
        csv("a short row", "tilt,mode\n3\n", &["design.csv, line 2", "has 1 fields where the first line names 2"]),
        csv("semicolons", "tilt;mode\n3;flat\n", &["design.csv, line 1", "separates columns with semicolons"]),
        csv(
            "a word for a number",
            "tilt,mode\n1,flat\nsteep,flat\n",
            &["design.csv, line 3", "pv.pv_01.tilt_deg is a text"],
        ),
    ]
}

pub(crate) fn too_many() -> Vec<Case> {
    let many = |name: &'static str, axes: usize, says| {
        let axis = |index| format!("[[axis]]\nname = \"x{index}\"\nkey = \"pv.*.x{index}\"\nrange = [0, 1]\n");
        let axes: String = (0..axes).map(axis).collect();
        whole(name, &format!("{HEAD}{axes}"), says)
    };
    vec![
        head(
            "too many replicates",
            "replicates = 600_000",
            &["line 6", "axis makes 2 points and 1200000 runs: at most 1000000"],
        ),
        whole(
            "too many combinations",
            &format!("{HEAD}{}", axes_of_a_thousand(3)),
            &["makes 1000000000 points and 1000000000 runs"],
        ),
        whole(
            "more combinations than numbers",
            &format!("{HEAD}{}", axes_of_a_thousand(8)),
            &["18446744073709551615 points"],
        ),
        many("too many dimensions", 129, &["axis is there more than 128 times", "take lhs"])
            .replacing("\"grid\"", "\"sobol\"\nn = 8"),
    ]
}

fn axes_of_a_thousand(count: usize) -> String {
    let axis =
        |index| format!("[[axis]]\nname = \"x{index}\"\nkey = \"pv.*.x{index}\"\nrange = [0, 1]\nsteps = 1000\n");
    (0..count).map(axis).collect()
}
