//! The body of a load: a household, a commercial site, or what these leave of a commune.

use super::{Embodied, Mean, on_phases};
use crate::faults::{FaultState, Shown};
use crate::physics::commercial::Commercial;
use crate::physics::demand::Demand;
use crate::physics::household::Household;
use crate::state::state;
use crate::weather::{Air, Step, mean_of_minute};
use crate::world::{Flows, Meters};
use agents::load::{Load, LoadIntent, LoadSense};
use agents::reading::{AssetReading, AssetState, round_power_kw};
use agents::series::Series;
use agents::{ParticipantId, SiteId};
use bevy_ecs::component::Component;

#[derive(Component, Debug)]
pub(crate) struct LoadBody {
    pub(crate) id: ParticipantId,
    site: SiteId,
    consumer: Consumer,
    /// Number of phases of its connection, and the one that a single-phase connection uses.
    phases: u8,
    phase: u8,
    intent: LoadIntent,
    power_kw: f64,
    is_limited: bool,
}

state! {
    /// What has come about at a load. What its people do is a function of time alone.
    LoadState of LoadBody {
        intent: LoadIntent,
        power_kw: f64,
    } given { id, site, consumer, phases, phase, is_limited }
}

/// Who consumes.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "households are the many: they are kept in place, the few are boxed")]
pub(crate) enum Consumer {
    Commune(Box<Demand>),
    Household(Household),
    Commercial(Box<Commercial>),
    /// What was measured, kW.
    Measured(Series),
}

impl Consumer {
    /// Power wanted during a step, and whether some of it is cut off: a commune's load takes the rest of its commune's
    /// demand or, where there is one, of its share in the island's measured demand, but never less than nothing.
    fn wanted_kw(&mut self, step: &Step, air: &Air, measured: Option<&Series>) -> (f64, bool) {
        let (day, hours, air_c) = (step.day, step.hour_of_day, air.temperature_c);
        let minute = (hours * 60.0) as u16;
        match self {
            Self::Household(household) => (household.power_kw(day, minute, air_c), false),
            Self::Commercial(site) => (site.power_kw(day, minute, air_c), false),
            Self::Measured(series) => (mean_of_minute(series, step), false),
            Self::Commune(demand) => {
                let commune_kw = match measured {
                    Some(series) => demand.share() * mean_of_minute(series, step),
                    None => demand.power_kw(day, hours, air_c),
                };
                let rest = demand.remainder(commune_kw, day, hours, air_c);
                (rest.power_kw, rest.cut_kw > 0.0)
            }
        }
    }
}

impl LoadBody {
    /// A load connected to all `phases`, three, or to the one numbered `phase` (1-3).
    pub(crate) fn new(id: ParticipantId, site: SiteId, consumer: Consumer, phases: u64, phase: u64) -> Self {
        let (phases, phase) = (phases as u8, phase as u8);
        Self { id, site, consumer, phases, phase, intent: LoadIntent::default(), power_kw: 0.0, is_limited: false }
    }

    /// Consumes what its people want, up to the limit it is under. `measured` is the island's demand, in kW.
    pub(crate) fn advance(
        &mut self,
        steps: &[Step],
        air: &[Air],
        measured: Option<&Series>,
        mut faults: Option<&mut FaultState>,
        flows: &mut Flows,
    ) {
        let mut mean = Mean::default();
        self.is_limited = false;
        let limit_kw = self.intent.import_limit_kw.unwrap_or(f64::INFINITY);
        for (index, (step, air)) in steps.iter().zip(air).enumerate() {
            let (wanted_kw, is_cut) = self.consumer.wanted_kw(step, air, measured);
            self.is_limited |= is_cut || wanted_kw > limit_kw;
            let mut power_kw = wanted_kw.min(limit_kw);
            if let Some(faults) = &mut faults {
                if faults.at(step.start).is_disconnected() {
                    power_kw = 0.0;
                }
                faults.count(step, power_kw, None);
            }
            flows.add(self.site, index, power_kw);
            mean.add(power_kw, step);
        }
        self.power_kw = mean.power_kw();
    }

    /// Shows the power that flows in the field, in place of what the model would have taken.
    pub(crate) fn follow(&mut self, power_kw: f64, steps: usize, flows: &mut Flows) {
        (0..steps).for_each(|index| flows.add(self.site, index, power_kw));
        self.power_kw = power_kw;
        self.is_limited = false;
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power over the interval that each network phase carried.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        on_phases(self.power_kw, self.phases.into(), self.phase.into())
    }

