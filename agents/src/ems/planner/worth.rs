//! What a kWh more or less in the store is worth, by a plan: the slopes of the cost to go on both sides of its path.
//!
//! One storage's schedule of least cost is a chain: a kWh more at some instant is used up by a single later step, at most until the
//! path runs into full (it does not pass there), or is left over in the end; a kWh less is made up for by a single later step before
//! the path runs into empty. The best of these steps gives the slope exactly, as the dual solution of the linear problem would
//! (Bertsekas, *Nonlinear Programming*, 1999, section 5.1), but of each side apart: where the plan has no reason to prefer one
//! price, the two differ, and the dual solution is not unique.

/// What is nearer than this to a bound is at it: kWh and kW.
const NEAR: f64 = 1e-6;

/// A later step of the plan, kW and EUR/kWh; the powers without what the store draws for itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) power_kw: f64,
    /// What the connection takes.
    pub(super) net_kw: f64,
    pub(super) import_eur_per_kwh: f64,
    pub(super) export_eur_per_kwh: f64,
}

/// The store and its connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Store {
    pub(super) min_kwh: f64,
    pub(super) max_kwh: f64,
    pub(super) charge_kw: f64,
    pub(super) discharge_kw: f64,
    pub(super) efficiency: f64,
    pub(super) wear_eur_per_kwh: f64,
    pub(super) end_value_eur_per_kwh: f64,
    /// The connection takes no more than this, and gives no more than that: its limits, or the peak that is paid for.
    pub(super) most_import_kw: f64,
    pub(super) most_export_kw: f64,
}

/// What stored energy is worth at the margin, EUR/kWh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Worth {
    /// A kWh more.
    pub(super) more: f64,
    /// A kWh less; at least as much.
    pub(super) less: f64,
}

impl Worth {
    /// The mean over some futures, one at least.
    pub(super) fn mean(of: impl Iterator<Item = Self>) -> Self {
        let add = |(more, less, count): (f64, f64, f64), one: Self| (more + one.more, less + one.less, count + 1.0);
        let (more, less, count) = of.fold((0.0, 0.0, 0.0), add);
        Self { more: more / count, less: less / count }
    }
}

impl Store {
    /// The worth of energy at the beginning of these steps, of which the plan holds `energy_kwh`; `hours` is the length of a step.
    pub(super) fn worth(&self, energy_kwh: f64, steps: impl Iterator<Item = Step>, hours: f64) -> Worth {
        let (mut more, mut less) = (f64::NEG_INFINITY, f64::INFINITY);
        let (mut may_rise, mut may_fall) = (true, true);
        let mut energy_kwh = energy_kwh;
        for step in steps {
            if may_rise {
                more = more.max(self.use_of(&step));
            }
            if may_fall {
                less = less.min(self.cost_of(&step));
            }
            let efficiency = if step.power_kw > 0.0 { self.efficiency } else { 1.0 / self.efficiency };
            energy_kwh = (energy_kwh + step.power_kw * efficiency * hours).clamp(self.min_kwh, self.max_kwh);
            may_rise &= energy_kwh < self.max_kwh - NEAR;
            may_fall &= energy_kwh > self.min_kwh + NEAR;
            if !may_rise && !may_fall {
                break;
            }
        }
        if may_rise {
            more = more.max(self.end_value_eur_per_kwh);
        }
        if may_fall {
            less = less.min(self.end_value_eur_per_kwh);
        }
        Worth { more, less: less.max(more) }
    }

    /// The most that a step makes of a stored kWh: it charges less, or discharges more.
    fn use_of(&self, step: &Step) -> f64 {
        let (wear, per) = (self.wear_eur_per_kwh, self.efficiency);
        // What it takes less from the connection, or gives more.
        let worth = if step.net_kw > NEAR {
            step.import_eur_per_kwh
        } else if step.net_kw > -self.most_export_kw + NEAR {
            step.export_eur_per_kwh
        } else {
            return f64::NEG_INFINITY;
        };
        if step.power_kw > NEAR {
            (worth + wear) / per
        } else if step.power_kw > -self.discharge_kw + NEAR {
            (worth - wear) * per
        } else {
            f64::NEG_INFINITY
        }
    }

    /// The least that a stored kWh costs a step: it discharges less, or charges more.
    fn cost_of(&self, step: &Step) -> f64 {
        let (wear, per) = (self.wear_eur_per_kwh, self.efficiency);
        let cost = if step.net_kw < -NEAR {
            step.export_eur_per_kwh
        } else if step.net_kw < self.most_import_kw - NEAR {
            step.import_eur_per_kwh
        } else {
            return f64::INFINITY;
        };
        if step.power_kw < -NEAR {
            (cost - wear) * per
        } else if step.power_kw < self.charge_kw - NEAR {
            (cost + wear) / per
        } else {
            f64::INFINITY
        }
    }

