//! What reserve comes to over a run.

use agents::record::ReserveRow;
use market::reserve::Direction;
use market::{Energy, Money};

use super::{Definition, RunTotals};

/// What the figures of reserve are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReserveTotals {
    /// Accepted capacity times hours, up and down.
    held_kw_h: [f64; 2],
    called: Energy,
    delivered: Energy,
    paid: Money,
    fined: Money,
}

impl ReserveTotals {
    pub(super) fn add(&mut self, row: &ReserveRow) {
        let up_or_down = usize::from(row.direction == Direction::Down);
        self.held_kw_h[up_or_down] += row.accepted.0 as f64 / 1000.0 * row.window.length.hours();
        self.called += row.called;
        self.delivered += row.delivered;
        self.paid += row.capacity_payment + row.energy_payment;
        self.fined += row.energy_fine + row.capacity_fine;
    }
}

/// Figures of reserve, of windows that are over.
pub(crate) const RESERVE_KPIS: [Definition<RunTotals>; 6] = [
    Definition {
        name: "reserve_up_held_kwh",
        unit: "kWh",
        decimals: 3,
        label: "reserve held upward",
        description: "Capacity accepted upward times the hours of its window; null without reserve",
        value: |run| run.reserve.as_ref().map(|totals| totals.held_kw_h[0]),
    },
    Definition {
        name: "reserve_down_held_kwh",
        unit: "kWh",
        decimals: 3,
        label: "reserve held downward",
        description: "Capacity accepted downward times the hours of its window; null without reserve",
        value: |run| run.reserve.as_ref().map(|totals| totals.held_kw_h[1]),
    },
    Definition {
        name: "reserve_called_kwh",
        unit: "kWh",
        decimals: 3,
        label: "reserve called",
        description: "Energy called from what was held, in both directions; null without reserve",
        value: |run| run.reserve.as_ref().map(|totals| totals.called.as_kwh()),
    },
    Definition {
        name: "reserve_delivered_kwh",
        unit: "kWh",
        decimals: 3,
        label: "reserve delivered",
        description: "Energy delivered of it; null without reserve",
        value: |run| run.reserve.as_ref().map(|totals| totals.delivered.as_kwh()),
    },
    Definition {
        name: "reserve_paid_eur",
        unit: "EUR",
        decimals: 6,
        label: "paid for reserve",
        description: "What the operator pays for capacity and for energy, before fines; null without reserve",
        value: |run| run.reserve.as_ref().map(|totals| totals.paid.as_eur()),
    },
    Definition {
        name: "reserve_fined_eur",
        unit: "EUR",
        decimals: 6,
        label: "fines for reserve",
        description: "What providers pay for energy and capacity that were missing; null without reserve",
        value: |run| run.reserve.as_ref().map(|totals| totals.fined.as_eur()),
    },
];
