//! Composite schedules: what will hold, period by period (K08).

use super::limit::Supply;
use super::profiles::{Profiles, Session};
use crate::v201::{ChargingRateUnit, ChargingSchedulePeriod};
use agents::time::{Span, Time};

/// Periods of a composite schedule; as many as a profile may have. What lies beyond is left off, and said so by the
/// schedule's shorter duration.
const PERIODS: usize = 1024;
/// Changes that are looked at, whether they change the limit or not; beyond, too, what lies ahead is left off.
const CHANGES: usize = 10_000;

/// What will hold at an EVSE.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    /// Its first instant, a whole second.
    pub start: Time,
    /// How far it reaches, in s.
    pub duration_s: i32,
    /// Its periods, each with another limit than the one before.
    pub periods: Vec<ChargingSchedulePeriod>,
}

impl Profiles {
    /// The composite schedule of an EVSE (0: the station) from `start` on for `duration_s`.
    ///
    /// Where no profile holds it is what the EVSE could draw. Periods begin at whole seconds: a change within a second
    /// counts from the next on.
    pub fn composite(
        &self,
        (evse_id, supply, session): (i32, Supply, Session<'_>),
        start: Time,
        duration_s: i32,
        unit: ChargingRateUnit,
    ) -> Composite {
        let second = Span::from_s(1);
        let start = start.floor(second);
        let end = start + Span::from_s(duration_s.max(0).into());
        let mut periods: Vec<ChargingSchedulePeriod> = Vec::new();
        let mut time = start;
        let mut changes = 0;
        while time < end {
            changes += 1;
            let limit = self.limit_at(evse_id, supply, session, time);
            let period = ChargingSchedulePeriod {
                start_period: ((time - start).0 / 1000) as i32,
                limit: round(limit.rate(unit)),
                number_phases: Some(limit.phases.into()),
                phase_to_use: limit.phase_to_use.map(i32::from),
                custom_data: None,
            };
            let same = |last: &ChargingSchedulePeriod| {
                (last.limit, last.number_phases, last.phase_to_use)
                    == (period.limit, period.number_phases, period.phase_to_use)
            };
            if !periods.last().is_some_and(same) {
                if periods.len() == PERIODS {
                    return Composite { start, duration_s: period.start_period, periods };
                }
                periods.push(period);
            } else if changes > CHANGES {
                return Composite { start, duration_s: period.start_period, periods };
            }
            let change = self.next_change(evse_id, session, time).unwrap_or(end);
            time = change.floor(second).max(time + second);
            if time < change {
                time += second;
            }
        }
        Composite { start, duration_s: duration_s.max(0), periods }
    }
}

/// To a thousandth, so that 11,040 W over three phases of 230 V are 16 A.
fn round(rate: f64) -> f64 {
    (rate * 1000.0).round() / 1000.0
}
