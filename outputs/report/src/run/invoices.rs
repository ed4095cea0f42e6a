//! Invoices: what the sites of each portfolio pay by month and line, the largest invoices, and what contracts pay.

use std::collections::{BTreeMap, BTreeSet};

use results::ResultsError;
use results::read::{RunHead, Table};
use results::schema::{INVOICES, PARTICIPANTS};
use serde_json::{Map, Value, json};

use crate::rounded::rounded;

/// Most invoices and contracts that are listed.
const MOST_LISTED: usize = 15;

/// Sides of a line, in the order of their sums.
const SIDES: [&str; 2] = ["owed", "due"];

/// Lines of invoices in the order in which they are shown; others follow.
const LINES: [&str; 8] = ["energy", "community", "retail", "balancing", "grid-fee", "levy", "standing", "contract"];

/// Energy and money of some lines of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    quantity_kwh: f64,
    net_eur: f64,
    tax_eur: f64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.quantity_kwh += other.quantity_kwh;
        self.net_eur += other.net_eur;
        self.tax_eur += other.tax_eur;
    }
}

/// Sums by line, by side.
type ByLine = BTreeMap<usize, [Sums; 2]>;

/// The sites of a portfolio, or those in none.
#[derive(Debug, Default)]
struct Group {
    sites: BTreeSet<String>,
    /// By month.
    months: BTreeMap<String, ByLine>,
    /// By site and month.
    invoices: BTreeMap<(String, String), ByLine>,
}

/// All invoices.
#[derive(Debug, Default)]
struct Invoices {
    lines: Vec<String>,
    /// Months, and whether one of their invoices lacks a part of it.
    months: BTreeMap<String, bool>,
    /// By portfolio.
    groups: BTreeMap<Option<String>, Group>,
    /// What each site pays under contracts, by side.
    contracts: BTreeMap<String, [Sums; 2]>,
}

impl Invoices {
    fn read(table: &Table, portfolio_of: &BTreeMap<String, String>) -> Result<Self, ResultsError> {
        let mut invoices = Self { lines: LINES.map(str::to_owned).to_vec(), ..Self::default() };
        let columns = ["site", "month", "is_partial", "line", "side", "quantity_wh", "net_neur", "tax_neur"];
        for batch in table.batches(&columns)? {
            let batch = batch?;
            let (sites, months, partial) = (batch.names("site")?, batch.texts("month")?, batch.booleans("is_partial")?);
            let (lines, sides) = (batch.names("line")?, batch.names("side")?);
            let [quantity, net, tax] = ["quantity_wh", "net_neur", "tax_neur"].map(|column| batch.integers(column));
            let (quantity, net, tax) = (quantity?, net?, tax?);
            for row in 0..batch.rows() {
                let side = SIDES.iter().position(|name| sides.get(row) == Some(name));
                let (Some(site), Some(month), Some(line), Some(side)) =
                    (sites.get(row), months[row], lines.get(row), side)
                else {
                    continue;
                };
                *invoices.months.entry(month.to_owned()).or_default() |= partial[row].unwrap_or(false);
                let sums = Sums {
                    quantity_kwh: quantity[row].unwrap_or(0) as f64 / 1e3,
                    net_eur: net[row].unwrap_or(0) as f64 / 1e9,
                    tax_eur: tax[row].unwrap_or(0) as f64 / 1e9,
                };
                invoices.add(portfolio_of.get(site).cloned(), (site, month), (line, side), &sums);
            }
        }
        Ok(invoices)
    }

    fn add(
        &mut self,
        portfolio: Option<String>,
        (site, month): (&str, &str),
        (line, side): (&str, usize),
        sums: &Sums,
    ) {
        let place = self.lines.iter().position(|known| known == line).unwrap_or_else(|| {
            self.lines.push(line.to_owned());
            self.lines.len() - 1
        });
        if line == "contract" {
            self.contracts.entry(site.to_owned()).or_default()[side].add(sums);
        }
        let group = self.groups.entry(portfolio).or_default();
        group.sites.insert(site.to_owned());
        let of_month = group.months.entry(month.to_owned()).or_default();
        let of_invoice = group.invoices.entry((site.to_owned(), month.to_owned())).or_default();
        for by_line in [of_month, of_invoice] {
            by_line.entry(place).or_default()[side].add(sums);
        }
    }

