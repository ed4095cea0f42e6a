//! The values of the device model, and what may be written (B05, B06).

use super::Station;
use super::serve::{Served, reply};
use super::variables::{AVAILABILITY, OF_CONNECTOR, OF_EVSE, Spec, Var};
use crate::OcppError;
use crate::v201::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest value that can be written (part 2, `SetVariableDataType`), and most items in a request.
const ITEMS: usize = 50;

/// What was written over the table's defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct DeviceModel {
    values: BTreeMap<Var, String>,
    /// Written, and held once the station has started anew.
    after_reboot: BTreeMap<Var, String>,
}

impl DeviceModel {
    pub(super) fn new(set: &[(String, String, String)]) -> Result<Self, OcppError> {
        let mut model = Self::default();
        for (component, variable, value) in set {
            let same = |var: &&Var| {
                let spec = var.spec();
                spec.component.eq_ignore_ascii_case(component) && spec.variable.eq_ignore_ascii_case(variable)
            };
            let found = Var::ALL.iter().find(same).filter(|var| takes(var.spec(), value));
            let Some(var) = found else {
                let (component, variable, value) = (component.clone(), variable.clone(), value.clone());
                return Err(OcppError::Variable { component, variable, value });
            };
            model.values.insert(*var, value.clone());
        }
        Ok(model)
    }

    pub(super) fn text(&self, var: Var) -> &str {
        self.values.get(&var).map_or(var.spec().default, String::as_str)
    }

    pub(super) fn integer(&self, var: Var) -> i64 {
        self.text(var).parse().expect("the table and what may be written are numbers")
    }

    pub(super) fn decimal(&self, var: Var) -> f64 {
        self.text(var).parse().expect("the table and what may be written are numbers")
    }

    pub(super) fn is(&self, var: Var) -> bool {
        self.text(var).eq_ignore_ascii_case("true")
    }

    /// The members of a list.
    pub(super) fn members(&self, var: Var) -> impl Iterator<Item = &str> {
        self.text(var).split(',').map(str::trim).filter(|member| !member.is_empty())
    }

    /// Writes a value of the station's own making.
    pub(super) fn put(&mut self, var: Var, value: String) {
        self.values.insert(var, value);
    }

    pub(super) fn apply_after_reboot(&mut self) {
        self.values.append(&mut self.after_reboot);
    }

    fn write(&mut self, var: Var, value: &str) -> SetVariableStatus {
        let spec = var.spec();
        if spec.mutability == Mutability::ReadOnly || !takes(spec, value) {
            return SetVariableStatus::Rejected;
        }
        if spec.reboot {
            self.after_reboot.insert(var, value.into());
            return SetVariableStatus::RebootRequired;
        }
        self.values.insert(var, value.into());
        SetVariableStatus::Accepted
    }
}

/// Whether a variable can have a value.
fn takes(spec: &Spec, value: &str) -> bool {
    let listed =
        |member: &str| spec.values.is_some_and(|values| values.split(',').any(|one| one.eq_ignore_ascii_case(member)));
    let within = |number: f64| spec.range.is_none_or(|(least, most)| (least..=most).contains(&number));
    match spec.kind {
        DataType::Integer => value.parse::<i32>().is_ok_and(|number| within(number.into())),
        DataType::Decimal => value.parse::<f64>().is_ok_and(|number| number.is_finite() && within(number)),
        DataType::Boolean => ["true", "false"].iter().any(|one| one.eq_ignore_ascii_case(value)),
        DataType::DateTime => DateTime::parse(value).is_some(),
        DataType::OptionList => listed(value),
        DataType::MemberList | DataType::SequenceList if value.is_empty() => true,
        DataType::MemberList | DataType::SequenceList => value.split(',').all(|member| listed(member.trim())),
        DataType::String => within(value.chars().count() as f64),
    }
}

