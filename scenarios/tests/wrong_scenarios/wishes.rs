//! Mistakes in what sites want in the market: quality, premium, partners.

use crate::*;

pub(crate) fn wishes() -> Vec<Case> {
    let pv = |name, key: &str, says| {
        let body = format!("[pv]\npv_01 = {{ commune = \"Ducos\", peak_kw = 5, {key} }}\n");
        case(name, &body, says)
    };
    let market = |name, key: &str, says| case(name, &format!("[market]\n{key}\n{PV}"), says);
    vec![
        pv("a quality beyond the best", "quality = 3", &["line 7", "pv.pv_01.quality is 3", "between 0 and 2"]),
        pv("a negative premium", "premium_percent = -1", &["line 7", "premium_percent is -1", "between 0 and 1000"]),
        pv(
            "one partner, no list",
            "partners = \"pv_01\"",
            &["line 7", "pv.pv_01.partners is", "write a list of sites"],
        ),
        pv("a partner misspelt", "partners = [\"pv_10\"]", &["line 7", "names `pv_10`", "did you mean `pv_01`?"]),
        market("half a level", "wanted_quality = 0.5", &["line 7", "market.wanted_quality is 0.5", "whole number"]),
        market(
            "contracts of nothing",
            "mechanism = \"negotiation energy_wh=0\"",
            &["line 7", "market.mechanism", "energy_wh=\"0\""],
        ),
        market(
            "iterations in words",
            "mechanism = \"admm iterations=many\"",
            &["line 7", "market.mechanism", "iterations=\"many\""],
        ),
        case(
            "two qualities of one site",
            "[pv]\na = { commune = \"Ducos\", site = \"s\", peak_kw = 5, quality = 1 }\n\
             b = { commune = \"Ducos\", site = \"s\", peak_kw = 5, quality = 2 }\n",
            &["line 8", "pv.b.quality differs", "site `s`", "make them agree"],
        ),
    ]
}