    /// Portfolios in the order in which they are offered: that of the energy manager first, sites in none last.
    fn groups(&self, first: Option<&str>) -> Vec<Value> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(name, _)| (name.is_none(), name.as_deref() != first, (*name).clone()));
        groups.into_iter().map(|(name, group)| self.group(name.as_deref(), group)).collect()
    }

    fn group(&self, name: Option<&str>, group: &Group) -> Value {
        let mut run = ByLine::new();
        for (line, sides) in group.months.values().flatten() {
            run.entry(*line).or_default().iter_mut().zip(sides).for_each(|(sums, more)| sums.add(more));
        }
        let line = |(line, sides): (&usize, &[Sums; 2])| {
            let of_month = |month: &str| group.months.get(month).and_then(|by_line| by_line.get(line)).copied();
            let by_month = |side: usize| -> Value {
                let months = self.months.keys().map(|month| of_month(month).map(|sides| sides[side].net_eur));
                months.map(|net_eur| rounded(net_eur, 4)).collect()
            };
            let side = |side: usize| {
                json!({
                    "quantity_kwh": rounded(Some(sides[side].quantity_kwh), 3),
                    "net_eur": rounded(Some(sides[side].net_eur), 4),
                    "tax_eur": rounded(Some(sides[side].tax_eur), 4),
                    "by_month_eur": by_month(side),
                })
            };
            json!({ "line": self.lines[*line], "owed": side(0), "due": side(1) })
        };
        let taxes = |month: &String| rounded(Some(group.months.get(month).map_or(0.0, tax_eur)), 4);
        let (invoices, more) = self.largest(group);
        json!({
            "portfolio": name,
            "sites": group.sites.len(),
            "lines": run.iter().map(line).collect::<Vec<_>>(),
            "tax_by_month_eur": self.months.keys().map(taxes).collect::<Vec<_>>(),
            "invoices": invoices,
            "more_invoices": more,
        })
    }

    /// The invoices of the largest amounts, whoever pays; and how many are not listed.
    fn largest(&self, group: &Group) -> (Vec<Value>, usize) {
        let total =
            |by_line: &ByLine| tax_eur(by_line) + by_line.values().flatten().map(|sums| sums.net_eur).sum::<f64>();
        let mut invoices: Vec<_> = group.invoices.iter().map(|(key, by_line)| (total(by_line), key, by_line)).collect();
        invoices.sort_by(|(a, ..), (b, ..)| b.abs().total_cmp(&a.abs()));
        let more = invoices.len().saturating_sub(MOST_LISTED);
        let row = |(total_eur, (site, month), by_line): &(f64, &(String, String), &ByLine)| {
            let net = |(line, sides): (&usize, &[Sums; 2])| {
                (self.lines[*line].clone(), rounded(Some(sides[0].net_eur + sides[1].net_eur), 4))
            };
            json!({
                "site": site,
                "month": month,
                "net_eur": by_line.iter().map(net).collect::<Map<_, _>>(),
                "tax_eur": rounded(Some(tax_eur(by_line)), 4),
                "total_eur": rounded(Some(*total_eur), 4),
            })
        };
        (invoices.iter().take(MOST_LISTED).map(row).collect(), more)
    }

    /// The contracts of the scenario, with what all contracts of their partners come to; and how many are not listed.
    fn contracts(&self, scenario: &Value) -> (Vec<Value>, usize) {
        let contracts = || scenario["contract"].as_object().into_iter().flatten();
        let net_eur = |partner: &Value| {
            let sums = partner.as_str().and_then(|site| self.contracts.get(site));
            rounded(sums.map(|[owed, due]| owed.net_eur + due.net_eur), 4)
        };
        let row = |(name, contract): (&String, &Value)| {
            json!({
                "name": name,
                "kind": contract["kind"],
                "seller": contract["seller"],
                "buyer": contract["buyer"],
                "strike_eur_per_mwh": contract["strike_eur_per_mwh"],
                "seller_pays_eur": net_eur(&contract["seller"]),
                "buyer_pays_eur": net_eur(&contract["buyer"]),
            })
        };
        let more = contracts().count().saturating_sub(MOST_LISTED);
        (contracts().take(MOST_LISTED).map(row).collect(), more)
    }
}

/// Taxes of all lines.
fn tax_eur(by_line: &ByLine) -> f64 {
    by_line.values().flatten().map(|sums| sums.tax_eur).sum()
}

/// What the page shows of invoices; null where none was made.
pub(crate) fn document(head: &RunHead) -> Result<Value, ResultsError> {
    let Some(path) = head.table(&INVOICES) else { return Ok(Value::Null) };
    let table = Table::open(&path)?;
    if table.rows() == 0 {
        return Ok(Value::Null);
    }
    let portfolio_of = head.table(&PARTICIPANTS).map(|path| portfolios(&Table::open(&path)?)).transpose()?;
    let invoices = Invoices::read(&table, &portfolio_of.unwrap_or_default())?;
    let (contracts, more_contracts) = invoices.contracts(&head.scenario);
    let month = |(month, is_partial): (&String, &bool)| json!({ "month": month, "is_partial": is_partial });
    Ok(json!({
        "months": invoices.months.iter().map(month).collect::<Vec<_>>(),
        "groups": invoices.groups(head.scenario["ems"]["portfolio"].as_str()),
        "contracts": contracts,
        "more_contracts": more_contracts,
    }))
}

