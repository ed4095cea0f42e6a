//! Mistakes in fleets, in what is extended, and in what the command line changes.

use crate::*;

pub(crate) fn fleets() -> Vec<Case> {
    let pv = |name, keys: &str, says| case(name, &format!("[fleet.roofs]\nof = \"pv\"\n{keys}\n"), says);
    let at =
        |name, keys: &str, says| case(name, &format!("{HOMES}[fleet.roofs]\nof = \"pv\"\npeak_kw = 4\n{keys}\n"), says);
    vec![
        pv("a fleet without a count", "peak_kw = 4", &["line 6", "fleet.roofs.count is missing", "or `at`"]),
        pv(
            "a fleet of half a member",
            "peak_kw = 4\ncount = 2.5",
            &["line 9", "fleet.roofs.count is 2.5", "whole number"],
        ),
        pv(
            "a fleet of far too many",
            "peak_kw = 4\ncount = 3_000_000",
            &["line 9", "fleet.roofs.count is 3000000", "between 0 and 2000000"],
        ),
        at("a count and a host", "at = \"homes\"\ncount = 3", &["line 13", "fleet.roofs.count", "left out with `at`"]),
        at("a host misspelt", "at = \"hmoes\"", &["line 12", "fleet.roofs.at is `hmoes`", "did you mean `homes`?"]),
        at(
            "a fleet at its own sites",
            "at = \"roofs\"",
            &["line 12", "fleet.roofs.at", "circle, roofs at roofs", "`count`"],
        ),
        case(
            "fleets in a circle",
            "[fleet.a]\nof = \"household\"\nat = \"b\"\n[fleet.b]\nof = \"household\"\nat = \"a\"\n",
            &["line 8: fleet.a.at", "a at b at a", "line 11: fleet.b.at"],
        )
        .problems(2),
        case(
            "a fleet at one without a host",
            "[fleet.a]\nof = \"household\"\nat = \"b\"\n[fleet.b]\nof = \"household\"\nat = \"xyz\"\n",
            &["line 11", "fleet.b.at is `xyz`", "name another fleet"],
        ),
        at(
            "a share above one",
            "at = \"homes\"\nshare = 1.5",
            &["line 13", "fleet.roofs.share is 1.5", "between 0 and 1"],
        ),
        at("a share of nothing", "count = 3\nshare = 0.5", &["line 13", "fleet.roofs.share", "name it as `at`"]),
        at(
            "a host and a commune",
            "at = \"homes\"\ncommune = \"Ducos\"",
            &["line 13", "fleet.roofs.commune", "leave it out"],
        ),
        at(
            "another portfolio than the host's",
            "at = \"homes\"\nportfolio = \"b\"",
            &["line 13", "fleet.roofs.portfolio is `b`", "`cariflex` for fleet.homes"],
        ),
        case(
            "a kind nobody knows",
            "[fleet.homes]\nof = \"houshold\"\ncount = 3\n",
            &["line 7", "fleet.homes.of is \"houshold\"", "\"household\""],
        ),
        case("no kind", "[fleet.homes]\ncount = 3\n", &["line 6", "fleet.homes.of is missing", "write of"]),
        case(
            "a key of another kind",
            &format!("{HOMES}peak_kw = 3\n"),
            &["line 9", "fleet.homes.peak_kw is no known key"],
        ),
        case("a fleet that is a number", "[fleet]\nhomes = 3\n", &["line 7", "fleet.homes is a number", "table"]),
        pv(
            "a law nobody knows",
            "count = 3\npeak_kw = { gauss = [4, 1] }",
            &["line 9", "fleet.roofs.peak_kw", "unknown key `gauss`", "{ normal ="],
        ),
        pv(
            "a law upside down",
            "count = 3\npeak_kw = { uniform = [9, 3] }",
            &["line 9", "fleet.roofs.peak_kw", "from 9 down to 3", "lower number first"],
        ),
        pv(
            "a law beyond the limits",
            "count = 3\ntilt_deg = { uniform = [0, 100] }\npeak_kw = 4",
            &["line 9", "fleet.roofs.tilt_deg can be 100", "between 0 and 90"],
        ),
        pv(
            "a law that hardly ever fits",
            "count = 3\npeak_kw = { normal = [-500, 1] }",
            &["line 9", "fleet.roofs.peak_kw hardly ever", "widen"],
        ),
        pv(
            "bounds beyond the limits",
            "count = 3\npeak_kw = { normal = [4, 1], max = 1e300 }",
            &["line 9", "cut off at 0.001 and 1e300"],
        ),
        pv(
            "weights for fewer values",
            "count = 3\npeak_kw = { choice = [3, 4, 5], weights = [1, 2] }",
            &["line 9", "3 values with 2 weights", "give each"],
        ),
        pv(
            "weights below zero",
            "count = 3\npeak_kw = { choice = [3, 4], weights = [1, -2] }",
            &["line 9", "weights that are negative", "positive"],
        ),
        pv(
            "a whole number that need not be one",
            "count = 3\npeak_kw = 4\nphases = { uniform = [1, 3] }",
            &["line 10", "fleet.roofs.phases can be", "whole numbers only"],
        ),
        pv(
            "communes without weight",
            "count = 3\npeak_kw = 4\ncommune = { Ducos = 0 }",
            &["line 10", "fleet.roofs.commune", "no commune with a weight"],
        ),
        pv(
            "a commune misspelt in weights",
            "count = 3\npeak_kw = 4\ncommune = { Ducas = 1 }",
            &["line 10", "fleet.roofs.commune names no commune", "\"Ducas\""],
        ),
        pv(
            "a weight that is a text",
            "count = 3\npeak_kw = 4\ncommune = { Ducos = \"all\" }",
            &["line 10", "fleet.roofs.commune gives Ducos no weight", "write \"by-population\""],
        ),
        case(
            "vehicles without charge points",
            "[fleet.cars]\nof = \"ev\"\ncount = 3\ncapacity_kwh = 40\npower_kw = 7\n",
            &["line 6", "fleet.cars.evse is missing", "evse = { power_kw"],
        ),
        case(
            "a charge point's wrong key",
            "[fleet.cars]\nof = \"ev\"\ncount = 3\ncapacity_kwh = 40\npower_kw = 7\nevse = { power_kw = 7, phase = 1 }\n",
            &["line 11", "fleet.cars.evse.phase", "`phases`"],
        ),
        case(
            "a share of a flag above one",
            "[fleet.cars]\nof = \"ev\"\ncount = 3\ncapacity_kwh = 40\npower_kw = 7\nv2g = { share = 2 }\nevse = { power_kw = 7 }\n",
            &["line 11", "fleet.cars.v2g", "between 0 and 1"],
        ),
        case(
            "a fleet of a long name",
            &HOMES.replace("homes", &"h".repeat(51)),
            &["line 6", "too long a name", "at most 50"],
        ),
        case(
            "members of one name",
            &format!("{HOMES}[household]\nhomes_000003 = {{ commune = \"Ducos\" }}\n"),
            &["second asset of the name of", "rename"],
        ),
    ]
}