/// A variable of the station, an EVSE (by rank) or a connector (by rank).
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Station(Var),
    Evse(usize, &'static Spec),
    Connector(usize, usize, &'static Spec),
}

impl Place {
    pub(super) fn spec(self) -> &'static Spec {
        match self {
            Self::Station(var) => var.spec(),
            Self::Evse(_, spec) | Self::Connector(_, _, spec) => spec,
        }
    }

    pub(super) fn component(self) -> Component {
        let name = Text::new(self.spec().component).expect("the table's names are short");
        let evse = self.evse().map(|(id, connector)| Evse::new(id, connector));
        Component { name, evse, instance: None, custom_data: None }
    }

    pub(super) fn variable(self) -> Variable {
        let text = |text| Text::new(text).expect("the table's names are short");
        Variable { name: text(self.spec().variable), instance: self.spec().instance.map(text), custom_data: None }
    }

    /// Its EVSE and connector, counted from 1.
    fn evse(self) -> Option<(i32, Option<i32>)> {
        match self {
            Self::Station(_) => None,
            Self::Evse(rank, _) => Some((rank as i32 + 1, None)),
            Self::Connector(rank, connector, _) => Some((rank as i32 + 1, Some(connector as i32 + 1))),
        }
    }

    fn is_of(self, component: &Component) -> bool {
        let asked = component.evse.as_ref().map(|evse| (evse.id, evse.connector_id));
        let named = self.spec().component.eq_ignore_ascii_case(&component.name);
        named && component.instance.is_none() && self.evse() == asked
    }

    /// Whether a request that names a component, and maybe a variable, means this one; what it leaves out, it means all of.
    pub(super) fn is_meant_by(self, component: &Component, variable: Option<&Variable>) -> bool {
        let evse = match (&component.evse, self.evse()) {
            (None, _) => true,
            (Some(asked), Some((id, connector))) => {
                asked.id == id && asked.connector_id.is_none_or(|asked| Some(asked) == connector)
            }
            (Some(_), None) => false,
        };
        let named = |variable: &Variable| {
            let spec = self.spec();
            let instance = variable.instance.as_deref();
            variable.name.eq_ignore_ascii_case(spec.variable)
                && instance.is_none_or(|asked| spec.instance.is_some_and(|mine| mine.eq_ignore_ascii_case(asked)))
        };
        self.spec().component.eq_ignore_ascii_case(&component.name)
            && component.instance.is_none()
            && evse
            && variable.is_none_or(named)
    }
}

