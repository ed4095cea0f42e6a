//! Recorded charging sessions: who was plugged in from when to when, and what was delivered.

use super::instant::Instants;
use super::measured::{Measured, Named};
use super::table::DataTable;
use crate::document::Node;
use crate::error::{Problem, brief};
use crate::parameters::Limits::Any;
use crate::parameters::parameters;
use agents::Span;
use agents::ev::RecordedSession;
use std::collections::BTreeMap;

const NO_ENERGY: &str = "has no energy: fill it in, 0 where nothing was delivered";
/// More than this in one session is no passenger car's.
const MOST_KWH: f64 = 1000.0;

/// Vehicles know so many trips ahead, which must reach beyond the longest tick.
const MOST_PER_HOUR: usize = agents::ev::TRIPS_AHEAD;

parameters! {
    /// A file of recorded charging sessions; vehicles that it names live by them.
    pub(crate) struct SessionsSection in "sessions" {
        /// CSV or Parquet file, from the folder of the scenario.
        file: String, "path", Any, "";
        /// Column of the vehicle's id.
        vehicle: String = "vehicle".into(), "column", Any, "";
        /// Column of the instant of plugging in.
        start: String = "start".into(), "column", Any, "";
        /// Column of the instant of unplugging.
        end: String = "end".into(), "column", Any, "";
        /// Column of the energy delivered, in kWh.
        energy: String = "energy_kwh".into(), "column", Any, "";
        /// Time zone of instants without an offset; none: each has its own.
        zone: Option<String> = None, "time zone", Any, "";
    }
}

impl SessionsSection {
    /// Reads the sessions of `table` into `measured`; `node` is the section as written at the dotted path `key`.
    pub(crate) fn load(
        &self,
        (key, node): (&str, &Node),
        table: &DataTable,
        measured: &mut Measured,
    ) -> Result<(), Problem> {
        let zone = node.at("zone").unwrap_or(node);
        let instants =
            Instants::of(self.zone.as_deref()).map_err(|text| Problem::at(zone, &format!("{key}.zone"), text))?;
        let place = |name: &str, column: &str| table.column(column, &format!("say which with {key}.{name}"));
        let [vehicle, start, end, energy] = [
            place("vehicle", &self.vehicle),
            place("start", &self.start),
            place("end", &self.end),
            place("energy", &self.energy),
        ];
        let (vehicle, start, end, energy) = (vehicle?, start?, end?, energy?);
        let mut sessions: BTreeMap<String, Vec<(RecordedSession, u64)>> = BTreeMap::new();
        for (row, cells) in table.rows() {
            let wrong = |text: String| table.problem(row, text);
            let session = RecordedSession {
                plug_in: instants.read(&cells[start]).map_err(wrong)?,
                plug_out: instants.read(&cells[end]).map_err(wrong)?,
                energy_kwh: cells[energy].number().map_err(wrong)?.ok_or_else(|| wrong(NO_ENERGY.into()))?,
            };
            check(&session).map_err(wrong)?;
            let id = cells[vehicle].text().map_err(wrong)?;
            sessions.entry(id.into()).or_default().push((session, row));
        }
        if sessions.is_empty() {
            return Err(table.problem_with_all("holds no sessions: add rows, or leave the section out"));
        }
        for (vehicle, mut of_vehicle) in sessions {
            of_vehicle.sort_by_key(|(session, _)| session.plug_in);
            let first = of_vehicle.iter().map(|(_, row)| *row).min().unwrap_or_default();
            let named = Named { place: table.place(first), key: key.into() };
            if let Some(pair) = of_vehicle.windows(2).find(|pair| pair[1].0.plug_in < pair[0].0.plug_out) {
                let (start, end) = (pair[1].0.plug_in, pair[0].0.plug_out);
                let text = format!("begins at {start}, before the session of {vehicle} ending at {end}: correct one");
                return Err(table.problem(pair[1].1, text));
            }
            let crowded = of_vehicle
                .windows(MOST_PER_HOUR + 1)
                .find(|some| some[MOST_PER_HOUR].0.plug_in < some[0].0.plug_in + Span::HOUR);
            if let Some(some) = crowded {
                let text = format!(
                    "begins a fourth session of {vehicle} within an hour, more than can be lived through in a tick: \
                     join or remove some"
                );
                return Err(table.problem(some[MOST_PER_HOUR].1, text));
            }
            let sessions = of_vehicle.into_iter().map(|(session, _)| session).collect();
            measured.add_sessions(named, &vehicle, sessions)?;
        }
        Ok(())
    }
}

fn check(session: &RecordedSession) -> Result<(), String> {
    let RecordedSession { plug_in: start, plug_out: end, energy_kwh } = session;
    if end <= start {
        return Err(format!("ends at {end}, not after its start at {start}: are the columns mixed up?"));
    }
    if !(0.0..=MOST_KWH).contains(energy_kwh) {
        let energy_kwh = brief(*energy_kwh);
        return Err(format!("delivers {energy_kwh} kWh: must lie between 0 and {MOST_KWH}; is the column in kWh?"));
    }
    Ok(())
}
