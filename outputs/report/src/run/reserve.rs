//! Reserve: what was offered, accepted, called and delivered by window and by unit, and what was paid for it.

use std::collections::BTreeMap;

use agents::{Span, Time};
use results::ResultsError;
use results::read::{RunHead, Table};
use results::schema::RESERVE;
use serde_json::{Value, json};

use crate::calendar::Bins;
use crate::rounded::{for_drawing, rounded};

/// Most windows that are drawn one by one; more are drawn by day.
const MOST_WINDOWS: usize = 84;

/// Most units that are listed.
const MOST_UNITS: usize = 12;

/// Directions in the order in which they are shown.
const DIRECTIONS: [&str; 2] = ["up", "down"];

/// Columns of power, energy and money of the table.
const POWERS: [&str; 2] = ["offered_kw", "accepted_kw"];
const AMOUNTS: [&str; 7] = [
    "called_wh",
    "delivered_wh",
    "capacity_payment_neur",
    "energy_payment_neur",
    "energy_fine_neur",
    "capacity_fine_neur",
    "total_neur",
];

/// What some offers come to: power times the hours of its window, energy, and money.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    offers: u64,
    accepted: u64,
    offered_kwh: f64,
    held_kwh: f64,
    called_kwh: f64,
    delivered_kwh: f64,
    capacity_eur: f64,
    energy_eur: f64,
    fines_eur: f64,
    total_eur: f64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.offers += other.offers;
        self.accepted += other.accepted;
        self.offered_kwh += other.offered_kwh;
        self.held_kwh += other.held_kwh;
        self.called_kwh += other.called_kwh;
        self.delivered_kwh += other.delivered_kwh;
        self.capacity_eur += other.capacity_eur;
        self.energy_eur += other.energy_eur;
        self.fines_eur += other.fines_eur;
        self.total_eur += other.total_eur;
    }

    fn document(&self) -> Value {
        json!({
            "offers": self.offers,
            "accepted": self.accepted,
            "offered_kwh": rounded(Some(self.offered_kwh), 2),
            "held_kwh": rounded(Some(self.held_kwh), 2),
            "called_kwh": rounded(Some(self.called_kwh), 3),
            "delivered_kwh": rounded(Some(self.delivered_kwh), 3),
            "capacity_eur": rounded(Some(self.capacity_eur), 4),
            "energy_eur": rounded(Some(self.energy_eur), 4),
            "fines_eur": rounded(Some(self.fines_eur), 4),
            "total_eur": rounded(Some(self.total_eur), 4),
        })
    }
}

/// A stretch of time that is drawn: a window, or a day of them.
#[derive(Clone, Debug, Default)]
struct Stretch {
    /// Lengths of its windows, by their beginnings.
    windows: BTreeMap<Time, Span>,
    directions: [Sums; 2],
}

impl Stretch {
    fn hours(&self) -> f64 {
        self.windows.values().map(|length| length.hours()).sum()
    }
}

/// All offers, summed up in different ways.
#[derive(Debug, Default)]
struct Offers {
    by_window: BTreeMap<Time, Stretch>,
    by_unit: BTreeMap<String, Sums>,
    directions: [Sums; 2],
}

impl Offers {
    fn read(table: &Table) -> Result<Self, ResultsError> {
        let mut offers = Self::default();
        let names = ["window_start", "window_end", "direction", "unit"];
        for batch in table.batches(&[&names[..], &POWERS, &AMOUNTS].concat())? {
            let batch = batch?;
            let (starts, ends) = (batch.times("window_start")?, batch.times("window_end")?);
            let (directions, units) = (batch.names("direction")?, batch.names("unit")?);
            let powers = POWERS.map(|column| batch.numbers(column)).into_iter().collect::<Result<Vec<_>, _>>()?;
            let amounts = AMOUNTS.map(|column| batch.integers(column)).into_iter().collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.rows() {
                let direction = DIRECTIONS.iter().position(|name| directions.get(row) == Some(name));
                let (Some(start), Some(end), Some(direction)) = (starts[row], ends[row], direction) else { continue };
                let power = |column: usize| powers[column][row].unwrap_or(0.0);
                let amount = |column: usize| amounts[column][row].unwrap_or(0);
                let sums = offer([0, 1].map(power), std::array::from_fn(amount), end - start);
                let unit = units.get(row).unwrap_or_default();
                offers.add(start, end - start, direction, unit, &sums);
            }
        }
        Ok(offers)
    }

    fn add(&mut self, start: Time, length: Span, direction: usize, unit: &str, sums: &Sums) {
        let window = self.by_window.entry(start).or_default();
        window.windows.insert(start, length);
        window.directions[direction].add(sums);
        self.directions[direction].add(sums);
        self.by_unit.entry(unit.to_owned()).or_default().add(sums);
    }

    /// What is drawn: windows, or where there are too many the days they begin in, by local beginning.
    fn stretches(&self, bins: &Bins) -> (bool, BTreeMap<i64, Stretch>) {
        let by_day = self.by_window.len() > MOST_WINDOWS;
        let mut stretches: BTreeMap<i64, Stretch> = BTreeMap::new();
        for (start, window) in &self.by_window {
            let beginning = if by_day { bins.local_day(*start) * Span::DAY.0 } else { bins.local_ms(*start) };
            let stretch = stretches.entry(beginning).or_default();
            stretch.windows.extend(&window.windows);
            stretch.directions.iter_mut().zip(&window.directions).for_each(|(sums, more)| sums.add(more));
        }
        (by_day, stretches)
    }