/// The portfolio of each site that is in one.
fn portfolios(participants: &Table) -> Result<BTreeMap<String, String>, ResultsError> {
    let mut portfolios = BTreeMap::new();
    for batch in participants.batches(&["site", "portfolio"])? {
        let batch = batch?;
        let (sites, names) = (batch.names("site")?, batch.names("portfolio")?);
        for row in 0..batch.rows() {
            if let (Some(site), Some(portfolio)) = (sites.get(row), names.get(row)) {
                portfolios.insert(site.to_owned(), portfolio.to_owned());
            }
        }
    }
    Ok(portfolios)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWED: usize = 0;
    const DUE: usize = 1;

    fn sums(quantity_kwh: f64, net_eur: f64, tax_eur: f64) -> Sums {
        Sums { quantity_kwh, net_eur, tax_eur }
    }

    /// Twenty homes, the platform, and a site in no portfolio, over two months.
    fn invoices() -> Invoices {
        let mut invoices = Invoices { lines: LINES.map(str::to_owned).to_vec(), ..Invoices::default() };
        for month in ["2026-03", "2026-04"] {
            invoices.months.insert(month.into(), month == "2026-04");
            for home in 0..20 {
                let site = format!("home_{home:02}");
                let mut add =
                    |line, side, sums| invoices.add(Some("homes".into()), (&site, month), (line, side), &sums);
                add("retail", OWED, sums(100.0, 20.0 + f64::from(home), 2.0));
                add("retail", DUE, sums(10.0, -1.0, 0.0));
            }
        }
        let cariflex = || Some("cariflex".to_owned());
        invoices.add(cariflex(), ("pv_01", "2026-03"), ("contract", DUE), &sums(7.0, -30.0, 0.0));
        invoices.add(cariflex(), ("evse_01", "2026-03"), ("contract", OWED), &sums(7.0, 30.0, 2.55));
        invoices.add(None, ("mill", "2026-04"), ("toll", OWED), &sums(0.0, 5.0, 0.0));
        invoices
    }

    #[test]
    fn the_energy_managers_portfolio_comes_first_and_sites_in_none_last() {
        let names = |first| invoices().groups(first).iter().map(|of| of["portfolio"].clone()).collect::<Vec<_>>();
        assert_eq!(names(Some("homes")), [json!("homes"), json!("cariflex"), Value::Null]);
        assert_eq!(names(None), [json!("cariflex"), json!("homes"), Value::Null]);
    }

    #[test]
    fn lines_add_up_by_month_and_side_and_taxes_apart() {
        let groups = invoices().groups(Some("homes"));
        let [homes, _, others] = groups.as_slice() else { panic!("three groups") };
        let retail = &homes["lines"][0];
        assert_eq!((&homes["sites"], &retail["line"]), (&json!(20), &json!("retail")));
        assert_eq!((&retail["owed"]["net_eur"], &retail["owed"]["tax_eur"]), (&json!(1180), &json!(80)));
        assert_eq!((&retail["due"]["net_eur"], &retail["due"]["quantity_kwh"]), (&json!(-40), &json!(400)));
        assert_eq!(retail["owed"]["by_month_eur"], json!([590, 590]));
        assert_eq!(homes["tax_by_month_eur"], json!([40, 40]));
        assert_eq!((&others["lines"][0]["line"], &others["tax_by_month_eur"]), (&json!("toll"), &json!([0, 0])));
        assert_eq!(others["lines"][0]["owed"]["by_month_eur"], json!([null, 5]));
    }

    #[test]
    fn the_largest_invoices_are_listed_and_the_others_counted() {
        let groups = invoices().groups(Some("homes"));
        let listed = groups[0]["invoices"].as_array().expect("invoices");
        assert_eq!((listed.len(), &groups[0]["more_invoices"]), (MOST_LISTED, &json!(40 - MOST_LISTED)));
        assert_eq!((&listed[0]["site"], &listed[0]["total_eur"]), (&json!("home_19"), &json!(40)));
        assert_eq!((&listed[0]["net_eur"], &listed[0]["tax_eur"]), (&json!({ "retail": 38 }), &json!(2)));
    }

    #[test]
    fn a_contract_shows_what_its_partners_pay_and_nothing_of_the_retailer() {
        let scenario = json!({ "contract": {
            "swing": { "kind": "swing", "seller": "pv_01", "buyer": "evse_01", "strike_eur_per_mwh": 160 },
            "premium": { "kind": "fixed-premium", "seller": "pv_01", "buyer": "retailer", "strike_eur_per_mwh": 10 },
        }});
        let (contracts, more) = invoices().contracts(&scenario);
        let paid = |at: usize| (contracts[at]["seller_pays_eur"].clone(), contracts[at]["buyer_pays_eur"].clone());
        assert_eq!((contracts[0]["name"].clone(), paid(0)), (json!("premium"), (json!(-30), Value::Null)));
        assert_eq!((contracts[1]["name"].clone(), paid(1), more), (json!("swing"), (json!(-30), json!(30)), 0));
        assert_eq!(invoices().contracts(&json!({})), (Vec::new(), 0));
    }
}
