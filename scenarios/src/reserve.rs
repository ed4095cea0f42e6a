//! Reserve that the DSO buys and the energy manager offers: `[reserve]`.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use agents::Span;
use agents::dso::ReserveRules;
use agents::reserve::ReserveTerms;
use market::Price;
use market::reserve::{CapacityPrice, DeliveryRules, Power, Pricing};

choice!(Pricing { "pay-as-bid" => Pricing::PayAsBid, "uniform" => Pricing::Uniform });

parameters! {
    /// Reserve: the DSO tenders each local day for the windows of the next one, the energy manager offers what its batteries can
    /// hold, and is paid for holding and for delivering. None while both powers are 0.
    pub(crate) struct ReserveSection in "reserve" {
        /// Capacity wanted upward: less consumption or more production.
        up_kw: f64 = 0.0, "kW", Within(0.0, 1e9), "off";
        /// Capacity wanted downward: more consumption or less production.
        down_kw: f64 = 0.0, "kW", Within(0.0, 1e9), "off";
        /// Local time of day of the tender; it leaves at least one window's time before midnight.
        gate: Span = Span::from_minutes(12 * 60), "duration", Any, ASSUMPTION;
        /// Length of a window: whole market slots, divides the day, at most 12 h.
        window: Span = Span::from_minutes(4 * 60), "duration", Any, "4 h products of European balancing-capacity tenders";
        /// What is paid for capacity, and for energy in a slot: each its own price, or all the highest accepted.
        pricing: Pricing = Pricing::Uniform, "word", Any, ASSUMPTION;
        /// The most that is paid for a MW held for an hour; dearer offers are left out. None given: no cap.
        price_cap_eur_per_mw_h: Option<f64> = None, "EUR/MW/h", Within(0.0, 1e6), "";
        /// Share of the slots in which reserve is called by itself, half of them in either direction. There is no frequency that
        /// would call it; `reserve_activation_signal`, held from outside, takes the place of this draw.
        called_share: f64 = 0.1, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Mean share of the capacity wanted that is called then; uniform around it, as wide as it can be.
        mean_call: f64 = 0.5, "share", Within(1e-6, 1.0), ASSUMPTION;
        /// Share of the energy called in a slot that may be missing without a fine.
        tolerance_share: f64 = 0.05, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Fine for energy missing beyond that.
        energy_fine_eur_per_mwh: f64 = 500.0, "EUR/MWh", Within(0.0, 1e5), ASSUMPTION;
        /// Fine for each kW that was missing at the worst moment of a window.
        capacity_fine_eur_per_kw: f64 = 0.2, "EUR/kW", Within(0.0, 1e5), ASSUMPTION;
        /// What the energy manager asks for a MW held for an hour.
        offer_eur_per_mw_h: f64 = 15.0, "EUR/MW/h", Within(0.0, 1e6), ASSUMPTION;
        /// By how much each battery asks more or less than that in each window, at most, by lot.
        offer_spread: f64 = 0.2, "share", Within(0.0, 1.0), ASSUMPTION;
        /// What the energy manager asks for energy delivered, in either direction.
        activation_eur_per_mwh: f64 = 200.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
        /// Share of a battery's rating that is offered at most in each direction, and with which it recovers afterwards.
        power_share: f64 = 0.5, "share", Within(1e-3, 1.0), ASSUMPTION;
        /// Share of the energy left after charging, and again after discharging, that the energy manager counts with.
        efficiency: f64 = 0.94, "share", Within(0.1, 1.0), "that of storage in the market (ems.batteries)";
        /// Share of a battery's usable range that is kept out of reserve at either end, where its power falls.
        margin: f64 = 0.06, "share", Within(0.0, 0.49), "that of storage in the market (ems.batteries)";
    }
}

impl ReserveSection {
    /// Whether any is bought.
    pub(crate) fn is_on(&self) -> bool {
        self.up_kw > 0.0 || self.down_kw > 0.0
    }

    /// What can not go together, with the market's slot.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub(crate) fn check(&self, slot: Span) -> Result<(), Conflict> {
        if self.window < slot || self.window.0 % slot.0 != 0 || Span::DAY.0 % self.window.0 != 0 {
            return Err(Conflict::new(
                "window",
                "must be made of whole market slots and divide the day, such as \"4h\"",
            ));
        }
        if self.window > Span::HOUR * 12 {
            return Err(Conflict::new("window", "must be 12h at most: a battery recovers in every other window"));
        }
        if self.gate < Span::ZERO || self.gate.0 % slot.0 != 0 {
            return Err(Conflict::new("gate", "must be a whole number of market slots after midnight"));
        }
        if self.gate + self.window > Span::DAY {
            return Err(Conflict::new("gate", "must leave at least one window's time before midnight: set it earlier"));
        }
        Ok(())
    }

    /// What a kilowatt costs in a window, of a price per MW and hour.
    fn per_window(&self, eur_per_mw_h: f64) -> CapacityPrice {
        CapacityPrice((eur_per_mw_h * self.window.hours() * 1000.0).round() as i64)
    }

    /// How the operator buys.
    pub(crate) fn rules(&self, slot: Span) -> ReserveRules {
        let power = |kw: f64| Power((kw * 1000.0).round() as i64);
        ReserveRules {
            slot,
            gate: self.gate,
            window: self.window,
            up: power(self.up_kw),
            down: power(self.down_kw),
            price_cap: self.price_cap_eur_per_mw_h.map(|price| self.per_window(price)),
            pricing: self.pricing,
            delivery: DeliveryRules {
                tolerance_bp: (self.tolerance_share * 10_000.0).round() as u32,
                energy_fine: Price::from_eur_per_mwh(self.energy_fine_eur_per_mwh),
                capacity_fine: CapacityPrice((self.capacity_fine_eur_per_kw * 1e6).round() as i64),
            },
            called_share: self.called_share,
            mean_call: self.mean_call,
        }
    }

    /// How the energy manager offers.
    pub(crate) fn terms(&self) -> ReserveTerms {
        ReserveTerms {
            capacity_eur_per_mw_h: self.offer_eur_per_mw_h,
            capacity_spread: self.offer_spread,
            activation_price: Price::from_eur_per_mwh(self.activation_eur_per_mwh),
            power_share: self.power_share,
            efficiency: self.efficiency,
            margin: self.margin,
        }
    }
}