pub(crate) fn extending_and_setting() -> Vec<Case> {
    let base = "version = 2\n[pv]\nroof = { commune = \"Ducos\" }\n";
    vec![
        at_top(
            case(
                "a base that is not there",
                "",
                &["scenario.toml, line 1", "extends is \"no.toml\"", "no scenario `no.toml`", "`martinique`"],
            ),
            "extends = \"no.toml\"",
        ),
        at_top(
            case(
                "a base that is a list",
                "",
                &["scenario.toml, line 1", "extends is a list", "one scenario in quotes"],
            ),
            "extends = [\"martinique\"]",
        ),
        extending(
            "a circle of files",
            "",
            "version = 2\nextends = \"scenario.toml\"\n",
            &["base.toml, line 2", "circle", "scenario.toml to base.toml to scenario.toml"],
        ),
        extending(
            "a base of version 1",
            "",
            "version = 1\n",
            &["base.toml, line 1", "version is 1", "reads version 2"],
        ),
        extending("a base that is no TOML", "", "version = 2\nwhat\n", &["base.toml", "line 2", "expected"]),
        extending("a mistake in the base", "", base, &["base.toml, line 3", "pv.roof.peak_kw is missing"]),
        extending(
            "a mistake over the base",
            "[pv]\nroof = { peak_kw = -2 }\n",
            base,
            &["scenario.toml, line 8", "pv.roof.peak_kw is -2"],
        ),
        extending(
            "a number over a table",
            "[pv]\nroof = 4\n",
            base,
            &["scenario.toml, line 8", "pv.roof is a number", "write a table"],
        ),
        set("an option that assigns nothing", "run.seed", &["--set run.seed: is no assignment", "KEY=VALUE"]),
        set("an option without a key", "=3", &["--set =3", "no dotted key", "write for instance"]),
        set("an option with a key too long", "run.start.x=3", &["--set run.start.x=3", "within a text", "too long"]),
        set("a star over nothing", "run.*.x=3", &["--set run.*.x=3", "there are none"]),
        set("an unknown key from outside", "pv.*.tilt=3", &["--set pv.*.tilt=3: pv.pv_01.tilt", "`tilt_deg`"]),
        set("an unknown section from outside", "rnu.seed=3", &["--set rnu.seed=3: rnu", "did you mean `run`?"]),
        set(
            "an asset misspelt from outside",
            "pv.pv_1.peak_kw=3",
            &["--set pv.pv_1.peak_kw=3: pv.pv_1.commune is missing", "misspelt"],
        ),
        set(
            "a fleet that there is not",
            "fleet.homes.count=3",
            &["--set fleet.homes.count=3: fleet.homes.of is missing", "misspelt?"],
        ),
        set(
            "a list cut short",
            "dso.price_shape=[1, 2",
            &["--set dso.price_shape=[1, 2: dso.price_shape is a text", "list of 24 numbers"],
        ),
        set("another version from outside", "version=3", &["--set version=3: version is 3", "this program reads"]),
        set("another base from outside", "extends=martinique", &["--set extends=martinique: extends", "write a file"]),
        set(
            "a table for a number",
            "pv.pv_01.peak_kw={ kw = 3 }",
            &["--set pv.pv_01.peak_kw={ kw = 3 }: pv.pv_01.peak_kw has the unknown key `kw`"],
        ),
        set("a name in quotes from outside", "pv.'pv 01'.peak_kw=3", &["pv.pv 01", "\"pv 01\" can not be a name"]),
        set(
            "a commune with accents",
            "pv.pv_01.commune=Schoelcher",
            &["pv.pv_01.commune names no commune", "did you mean Schœlcher?"],
        ),
    ]
}