impl Station {
    /// Every variable of the station.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        let station = Var::ALL.iter().map(|var| Place::Station(*var));
        let evses = (0..self.evses.len()).flat_map(|rank| OF_EVSE.iter().map(move |spec| Place::Evse(rank, spec)));
        let connectors = self.evses.iter().enumerate().flat_map(|(rank, evse)| {
            let of = move |connector| OF_CONNECTOR.iter().map(move |spec| Place::Connector(rank, connector, spec));
            (0..evse.connectors.len()).flat_map(of)
        });
        station.chain(evses).chain(connectors)
    }

    pub(super) fn find(&self, component: &Component, variable: &Variable) -> Result<Place, GetVariableStatus> {
        let mut known = false;
        for place in self.places().filter(|place| place.is_of(component)) {
            known = true;
            let spec = place.spec();
            let instance = match (spec.instance, variable.instance.as_deref()) {
                (None, None) => true,
                (Some(mine), Some(asked)) => mine.eq_ignore_ascii_case(asked),
                _ => false,
            };
            if instance && spec.variable.eq_ignore_ascii_case(&variable.name) {
                return Ok(place);
            }
        }
        Err(if known { GetVariableStatus::UnknownVariable } else { GetVariableStatus::UnknownComponent })
    }

    /// The value of a variable as it is now.
    pub(super) fn value(&self, place: Place) -> Cow<'_, str> {
        match place {
            Place::Station(var) => match var {
                Var::StationAvailability => self.station_status().as_str().into(),
                Var::StationModel => self.settings.model.as_str().into(),
                Var::StationVendor => self.settings.vendor.as_str().into(),
                Var::StationPhases => self.settings.evses[0].supply.phases.to_string().into(),
                Var::DateTime => DateTime(self.now).to_string().into(),
                Var::DisplayMessages => self.displays.len().to_string().into(),
                Var::LocalListEntries => self.authorisation.local_list_len().to_string().into(),
                Var::SecurityIdentity => self.settings.identity.as_str().into(),
                _ => self.model.text(var).into(),
            },
            Place::Evse(rank, spec) => match spec.variable {
                "AvailabilityState" => self.evse_status(rank).as_str().into(),
                "Power" => self.evses[rank].meter.power_w.abs().to_string().into(),
                "SupplyPhases" => self.settings.evses[rank].supply.phases.to_string().into(),
                _ => spec.default.into(),
            },
            Place::Connector(rank, connector, spec) => match spec.variable {
                "AvailabilityState" => self.connector_status(rank, connector).as_str().into(),
                "ConnectorType" => self.settings.evses[rank].connectors[connector].as_str().into(),
                "SupplyPhases" => self.settings.evses[rank].supply.phases.to_string().into(),
                _ => spec.default.into(),
            },
        }
    }

    /// The largest and least value, where there are any.
    pub(super) fn range(&self, place: Place) -> Option<(f64, f64)> {
        match place {
            Place::Evse(rank, spec) if spec.variable == "Power" => {
                Some((0.0, self.settings.evses[rank].supply.power_w()))
            }
            _ => place.spec().range,
        }
    }

    /// The values a list may have.
    pub(super) fn values_list(place: Place) -> Option<&'static str> {
        match place.spec().kind {
            DataType::OptionList => Some(place.spec().values.unwrap_or(AVAILABILITY)),
            DataType::SequenceList => Some(place.spec().values.unwrap_or("RealTimeClock,Heartbeat")),
            _ => place.spec().values,
        }
    }

    /// GetVariables (B06).
    pub(super) fn get_variables(&mut self, request: GetVariablesRequest) -> Served<GetVariablesResponse> {
        super::report::at_most(request.get_variable_data.len(), ITEMS)?;
        let result = request.get_variable_data.iter().map(|asked| {
            let found = match (self.find(&asked.component, &asked.variable), asked.attribute_type) {
                (Err(status), _) => Err(status),
                (Ok(_), Some(kind)) if kind != AttributeType::Actual => {
                    Err(GetVariableStatus::NotSupportedAttributeType)
                }
                (Ok(place), _) if place.spec().mutability == Mutability::WriteOnly => Err(GetVariableStatus::Rejected),
                (Ok(place), _) => Ok(self.value(place).into_owned()),
            };
            GetVariableResult {
                attribute_status: found.as_ref().err().copied().unwrap_or(GetVariableStatus::Accepted),
                component: asked.component.clone(),
                variable: asked.variable.clone(),
                attribute_status_info: None,
                attribute_type: asked.attribute_type,
                attribute_value: found.ok(),
            }
        });
        reply(GetVariablesResponse { get_variable_result: result.collect() })
    }

    /// SetVariables (B05).
    pub(super) fn set_variables(&mut self, request: SetVariablesRequest) -> Served<SetVariablesResponse> {
        super::report::at_most(request.set_variable_data.len(), ITEMS)?;
        let mut result = Vec::with_capacity(request.set_variable_data.len());
        for asked in request.set_variable_data.iter() {
            let attribute_status = match (self.find(&asked.component, &asked.variable), asked.attribute_type) {
                (Err(GetVariableStatus::UnknownComponent), _) => SetVariableStatus::UnknownComponent,
                (Err(_), _) => SetVariableStatus::UnknownVariable,
                (Ok(_), Some(kind)) if kind != AttributeType::Actual => SetVariableStatus::NotSupportedAttributeType,
                (Ok(Place::Station(var)), _) => self.write(var, &asked.attribute_value),
                (Ok(_), _) => SetVariableStatus::Rejected,
            };
            result.push(SetVariableResult {
                attribute_status,
                component: asked.component.clone(),
                variable: asked.variable.clone(),
                attribute_type: asked.attribute_type,
                attribute_status_info: None,
            });
        }
        reply(SetVariablesResponse { set_variable_result: result })
    }

    fn write(&mut self, var: Var, value: &str) -> SetVariableStatus {
        // Slots that are empty can't be connected to (B10).
        if var == Var::NetworkConfigurationPriority {
            let mut slots = value.split(',').map(|slot| slot.trim().parse());
            if !slots.all(|slot| slot.is_ok_and(|slot: i32| self.network.contains_key(&slot))) {
                return SetVariableStatus::Rejected;
            }
        }
        let status = self.model.write(var, value);
        if status == SetVariableStatus::Accepted {
            match var {
                Var::AlignedInterval | Var::AlignedEnabled => self.plan_aligned(),
                Var::HeartbeatInterval => self.replan_heartbeat(),
                Var::SampledTxUpdatedInterval => self.replan_samples(),
                _ => {}
            }
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_of_the_table_is_a_value_its_variable_can_have() {
        for var in Var::ALL {
            let spec = var.spec();
            let live =
                matches!(var, Var::StationAvailability | Var::DateTime | Var::BasicAuthPassword | Var::TimeSource);
            assert!(live || takes(spec, spec.default), "{var:?}");
        }
    }

    #[test]
    fn no_variable_is_there_twice() {
        for (rank, var) in Var::ALL.iter().enumerate() {
            let (a, same) = (var.spec(), |other: &Var| {
                let b = other.spec();
                (b.component, b.variable, b.instance)
                    == (var.spec().component, var.spec().variable, var.spec().instance)
            });
            assert!(!Var::ALL[rank + 1..].iter().any(same), "{} {}", a.component, a.variable);
        }
    }

    #[test]
    fn values_out_of_range_are_none() {
        assert!(!takes(Var::OfflineThreshold.spec(), "-1"));
        assert!(!takes(Var::OfflineThreshold.spec(), "a"));
        assert!(!takes(Var::TxStartPoint.spec(), "EVConnected,DataSigned"));
        assert!(takes(Var::TxStartPoint.spec(), "EVConnected, Authorized"));
    }
}
