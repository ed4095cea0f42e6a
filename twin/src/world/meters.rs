//! The meters of sites, of portfolios and of the island: what they have counted.

use super::Flows;
use crate::state::state;
use crate::weather::Step;
use agents::reading::{SiteReading, round_energy_kwh, round_power_kw};
use agents::{MeterId, MeterReading, SiteId};
use market::Energy;

/// The meters of sites and portfolios, and of the island.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(super) sites: Vec<Meter>,
    pub(super) portfolios: Vec<Meter>,
    pub(super) island: Meter,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    power_kw: f64,
    /// Within the last interval.
    import_kwh: f64,
    export_kwh: f64,
    /// Since the start.
    imported_kwh: f64,
    exported_kwh: f64,
}

impl Meters {
    pub(crate) fn new(sites: usize, portfolios: usize) -> Self {
        let blank = Meter::default();
        Self { sites: vec![blank; sites], portfolios: vec![blank; portfolios], island: blank }
    }

    pub(super) fn count(&mut self, steps: &[Step], flows: &Flows) {
        let stretch = steps.len();
        for (meter, powers_kw) in self.sites.iter_mut().zip(flows.site_kw.chunks_exact(stretch)) {
            meter.count(steps, powers_kw);
        }
        for (meter, powers_kw) in self.portfolios.iter_mut().zip(flows.portfolio_kw.chunks_exact(stretch)) {
            meter.count(steps, powers_kw);
        }
        self.island.count(steps, &flows.island_kw);
    }

    /// What a meter shows.
    pub(crate) fn read(&self, meter: MeterId) -> MeterReading {
        let meter = match meter {
            MeterId::Site(site) => &self.sites[site.index()],
            MeterId::Portfolio(portfolio) => &self.portfolios[portfolio.index()],
            MeterId::Island => &self.island,
        };
        MeterReading {
            power_kw: meter.power_kw,
            imported: Energy::from_kwh(meter.imported_kwh),
            exported: Energy::from_kwh(meter.exported_kwh),
        }
    }
}

state! {
    /// What a meter has counted.
    MeterState of Meter {
        power_kw: f64,
        imported_kwh: f64,
        exported_kwh: f64,
    } given { import_kwh, export_kwh }
}

impl Meter {
    fn count(&mut self, steps: &[Step], powers_kw: &[f64]) {
        let (mut import_kwh, mut export_kwh, mut hours) = (0.0, 0.0, 0.0);
        for (step, power_kw) in steps.iter().zip(powers_kw) {
            import_kwh += power_kw.max(0.0) * step.hours;
            export_kwh += (-power_kw).max(0.0) * step.hours;
            hours += step.hours;
        }
        self.power_kw = (import_kwh - export_kwh) / hours;
        (self.import_kwh, self.export_kwh) = (import_kwh, export_kwh);
        self.imported_kwh += import_kwh;
        self.exported_kwh += export_kwh;
    }

    pub(super) fn site_reading(&self, index: usize, [a, b, c]: [f64; 3]) -> SiteReading {
        SiteReading {
            site: SiteId(index as u32),
            power_kw: round_power_kw(self.power_kw),
            import_kwh: round_energy_kwh(self.import_kwh),
            export_kwh: round_energy_kwh(self.export_kwh),
            imbalance_kw: round_power_kw(a.max(b).max(c) - a.min(b).min(c)),
        }
    }
}
