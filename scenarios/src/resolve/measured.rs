//! What measured data and the scenario's assets must have to do with each other.

use super::{Draft, did_you_mean, model_of};
use crate::assets::{Asset, Model};
use crate::data::{Measured, Quantity};
use crate::error::Problem;
use crate::scenario::Scenario;
use agents::ev::RecordedSession;
use agents::series::Series;
use std::cell::RefCell;

impl Scenario {
    /// Measured series and sessions must be of assets that are there, and of their kind.
    pub(super) fn check_measured(
        &self,
        draft: &Draft<'_>,
        assets: &[Asset],
        measured: &Measured,
        problems: &RefCell<Vec<Problem>>,
    ) {
        let hint = |id: &str, fits: fn(&Model) -> bool| {
            let known = assets.iter().filter(|asset| fits(&asset.model)).map(|asset| asset.id.as_str());
            did_you_mean(id, known, "write the id of one", problems)
        };
        for (quantity, asset, named) in measured.list() {
            let Some(id) = asset else { continue };
            let fits = match (quantity, model_of(assets, id)) {
                (Quantity::Production, Some(Model::Pv(plant))) => {
                    let most_kw = measured.of_asset(quantity, id).map_or(0.0, Series::largest);
                    let rating_kw = plant.rating_kw();
                    if most_kw > rating_kw {
                        let text = format!(
                            "gives {most_kw} kW of `{id}`, whose inverter is rated {rating_kw} kW: check unit and peak_kw"
                        );
                        problems.borrow_mut().push(named.problem(text));
                    }
                    true
                }
                (Quantity::Consumption, Some(Model::Household(_) | Model::Commercial(_))) => true,
                (Quantity::Consumption, None) => draft.loads.iter().any(|(load, _)| load == id),
                _ => false,
            };
            if !fits {
                let (kind, hint) = match quantity {
                    Quantity::Production => ("PV plant", hint(id, |model| matches!(model, Model::Pv(_)))),
                    _ => ("load", hint(id, |model| matches!(model, Model::Household(_) | Model::Commercial(_)))),
                };
                let text =
                    format!("gives {} of `{id}`, which is no {kind} of this scenario: {hint}", quantity.as_str());
                problems.borrow_mut().push(named.problem(text));
            }
        }
        for (id, named) in measured.vehicles().filter(|(id, _)| !matches!(model_of(assets, id), Some(Model::Ev(..)))) {
            let hint = hint(id, |model| matches!(model, Model::Ev(..)));
            problems
                .borrow_mut()
                .push(named.problem(format!("names `{id}`, which is no vehicle of this scenario: {hint}")));
        }
    }
}

/// Notes recorded sessions that deliver more than vehicle and charge point could: what is missing is asked for in the next.
pub(super) fn note_the_undeliverable(assets: &[Asset], measured: &mut Measured) {
    let mut notes = Vec::new();
    for (id, _) in measured.vehicles() {
        let Some(Model::Ev(vehicle, evse)) = model_of(assets, id) else { continue };
        let (Some(Model::Evse(point)), Some(sessions)) = (model_of(assets, evse), measured.sessions_of(id)) else {
            continue;
        };
        let power_kw = vehicle.power_kw.min(point.power_kw);
        let is_too_much =
            |session: &&RecordedSession| session.energy_kwh > power_kw * (session.plug_out - session.plug_in).hours();
        let count = sessions.iter().filter(is_too_much).count();
        if count > 0 {
            notes.push(format!(
                "{count} recorded sessions of {id} deliver more than {power_kw} kW can in their time: what is missing is \
                 asked for in the next one"
            ));
        }
    }
    measured.notes.extend(notes);
}