    pub(crate) fn reading(&self) -> AssetReading {
        AssetReading {
            asset: self.id,
            power_kw: round_power_kw(self.power_kw),
            setpoint_kw: self.intent.import_limit_kw.map(round_power_kw),
            energy_kwh: None,
            reactive_kvar: None,
            state: if self.is_limited { AssetState::Limited } else { AssetState::Consuming },
        }
    }
}

impl Embodied for Load {
    type Body = LoadBody;

    fn sense(body: &LoadBody, _: &Meters, sense: &mut LoadSense) {
        sense.power_kw = body.power_kw;
    }

    fn be_shown(sense: &mut LoadSense, shown: &Shown) {
        sense.power_kw = shown.power_kw;
    }

    fn obey(body: &mut LoadBody, intent: LoadIntent) {
        body.intent = intent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use agents::Span;
    use scenarios::{
        CommercialParameters, HouseholdParameters, LoadModel, Plan, PlannedParticipant, PlannedSite, Role, Scenario,
        communes,
    };

    /// The built-in scenario, and beside it these loads in the smallest commune.
    fn plan(loads: Vec<LoadModel>) -> Plan {
        let scenario = Scenario::load("martinique").expect("built in");
        let mut plan = scenario.resolve(Default::default()).expect("valid");
        let (commune, _) =
            communes().iter().enumerate().min_by_key(|(_, commune)| commune.population).expect("there are communes");
        for (number, load) in loads.into_iter().enumerate() {
            // Behind all others, so that their dense ids stay.
            let name = format!("zz_{number:04}");
            let site = Some(SiteId(plan.sites.len() as u32));
            plan.sites.push(PlannedSite { name: name.clone(), commune, portfolio: None });
            plan.participants.push(PlannedParticipant { id: name, site, role: Role::Load(Load::default(), load) });
        }
        plan
    }

    fn household(text: &str) -> LoadModel {
        LoadModel::Household(HouseholdParameters::from_toml(text).expect(text))
    }

    fn commercial(kind: &str, mean_kw: f64) -> LoadModel {
        let text = format!("kind = \"{kind}\"\nmean_kw = {mean_kw}");
        LoadModel::Commercial(CommercialParameters::from_toml(&text).expect("valid"))
    }

    fn loads(plan: &Plan) -> Vec<ParticipantId> {
        let is_load = |(_, participant): &(usize, &PlannedParticipant)| matches!(participant.role, Role::Load(..));
        plan.participants.iter().enumerate().filter(is_load).map(|(index, _)| ParticipantId(index as u32)).collect()
    }

    /// Energy of each load in each hour, in kWh.
    fn hours(plan: &Plan, hours: i64, tick: Span) -> Vec<Vec<f64>> {
        let (mut world, ids) = (World::new(plan), loads(plan));
        let hour = |hour: i64| {
            let mut sums = vec![0.0; ids.len()];
            let mut time = plan.start + Span::HOUR * hour;
            let end = time + Span::HOUR;
            while time < end {
                world.advance(time, time + tick);
                time += tick;
                for (sum, id) in sums.iter_mut().zip(&ids) {
                    *sum += world.power_kw(*id).expect("loads have power") * tick.hours();
                }
            }
            sums
        };
        (0..hours).map(hour).collect()
    }

    fn body(consumer: Consumer, phases: u64, first: u64) -> LoadBody {
        LoadBody::new(ParticipantId(0), SiteId(0), consumer, phases, first)
    }

    fn some_household() -> Consumer {
        let parameters = HouseholdParameters::from_toml("").expect("all have defaults");
        Consumer::Household(Household::new(&parameters, 1, "house"))
    }

    #[test]
    fn ticks_of_any_length_see_the_same_loads() {
        let mut models: Vec<_> = (0..20).map(|_| household("")).collect();
        models.extend(["office", "shop", "hotel", "industry"].map(|kind| commercial(kind, 5.0)));
        let plan = plan(models);
        let expected = hours(&plan, 26, Span::MINUTE);
        for tick in [Span::from_s(1), Span::from_minutes(15)] {
            let found = hours(&plan, 26, tick);
            for (expected, found) in expected.concat().into_iter().zip(found.concat()) {
                assert!((expected - found).abs() <= 1e-9 * expected, "{tick:?}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn explicit_sites_and_the_rest_make_up_the_communes_demand_in_every_hour() {
        let mut models: Vec<_> = (0..150).map(|_| household("")).collect();
        models.extend(["office", "shop", "hotel", "industry"].map(|kind| commercial(kind, 8.0)));
        let (without, with) = (plan(Vec::new()), plan(models));
        let fortnight = |plan: &Plan| {
            let mut sums = vec![vec![0.0; loads(plan).len()]; 24];
            for (index, hour) in hours(plan, 14 * 24, Span::from_minutes(15)).into_iter().enumerate() {
                sums[index % 24].iter_mut().zip(hour).for_each(|(sum, kwh)| *sum += kwh);
            }
            sums
        };
        let (before, after) = (fortnight(&without), fortnight(&with));
        let communes = before[0].len();
        let gives_way = |load: &usize| before[12][*load] != after[12][*load];
        let smallest: Vec<_> = (0..communes).filter(gives_way).collect();
        assert_eq!(smallest.len(), 1, "one commune has explicit sites");
        let (mut whole_kwh, mut rest_kwh, mut parts_kwh) = (0.0, 0.0, 0.0);
        for (hour, (before, after)) in before.iter().zip(&after).enumerate() {
            let (whole, rest) = (before[smallest[0]], after[smallest[0]]);
            let parts = rest + after[communes..].iter().sum::<f64>();
            assert!((parts / whole - 1.0).abs() < 0.04, "hour {hour}: {parts} kWh, not {whole}");
            (whole_kwh, rest_kwh, parts_kwh) = (whole_kwh + whole, rest_kwh + rest, parts_kwh + parts);
        }
        assert!((parts_kwh / whole_kwh - 1.0).abs() < 0.01, "{parts_kwh} kWh, not {whole_kwh}");
        // Explicit sites are a large part of this commune: adding up is no matter of course.
        assert!(rest_kwh < 0.6 * whole_kwh, "{rest_kwh} {whole_kwh}");
    }

    #[test]
    fn more_explicit_demand_than_a_commune_has_shows_as_a_limit() {
        let plan = plan((0..4).map(|_| commercial("hotel", 1000.0)).collect());
        let mut world = World::new(&plan);
        world.advance(plan.start, plan.start + Span::from_minutes(15));
        let limited: Vec<_> = world.assets().iter().filter(|reading| reading.state == AssetState::Limited).collect();
        assert_eq!(limited.len(), 1);
        assert_eq!((limited[0].power_kw, limited[0].setpoint_kw), (0.0, None));
    }

    #[test]
    fn a_household_is_cut_off_at_its_limit_and_says_so() {
        let plan = plan(vec![household("base_kw = 0.5\nrefrigerator_kw = 0")]);
        let (mut world, id) = (World::new(&plan), *loads(&plan).last().expect("it was added"));
        let reading = |world: &World| *world.assets().iter().find(|reading| reading.asset == id).expect("it has a row");
        world.obey::<Load>(id, LoadIntent { import_limit_kw: Some(0.1) });
        world.advance(plan.start, plan.start + Span::from_minutes(15));
        let limited = reading(&world);
        assert_eq!((limited.power_kw, limited.setpoint_kw, limited.state), (0.1, Some(0.1), AssetState::Limited));
        world.obey::<Load>(id, LoadIntent::default());
        world.advance(plan.start, plan.start + Span::from_minutes(15));
        assert!(reading(&world).power_kw > 0.4 && reading(&world).state == AssetState::Consuming);
    }

    #[test]
    fn power_is_shared_out_among_the_phases_of_the_connection() {
        for (phases, first, expected) in [(1, 1, [6.0, 0.0, 0.0]), (1, 3, [0.0, 0.0, 6.0]), (3, 2, [2.0, 2.0, 2.0])] {
            let mut body = body(some_household(), phases, first);
            body.power_kw = 6.0;
            let found = body.phases_kw();
            let is_close = |(found, expected): (&f64, &f64)| (found - expected).abs() < 1e-6;
            assert!(found.iter().zip(&expected).all(is_close), "{phases} from {first}: {found:?}");
        }
    }
}