    /// Whether it is worth storing what would be given away at this price, and covering what would be taken at that one.
    pub(super) fn sides(&self, worth: Worth, (import_eur_per_kwh, export_eur_per_kwh): (f64, f64)) -> (bool, bool) {
        const EVEN: f64 = 1e-6;
        // What is even as far as the plan knows is done: what may come otherwise makes it a hedge.
        let stored = worth.more * self.efficiency - self.wear_eur_per_kwh;
        let given = worth.less / self.efficiency + self.wear_eur_per_kwh;
        (stored >= export_eur_per_kwh - EVEN, given <= import_eur_per_kwh + EVEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Device, Prices, Problem, Rules, Site, Storage, schedule_jointly};
    use crate::time::{Span, Time};
    use market::dispatch::{Limits, Profile};
    use proptest::prelude::*;

    const HOURS: f64 = 0.25;

    fn store(efficiency: f64, end_value_eur_per_kwh: f64) -> Store {
        Store {
            min_kwh: 0.0,
            max_kwh: 40.0,
            charge_kw: 20.0,
            discharge_kw: 20.0,
            efficiency,
            wear_eur_per_kwh: 0.01,
            end_value_eur_per_kwh,
            most_import_kw: 60.0,
            most_export_kw: 60.0,
        }
    }

    fn problem(store: &Store, energy_kwh: f64, rest_kw: &[f64], prices: &[(f64, f64)]) -> Problem {
        let storage = Storage {
            soc_start_kwh: energy_kwh,
            charge_efficiency: store.efficiency,
            discharge_efficiency: store.efficiency,
            ageing_eur_per_kwh: store.wear_eur_per_kwh,
            end_value_eur_per_kwh: store.end_value_eur_per_kwh,
            ..Storage::new("battery", store.max_kwh, store.charge_kw)
        };
        let limit = Some(Profile::Constant(60.0));
        Problem {
            start: Time(0),
            step: Span::from_minutes(15),
            steps: rest_kw.len(),
            prices: Prices {
                import_eur_per_kwh: Profile::Steps(prices.iter().map(|(import, _)| *import).collect()),
                export_eur_per_kwh: Profile::Steps(prices.iter().map(|(_, export)| *export).collect()),
            },
            site: Site { limits: Limits { import_kw: limit.clone(), export_kw: limit }, ..Site::default() },
            inflexible_kw: Profile::Steps(rest_kw.to_vec()),
            devices: vec![Device::Storage(Box::new(storage))],
            rules: Rules::default(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Against the exact solver: what the cost to go rises and falls by when a little more or less is held.
        #[test]
        fn worth_is_the_slope_of_the_cost_to_go_on_either_side(
            rest_kw in prop::collection::vec(-30.0..30.0f64, 2..24),
            levels in prop::collection::vec((0u8..5, 0u8..5), 24),
            energy_kwh in 1.0..39.0f64,
            efficiency in 0.85..1.0f64,
            end_level in 0u8..5,
        ) {
            // Few prices, many ties.
            let price = |level: u8| 0.05 + 0.06 * f64::from(level);
            let prices: Vec<_> = rest_kw
                .iter()
                .zip(&levels)
                .map(|(_, (import, export))| (price(*import.max(export)) + 0.02, price(*import.min(export))))
                .collect();
            let store = store(efficiency, price(end_level));
            let solved = |energy_kwh| {
                schedule_jointly(&problem(&store, energy_kwh, &rest_kw, &prices), None).expect("a sound problem")
            };
            let found = solved(energy_kwh).schedule;
            let steps = (0..rest_kw.len()).map(|step| Step {
                power_kw: found.devices[0].power_kw[step],
                net_kw: found.net_kw[step],
                import_eur_per_kwh: prices[step].0,
                export_eur_per_kwh: prices[step].1,
            });
            let worth = store.worth(energy_kwh, steps, HOURS);
            const LITTLE: f64 = 1e-4;
            let cost = |energy_kwh| solved(energy_kwh).bound_eur;
            let (below, here, above) = (cost(energy_kwh - LITTLE), cost(energy_kwh), cost(energy_kwh + LITTLE));
            let (more, less) = ((here - above) / LITTLE, (below - here) / LITTLE);
            prop_assert!((worth.more - more).abs() < 1e-4, "a kWh more is worth {more}, not {worth:?}");
            prop_assert!((worth.less - less).abs() < 1e-4, "a kWh less costs {less}, not {worth:?}");
        }
    }

    #[test]
    fn a_store_that_surplus_will_fill_covers_everything_and_stores_early_what_it_stores_anyway() {
        let store = store(0.9, 0.2);
        let surplus = Step { power_kw: 15.0, net_kw: -10.0, import_eur_per_kwh: 0.27, export_eur_per_kwh: 0.1 };
        // Nine hours at 15 kW would fill it three times.
        let worth = store.worth(10.0, std::iter::repeat_n(surplus, 36), HOURS);
        assert_eq!(store.sides(worth, (0.207, 0.1)), (true, true));
        // Sold for more than it costs to have it again: that is for the plan to say, not a matter of what is covered.
        assert_eq!(store.sides(worth, (0.207, 0.2)), (false, true));
    }

    #[test]
    fn what_is_kept_for_a_dear_evening_is_not_spent_on_a_cheap_night() {
        let store = store(0.9, 0.1);
        let dear = Step { power_kw: -10.0, net_kw: 10.0, import_eur_per_kwh: 0.5, export_eur_per_kwh: 0.1 };
        let worth = store.worth(20.0, std::iter::repeat_n(dear, 4), HOURS);
        assert_eq!(store.sides(worth, (0.2, 0.1)), (true, false));
        assert_eq!(store.sides(worth, (0.51, 0.1)), (true, true));
    }
}
