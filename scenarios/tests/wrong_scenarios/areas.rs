//! Mistakes in the areas of the market, and in the retailer behind it.

use crate::*;

const TWO: &str = "[area.island]\n[area.north]\nparent = \"island\"\n";

pub(crate) fn areas() -> Vec<Case> {
    let area = |name, body: &str, says| case(name, &format!("{PV}{body}"), says);
    let north = |name, keys: &str, says| case(name, &format!("{PV}{TWO}{keys}\n"), says);
    let pairs = |name, keys: &str, says| {
        let body = format!("{PV}[area.rest]\n[area.north]\nfee_to_eur_per_mwh = {{ rest = 5 }}\n{keys}\n");
        case(name, &body, says)
    };
    vec![
        north(
            "an unknown commune",
            "communes = [\"Lamentin\"]",
            &["line 11: area.north.communes names no commune", "did you mean Le Lamentin?"],
        ),
        north(
            "an unknown portfolio",
            "portfolios = [\"cariflexx\"]",
            &["line 11: area.north.portfolios names `cariflexx`", "did you mean `cariflex`?"],
        ),
        north(
            "an unknown site",
            "sites = [\"nowhere\"]",
            &["line 11: area.north.sites names `nowhere`, which is no site", "correct or remove it"],
        ),
        north(
            "a commune in two areas",
            "communes = [\"Ducos\"]\n[area.south]\nparent = \"island\"\ncommunes = [\"Ducos\"]",
            &["line 14: area.south.communes names `Ducos`, as area.north does already", "in one area"],
        ),
        area(
            "two roots",
            "[area.north]\n[area.south]\ncommunes = [\"Ducos\"]\n",
            &[
                "area.south.parent makes no tree: areas `north` and `south` are both without a parent",
                "add an area above",
            ],
        ),
        area(
            "areas in a circle",
            "[area.island]\n[area.a]\nparent = \"b\"\n[area.b]\nparent = \"a\"\n",
            &["parent makes no tree: area `", "lies within itself", "break the cycle"],
        ),
        area(
            "an area in itself",
            "[area.a]\nparent = \"a\"\n",
            &["line 9: area.a.parent makes no tree: area `a` lies within itself"],
        ),
        area(
            "an unknown parent",
            "[area.island]\n[area.a]\nparent = \"iland\"\n",
            &["line 10: area.a.parent names `iland`, which is no area: did you mean `island`?"],
        ),
        area(
            "a fee around everything",
            "[area.island]\nfee_share = 0.1\n",
            &["line 9: area.island.fee_share makes no tree: area `island` is the root and has a fee", "drop the fee"],
        ),
        north(
            "a fee that pays",
            "fee_eur_per_mwh = -3",
            &["line 11: area.north.fee_eur_per_mwh", "-3", "between 0 and 100000"],
        ),
        pairs(
            "both kinds of fee",
            "fee_eur_per_mwh = 3\ncommunes = [\"Ducos\"]",
            &["line 11: area.north.fee_eur_per_mwh is of areas within areas", "keep one of the two kinds"],
        ),
        pairs(
            "pairs within areas",
            "parent = \"rest\"\ncommunes = [\"Ducos\"]",
            &["line 11: area.north.parent is of areas within areas", "fee_to_eur_per_mwh"],
        ),
        pairs(
            "a pair without a fee",
            "communes = [\"Ducos\"]\n[area.south]\nsites = [\"pv_01\"]\nfee_to_eur_per_mwh = { rest = 1 }",
            &["line 10: area.north.fee_to_eur_per_mwh says nothing of `south`", "what a MWh costs"],
        ),
        pairs(
            "a fee to nowhere",
            "communes = [\"Ducos\"]\n[area.south]\nsites = [\"pv_01\"]\nfee_to_eur_per_mwh = { rest = 1, norht = 2, north = 1 }",
            &["line 14: area.south.fee_to_eur_per_mwh names `norht`", "did you mean `north`?"],
        ),
        pairs(
            "a mechanism beside pairs",
            "communes = [\"Ducos\"]\n[market]\nmechanism = \"pay-as-bid\"",
            &["line 13: market.mechanism is written", "match orders by themselves", "leave it out"],
        ),
        pairs(
            "a mechanism compared with pairs",
            "communes = [\"Ducos\"]\n[market]\ncompare = [\"retailer-only\", \"pay-as-bid\"]",
            &["line 13: market.compare holds \"pay-as-bid\"", "leave mechanisms out"],
        ),
        pairs(
            "the retailer behind pairs",
            "communes = [\"Ducos\"]\n[market]\nbackstop = true",
            &["line 13: market.backstop stands in no area", "nest the areas"],
        ),
        pairs(
            "limits beside pairs",
            "communes = [\"Ducos\"]\nexport_limit_kw = 5",
            &["line 12: area.north.export_limit_kw is of areas within areas", "keep one of the two kinds"],
        ),
        north(
            "a share of prices that limits make",
            "import_limit_kw = 5\nfee_share = 0.1",
            &["line 12: area.north.fee_share is a share of the price", "write fee_eur_per_mwh instead"],
        ),
        area(
            "a limit around everything",
            "[area.island]\nexport_limit_kw = 5\n",
            &["line 9: area.island.export_limit_kw is on the boundary of the root", "add an area around it"],
        ),
        north(
            "a limit below nothing",
            "export_limit_kw = -5",
            &["line 11: area.north.export_limit_kw", "-5", "between 0 and 1000000000"],
        ),
        north(
            "a mechanism beside limits",
            "export_limit_kw = 5\n[market]\nmechanism = \"pay-as-bid\"",
            &["line 13: market.mechanism is written", "clear areas by themselves", "leave it out"],
        ),
        north(
            "a mechanism compared with limits",
            "export_limit_kw = 5\n[market]\ncompare = [\"retailer-only\", \"pay-as-bid\"]",
            &["line 13: market.compare holds \"pay-as-bid\"", "leave mechanisms out"],
        ),
        area(
            "a trader in no area",
            "[area.a]\ncommunes = [\"Ducos\"]\nfee_to_eur_per_mwh = { b = 5 }\n[area.b]\ncommunes = [\"Le Robert\"]\n",
            &["area leaves the site `", "without an area", "names nobody"],
        ),
        area(
            "a retailer that trades with itself",
            "[market]\nbackstop = true\n[retailer]\nfeed_in_eur_per_mwh = 207\n",
            &["line 9: market.backstop has the retailer trade with itself", "lower retailer.feed_in_eur_per_mwh"],
        ),
        north(
            "a continuous product in areas",
            "[product.intraday]\ntrading = \"continuous\"\nevery = \"15m\"\nat = \"0m\"\nlead = \"30m\"\ncontracts = 4",
            &["line 12: product.intraday.trading is continuous, but only auctions clear area by area"],
        ),
    ]
}
