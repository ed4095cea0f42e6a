//! Sites and what happens to them: light, load, a vehicle, prices; made from numbers, so that every run is the same.
//!
//! Slots are quarters of an hour and count from the begin of a year. Power is positive where it is taken.

use agents::forecast::{AutoRegressive, Bounds, Forecaster, Method, Settings};
use agents::schedule::{Device, Prices, Problem, Rules, Schedule, Site, SocTarget, Storage};
use agents::{Calendar, Span, Time};
use market::dispatch::{Limits, Profile};
use std::f64::consts::PI;

pub(super) const SLOT: Span = Span(15 * 60_000);
pub(super) const SLOT_H: f64 = 0.25;
pub(super) const DAY: usize = 96;
pub(super) const EFFICIENCY: f64 = 0.95;

/// A number in [0, 1) that belongs to `n` (the finaliser of SplitMix64).
pub(super) fn whim(n: u64) -> f64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// About normal, mean 0 and deviation 1: a sum of uniform numbers.
fn noise(n: u64) -> f64 {
    (0..4).map(|part| whim(4 * n + part)).sum::<f64>() * 3.0_f64.sqrt() - 2.0 * 3.0_f64.sqrt()
}

/// When a slot begins.
pub(super) fn time(slot: usize) -> Time {
    Time(0) + SLOT * slot as i64
}

/// What cannot be moved at a site, slot by slot.
pub(super) struct Behind {
    /// Production as a positive number, kW.
    pub(super) pv_kw: Vec<f64>,
    /// kW.
    pub(super) load_kw: Vec<f64>,
}

impl Behind {
    /// Light with clouds that last some hours, and load with a morning and an evening that differ from day to day.
    pub(super) fn of(seed: u64, slots: usize, peak_kw: f64, mean_kw: f64) -> Self {
        let (mut cloud, mut unrest) = (0.0, 0.0);
        let (mut pv_kw, mut load_kw) = (Vec::with_capacity(slots), Vec::with_capacity(slots));
        for slot in 0..slots {
            let (day, hour) = ((slot / DAY) as u64, (slot % DAY) as f64 * SLOT_H);
            let own = seed * 1_000_003 + slot as u64;
            cloud = 0.93 * cloud + 0.15 * noise(2 * own);
            unrest = 0.8 * unrest + 0.25 * noise(2 * own + 1);
            let clear = ((hour - 6.0) / 12.0 * PI).sin().max(0.0);
            let index = (0.55 + 0.4 * whim(seed * 7 + day) + cloud).clamp(0.08, 1.0);
            pv_kw.push(0.85 * peak_kw * clear * index);
            let bump = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
            let usual = 0.5 + 0.9 * bump(7.5, 1.5) + 0.5 * bump(13.0, 2.0) + 2.0 * bump(19.5, 2.2);
            let of_day = 0.8 + 0.4 * whim(seed * 11 + day);
            load_kw.push((mean_kw * usual * of_day * (1.0 + unrest)).max(0.05 * mean_kw));
        }
        Self { pv_kw, load_kw }
    }

    /// Load less production at a slot, kW.
    pub(super) fn net_kw(&self, slot: usize) -> f64 {
        self.load_kw[slot] - self.pv_kw[slot]
    }
}

/// What energy costs, EUR/kWh.
pub(super) struct Tariff {
    pub(super) name: &'static str,
    pub(super) import: fn(usize) -> f64,
    pub(super) export: fn(usize) -> f64,
}

/// Nights cheap, evenings dear; what is given earns less than any of them.
pub(super) const TIME_OF_USE: Tariff = Tariff {
    name: "time of use",
    import: |slot| match slot % DAY {
        0..24 | 88.. => 0.15,
        72..88 => 0.35,
        _ => 0.25,
    },
    export: |_| 0.08,
};

/// Another price every hour, told a day ahead.
pub(super) const HOURLY: Tariff =
    Tariff { name: "hourly", import: |slot| 0.08 + wholesale(slot), export: |slot| wholesale(slot).max(0.0) };

fn wholesale(slot: usize) -> f64 {
    let hour = slot / 4;
    let of_day = (hour % 24) as f64;
    0.11 + 0.05 * ((of_day - 19.0) * 0.26).cos() - 0.06 * (-((of_day - 12.0) / 2.5).powi(2)).exp()
        + 0.05 * (whim(hour as u64) - 0.5)
}

/// The two forecasters of a site.
pub(super) struct Beliefs {
    pv: Forecaster,
    load: Forecaster,
}

impl Beliefs {
    pub(super) fn new(peak_kw: f64) -> Self {
        let of = |method, bounds| {
            let settings = Settings { bounds, ..Settings::new(method, SLOT, Calendar::default(), DAY) };
            Forecaster::new(settings).expect("the settings are sound")
        };
        let load = Method::AutoRegressive(AutoRegressive::default());
        Self { pv: of(Method::ClearSky, Bounds::production(peak_kw)), load: of(load, Bounds::NONE) }
    }

