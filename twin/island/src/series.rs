//! A whole series of demand dispatched at once: price, mean cost and CO2 by step, for tariffs, forecasts and studies.

use crate::dispatch::{Dispatcher, Outlook, Request, State, Step};
use crate::{Fleet, IslandError, Rules};

/// What a series is made from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course<'a> {
    /// Demand by step, MW.
    pub demand_mw: &'a [f64],
    /// What wind and PV could give, MW: step by step, all groups of [`Fleet::variable`] in their order.
    pub available_mw: &'a [f64],
    /// Length of a step, s.
    pub dt_s: f64,
    /// How many steps ahead the operator sees demand, wind and PV as they will be; 0 is none, the present goes on then.
    pub foresight: usize,
}

/// Series by step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Cost of one more megawatt for an hour, EUR/MWh.
    pub price_eur_per_mwh: Vec<f64>,
    /// Fuel, wear and starts over energy, EUR/MWh.
    pub mean_cost_eur_per_mwh: Vec<f64>,
    /// CO2 of the fuel over energy, g/kWh.
    pub co2_g_per_kwh: Vec<f64>,
    /// Wind and PV that were not taken, MW.
    pub disconnected_mw: Vec<f64>,
    /// Demand that was not served, MW.
    pub unserved_mw: Vec<f64>,
    /// Sums of the whole series.
    pub total: Total,
}

/// Sums of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Energy given, MWh.
    pub energy_mwh: f64,
    /// Cost, EUR.
    pub cost_eur: f64,
    /// CO2, kg.
    pub co2_kg: f64,
    /// Starts ordered.
    pub starts: u64,
    /// Steps that held less reserve than wanted.
    pub short_of_reserve: u64,
}

/// Dispatches a series from a start in balance; `each` sees every step and the state after it.
///
/// # Errors
/// A series whose parts have different lengths, or a step that cannot be.
pub fn dispatch(
    fleet: &Fleet,
    rules: Rules,
    course: &Course<'_>,
    mut each: impl FnMut(&Step, &State),
) -> Result<Series, IslandError> {
    let groups = fleet.variable().count();
    let steps = course.demand_mw.len();
    if course.available_mw.len() != steps * groups {
        let problem = format!("{} numbers of wind and PV for {steps} steps", course.available_mw.len());
        return Err(IslandError::Request { problem, remedy: format!("give {groups} by step, one for each group") });
    }
    let outlooks = outlooks(course, rules.intermittent_share, &firmed(fleet));
    let mut dispatcher = Dispatcher::new(fleet.clone(), rules)?;
    let request = |step: usize| Request {
        demand_mw: course.demand_mw[step],
        available_mw: &course.available_mw[step * groups..(step + 1) * groups],
        outlook: outlooks.get(step).copied(),
        dt_s: course.dt_s,
    };
    let mut series = Series::default();
    if steps == 0 {
        return Ok(series);
    }
    series.reserve(steps);
    let mut state = dispatcher.begin(&request(0))?;
    let mut step = Step::default();
    for place in 0..steps {
        dispatcher.step(&mut state, &request(place), &mut step)?;
        series.push(&step);
        each(&step, &state);
    }
    Ok(series)
}

impl Series {
    fn reserve(&mut self, steps: usize) {
        for column in [
            &mut self.price_eur_per_mwh,
            &mut self.mean_cost_eur_per_mwh,
            &mut self.co2_g_per_kwh,
            &mut self.disconnected_mw,
            &mut self.unserved_mw,
        ] {
            column.reserve_exact(steps);
        }
    }

    fn push(&mut self, step: &Step) {
        self.price_eur_per_mwh.push(step.price_eur_per_mwh);
        self.mean_cost_eur_per_mwh.push(step.mean_cost_eur_per_mwh());
        self.co2_g_per_kwh.push(step.co2_g_per_kwh());
        self.disconnected_mw.push(step.limited_mw + step.curtailed_mw);
        self.unserved_mw.push(step.unserved_mw);
        self.total.energy_mwh += step.energy_mwh();
        self.total.cost_eur += step.cost_eur;
        self.total.co2_kg += step.co2_kg;
        self.total.starts += u64::from(step.starts);
        // A reserve that is just held may miss by the rounding of sums.
        self.total.short_of_reserve += u64::from(step.reserve_mw < step.reserve_required_mw - 1e-6);
    }
}

fn firmed(fleet: &Fleet) -> Vec<bool> {
    fleet.variable().map(|(_, group)| group.firmed).collect()
}

/// The highest residual of the steps that are seen: in their first half for those who start, in all for those who stop.
/// None without foresight.
fn outlooks(course: &Course<'_>, share: f64, firmed: &[bool]) -> Vec<Outlook> {
    if course.foresight == 0 {
        return Vec::new();
    }
    let groups = firmed.len();
    let residual = |step: usize| {
        let (mut limited_mw, mut firm_mw) = (0.0, 0.0);
        for (mw, firmed) in course.available_mw[step * groups..(step + 1) * groups].iter().zip(firmed) {
            *if *firmed { &mut firm_mw } else { &mut limited_mw } += mw;
        }
        let demand_mw = course.demand_mw[step];
        demand_mw - firm_mw - limited_mw.min(share * demand_mw)
    };
    let residuals: Vec<f64> = (0..course.demand_mw.len()).map(residual).collect();
    let highest = |from: usize, count: usize| {
        residuals[from..residuals.len().min(from + count + 1)].iter().copied().fold(f64::NEG_INFINITY, f64::max)
    };
    let outlook = |step| Outlook {
        soon_mw: highest(step, course.foresight.div_ceil(2)),
        later_mw: highest(step, course.foresight),
    };
    (0..residuals.len()).map(outlook).collect()
}
