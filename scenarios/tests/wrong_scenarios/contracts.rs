//! Mistakes in contracts, taxes and standing charges.

use crate::*;

pub(crate) fn contracts() -> Vec<Case> {
    let contract = |name, keys: &str, says| {
        let text = format!("{PV}[contract.a]\nstrike_eur_per_mwh = 150\n{keys}\n");
        case(name, &text, says)
    };
    let cfd = |name, keys: &str, says| contract(name, &format!("kind = \"two-way-cfd\"\n{keys}"), says);
    let settlement = |name, keys: &str, says| case(name, &format!("{PV}[settlement]\n{keys}\n"), says);
    vec![
        cfd("a contract of nobody", "", &["contract.a.seller is missing"]),
        cfd(
            "a party misspelt",
            "seller = \"pv_1\"",
            &["line 11: contract.a.seller is `pv_1`", "did you mean `pv_01`?"],
        ),
        cfd(
            "a contract with oneself",
            "seller = \"pv_01\"\nbuyer = \"pv_01\"",
            &["line 12: contract.a.buyer is the seller too"],
        ),
        cfd(
            "a retailer that feeds in",
            "seller = \"retailer\"\nbuyer = \"pv_01\"",
            &["line 11: contract.a.seller is the retailer", "name a site"],
        ),
        cfd(
            "a reference that nobody trades",
            "seller = \"pv_01\"\nreference = \"spott\"",
            &["line 12: contract.a.reference is `spott`", "known are spot"],
        ),
        cfd(
            "a contract that is over before it begins",
            "seller = \"pv_01\"\nfrom = \"12h\"\nuntil = \"6h\"",
            &["line 13: contract.a.until is", "let it end later"],
        ),
        cfd(
            "bounds without swing",
            "seller = \"pv_01\"\nmaximum_kw = 3",
            &["line 12: contract.a.maximum_kw is for swing contracts"],
        ),
        contract(
            "bounds that are swapped",
            "kind = \"swing\"\nbuyer = \"pv_01\"\nseller = \"retailer\"\nminimum_kw = 4\nmaximum_kw = 3",
            &["line 13: contract.a.minimum_kw is above maximum_kw"],
        ),
        contract(
            "a fixed quantity of nothing",
            "kind = \"fixed-quantity\"\nseller = \"pv_01\"",
            &["contract.a.contracted_kw is missing"],
        ),
        contract(
            "energy under contract beside a comparison",
            "kind = \"feed-in-tariff\"\nseller = \"pv_01\"\n[market]\ncompare = [\"retailer-only\"]",
            &["line 13: market.compare compares rules that know nothing", "leave one of the two out"],
        ),
        settlement(
            "a tax on nothing there is",
            "tax_on = [\"retail\", \"grid_fee\"]",
            &["line 9: settlement.tax_on holds \"grid_fee\"", "\"grid-fee\""],
        ),
        settlement("a tax too fine", "tax_percent = 8.555", &["line 9: settlement.tax_percent is finer"]),
        settlement(
            "a reduced tax on no line",
            "reduced_tax_percent = 2.1",
            &["settlement.reduced_tax_on is empty", "name the lines"],
        ),
    ]
}