    /// Those that were fined most first, then by what they held; and how many are not listed.
    fn units(&self) -> (Vec<Value>, usize) {
        let mut units: Vec<(&String, &Sums)> = self.by_unit.iter().collect();
        units.sort_by(|(_, a), (_, b)| b.fines_eur.total_cmp(&a.fines_eur).then(b.held_kwh.total_cmp(&a.held_kwh)));
        let more = units.len().saturating_sub(MOST_UNITS);
        let row = |(unit, sums): &(&String, &Sums)| {
            let mut row = sums.document();
            row["unit"] = Value::from(unit.as_str());
            row
        };
        (units.iter().take(MOST_UNITS).map(row).collect(), more)
    }
}

/// An offer of these powers (offered, accepted) and amounts, in a window of that length.
fn offer([offered_kw, accepted_kw]: [f64; 2], amounts: [i64; 7], length: Span) -> Sums {
    let eur = |neur: i64| neur as f64 / 1e9;
    let [called_wh, delivered_wh, capacity, energy, energy_fine, capacity_fine, total] = amounts;
    Sums {
        offers: 1,
        accepted: u64::from(accepted_kw > 0.0),
        offered_kwh: offered_kw * length.hours(),
        held_kwh: accepted_kw * length.hours(),
        called_kwh: called_wh as f64 / 1000.0,
        delivered_kwh: delivered_wh as f64 / 1000.0,
        capacity_eur: eur(capacity),
        energy_eur: eur(energy),
        fines_eur: eur(energy_fine) + eur(capacity_fine),
        total_eur: eur(total),
    }
}

/// What the page shows of reserve; null where none was offered.
pub(crate) fn document(head: &RunHead, bins: &Bins) -> Result<Value, ResultsError> {
    let Some(path) = head.table(&RESERVE) else { return Ok(Value::Null) };
    let offers = Offers::read(&Table::open(&path)?)?;
    if offers.by_window.is_empty() {
        return Ok(Value::Null);
    }
    let (by_day, stretches) = offers.stretches(bins);
    let (units, more_units) = offers.units();
    let direction = |index: usize| {
        let mean_kw = |of: fn(&Sums) -> f64| series(&stretches, |one| of(&one.directions[index]) / one.hours());
        let energy_kwh = |of: fn(&Sums) -> f64| series(&stretches, |one| of(&one.directions[index]));
        json!({
            "direction": DIRECTIONS[index],
            "wanted_kw": head.scenario["reserve"][format!("{}_kw", DIRECTIONS[index])],
            "sums": offers.directions[index].document(),
            "offered_kw": mean_kw(|sums| sums.offered_kwh),
            "accepted_kw": mean_kw(|sums| sums.held_kwh),
            "called_kwh": energy_kwh(|sums| sums.called_kwh),
            "delivered_kwh": energy_kwh(|sums| sums.delivered_kwh),
        })
    };
    let windows = offers.by_window.len();
    Ok(json!({
        "windows": windows,
        "by_day": by_day,
        "local_ms": stretches.keys().collect::<Vec<_>>(),
        "directions": [direction(0), direction(1)],
        "units": units,
        "more_units": more_units,
    }))
}

fn series(stretches: &BTreeMap<i64, Stretch>, of: impl Fn(&Stretch) -> f64) -> Value {
    for_drawing(&stretches.values().map(|one| Some(of(one))).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    const WINDOW: Span = Span(4 * Span::HOUR.0);

    /// Offers of 10 kW in each of so many windows, half of them accepted, in which 3 kWh are called and 2 delivered.
    fn offers(windows: i64, units: i64) -> Offers {
        let mut offers = Offers::default();
        for window in 0..windows {
            for unit in 0..units {
                let fine = if unit == 1 { 500_000_000 } else { 0 };
                let amounts = [3_000, 2_000, 1_000_000_000, 400_000_000, fine, 0, 1_400_000_000 - fine];
                let sums = offer([10.0, if unit % 2 == 0 { 10.0 } else { 0.0 }], amounts, WINDOW);
                offers.add(Time(0) + WINDOW * window, WINDOW, 0, &format!("bat_{unit:02}"), &sums);
            }
        }
        offers
    }

    fn bins(days: i64) -> Bins {
        Bins::new(Time(0), Time(0) + Span::DAY * days, true, TimeZone::UTC, "UTC".into())
    }

    #[test]
    fn power_is_the_mean_of_the_hours_whether_windows_or_days_are_drawn() {
        for (windows, by_day, count, energy_kwh) in [(6, false, 6, 6.0), (600, true, 100, 36.0)] {
            let (drawn_by_day, stretches) = offers(windows, 2).stretches(&bins(101));
            assert_eq!((drawn_by_day, stretches.len()), (by_day, count));
            for stretch in stretches.values() {
                let [up, down] = &stretch.directions;
                assert_eq!((up.offered_kwh / stretch.hours(), up.held_kwh / stretch.hours()), (20.0, 10.0));
                assert_eq!((up.called_kwh, down.called_kwh), (energy_kwh, 0.0));
            }
        }
    }

    #[test]
    fn who_was_fined_is_listed_first_and_who_is_not_listed_is_counted() {
        let (units, more) = offers(3, 20).units();
        assert_eq!((units.len(), more), (MOST_UNITS, 20 - MOST_UNITS));
        assert_eq!((&units[0]["unit"], &units[0]["fines_eur"]), (&json!("bat_01"), &json!(1.5)));
        assert_eq!((&units[1]["unit"], &units[1]["held_kwh"]), (&json!("bat_00"), &json!(120)));
    }
}
