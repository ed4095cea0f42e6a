//! Random problems with one storage, from a seed.

use agents::schedule::{
    CurtailableProduction, Device, Exclusion, Keeping, Prices, Problem, Rules, Site, SocLimit, SocTarget, Storage,
};
use agents::{Span, Time};
use market::dispatch::{Limits, Profile};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    pub(crate) fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    fn some(&mut self, share: f64) -> bool {
        self.0.random::<f64>() < share
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len())]
    }

    fn series(&mut self, steps: usize, low: f64, high: f64) -> Vec<f64> {
        (0..steps).map(|_| self.between(low, high)).collect()
    }
}

/// A problem that has some of: negative prices, losses, ageing, V2G, absence, minima, targets, minimum power, production to
/// curtail, limits of the site, and a start outside the limits.
pub(crate) fn problem(seed: u64, steps: usize) -> Problem {
    let mut draw = Draw::of(seed);
    let level = draw.one(&[0.0, 0.1, 0.2]);
    let import = draw.series(steps, level - 0.15, level + 0.15);
    let spread = draw.one(&[0.0, 0.0, 0.05, -0.05]);
    let export = import.iter().map(|price| price - spread).collect();
    let start = Time(0);
    let step = draw.one(&[Span::from_minutes(15), Span::HOUR]);
    let capacity = draw.between(5.0, 60.0);
    let power = draw.between(2.0, 30.0);
    let low = draw.one(&[0.0, 0.1]) * capacity;
    let mut storage = Storage {
        soc_start_kwh: if draw.some(0.9) { draw.between(low, capacity) } else { draw.between(0.0, 1.2 * capacity) },
        soc_min_kwh: Profile::Constant(low),
        charge_efficiency: draw.one(&[1.0, 0.95, 0.8]),
        discharge_efficiency: draw.one(&[1.0, 0.95, 0.8]),
        kept_per_step: Profile::Constant(draw.one(&[1.0, 1.0, 0.999, 0.98])),
        ageing_eur_per_kwh: draw.one(&[0.0, 0.0, 0.02]),
        end_value_eur_per_kwh: draw.one(&[0.0, 0.0, 0.1]),
        ..Storage::new("store", capacity, power)
    };
    if draw.some(0.5) {
        let away = (0..steps).map(|_| draw.one(&[0.0, power, power, 0.5 * power])).collect();
        storage.charge_max_kw = Profile::Steps(away);
    }
    if draw.some(0.3) {
        storage.discharge_max_kw = Profile::Constant(0.0);
    }
    let some_end = |draw: &mut Draw| start + step * (1 + draw.between(0.0, steps as f64 - 0.5) as i64);
    for _ in 0..draw.one(&[0, 0, 1, 2]) {
        let (at, soc_kwh) = (some_end(&mut draw), draw.between(low, capacity));
        storage.targets.push(SocTarget { at, soc_kwh });
    }
    if draw.some(0.3) {
        let (one, other) = (some_end(&mut draw), some_end(&mut draw));
        let soc_kwh = draw.between(0.0, 0.6) * capacity;
        storage.minima.push(SocLimit { from: one.min(other), until: one.max(other), soc_kwh });
    }
    if draw.some(0.25) {
        storage.modes_kw = vec![[-power, -0.3 * power], [0.0, 0.0], [0.4 * power, power]];
    }
    let mut devices = vec![Device::Storage(Box::new(storage))];
    if draw.some(0.3) {
        let available_kw = Profile::Steps(draw.series(steps, 0.0, 12.0));
        devices.push(Device::CurtailableProduction(CurtailableProduction { name: "pv".to_owned(), available_kw }));
    }
    let mut limits = Limits::default();
    if draw.some(0.3) {
        limits.import_kw = Some(Profile::Constant(25.0));
    }
    if draw.some(0.3) {
        limits.export_kw = Some(Profile::Steps(draw.series(steps, 5.0, 30.0)));
    }
    Problem {
        start,
        step,
        steps,
        prices: Prices { import_eur_per_kwh: Profile::Steps(import), export_eur_per_kwh: Profile::Steps(export) },
        site: Site { limits, ..Site::default() },
        inflexible_kw: Profile::Steps(draw.series(steps, -8.0, 12.0)),
        devices,
        rules: Rules {
            keeping: draw.one(&[Keeping::Hard, Keeping::Soft]),
            storage: if draw.some(0.2) { Exclusion::Free } else { Exclusion::Exclusive },
            ..Rules::default()
        },
    }
}