    /// Learns what a slot that is over was like.
    pub(super) fn learn(&mut self, slot: usize, behind: &Behind) {
        self.pv.observe(time(slot), -behind.pv_kw[slot]).expect("slots come in order");
        self.load.observe(time(slot), behind.load_kw[slot]).expect("slots come in order");
    }

    /// What is expected of the coming day, kW net.
    pub(super) fn net_kw(&self, now: usize) -> Vec<f64> {
        let [pv, load] = [&self.pv, &self.load].map(|one| one.forecast(time(now), DAY).expect("something was learned"));
        pv.expected.iter().zip(&load.expected).map(|(pv, load)| pv + load).collect()
    }

    /// So many equally probable paths of the coming day, kW net.
    pub(super) fn scenarios(&self, now: usize, count: usize) -> Vec<Vec<f64>> {
        let [pv, load] =
            [&self.pv, &self.load].map(|one| one.scenarios(time(now), DAY, count).expect("something was learned"));
        let sum = |(pv, load): (&Vec<f64>, &Vec<f64>)| pv.iter().zip(load).map(|(pv, load)| pv + load).collect();
        pv.members.iter().zip(&load.members).map(sum).collect()
    }
}

/// A battery with equal efficiencies both ways.
pub(super) fn battery(capacity_kwh: f64, power_kw: f64, held_kwh: f64, end_value: f64) -> Storage {
    Storage {
        soc_start_kwh: held_kwh,
        charge_efficiency: EFFICIENCY,
        discharge_efficiency: EFFICIENCY,
        ageing_eur_per_kwh: 0.005,
        end_value_eur_per_kwh: end_value,
        ..Storage::new("battery", capacity_kwh, power_kw)
    }
}

/// A vehicle that is here until it leaves with what it needs.
pub(super) fn vehicle(now: usize, steps: usize, leaves: usize, held_kwh: f64, power_kw: f64) -> Storage {
    let reachable = held_kwh + 0.92 * power_kw * SLOT_H * (leaves - now) as f64;
    let target = SocTarget { at: time(leaves), soc_kwh: reachable.min(60.0).max(held_kwh) };
    Storage {
        soc_start_kwh: held_kwh,
        charge_efficiency: 0.92,
        charge_max_kw: Profile::Steps(
            (now..now + steps).map(|slot| if slot < leaves { power_kw } else { 0.0 }).collect(),
        ),
        discharge_max_kw: Profile::Constant(0.0),
        targets: if leaves <= now + steps { vec![target] } else { Vec::new() },
        ..Storage::new("vehicle", 75.0, power_kw)
    }
}

/// The problem of the coming slots.
pub(super) fn problem(now: usize, tariff: &Tariff, limit_kw: f64, net_kw: Vec<f64>, storages: Vec<Storage>) -> Problem {
    let slots = now..now + net_kw.len();
    Problem {
        start: time(now),
        step: SLOT,
        steps: net_kw.len(),
        prices: Prices {
            import_eur_per_kwh: Profile::Steps(slots.clone().map(tariff.import).collect()),
            export_eur_per_kwh: Profile::Steps(slots.map(tariff.export).collect()),
        },
        site: Site {
            limits: Limits {
                import_kw: Some(Profile::Constant(limit_kw)),
                export_kw: Some(Profile::Constant(limit_kw)),
            },
            ..Site::default()
        },
        inflexible_kw: Profile::Steps(net_kw),
        devices: storages.into_iter().map(|storage| Device::Storage(Box::new(storage))).collect(),
        rules: Rules::default(),
    }
}

/// What is held at the end is worth what it costs at least to get it again.
pub(super) fn end_value(now: usize, tariff: &Tariff) -> f64 {
    (now..now + DAY).map(tariff.import).fold(f64::INFINITY, f64::min) / EFFICIENCY
}

/// What the battery does in a slot of which only the plan is known: its planned power, but what was neither to be bought nor
/// to be sold is not bought or sold because somebody erred: the exchange never goes the other way than planned.
pub(super) fn followed_kw(plan: &Schedule, step: usize, rest_kw: f64) -> f64 {
    let (planned, net) = (plan.devices[0].power_kw[step], plan.net_kw[step]);
    let exchange = rest_kw + planned;
    let is_kept = if net > 1e-6 { exchange >= 0.0 } else { net < -1e-6 && exchange <= 0.0 };
    if is_kept { planned } else { -rest_kw }
}

/// What a battery really does if it is asked for a power, and what it holds then: kW, kWh.
pub(super) fn executed(asked_kw: f64, held_kwh: f64, capacity_kwh: f64, power_kw: f64) -> (f64, f64) {
    let room = (capacity_kwh - held_kwh) / EFFICIENCY / SLOT_H;
    let stock = held_kwh * EFFICIENCY / SLOT_H;
    let kw = asked_kw.clamp(-power_kw.min(stock), power_kw.min(room));
    let stored = if kw > 0.0 { kw * EFFICIENCY } else { kw / EFFICIENCY };
    (kw, (held_kwh + stored * SLOT_H).clamp(0.0, capacity_kwh))
}
