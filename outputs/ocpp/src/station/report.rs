//! Reports of the device model: base and custom, in parts (B07, B08).

use super::Station;
use super::device_model::Place;
use super::serve::{Served, reply, reply_then};
use super::variables::Var;
use crate::rpc::{ErrorCode, Refusal};
use crate::v201::*;

/// Refuses a request with more items than the station takes (B05, B06, B08: ItemsPerMessage).
pub(super) fn at_most(items: usize, most: usize) -> Result<(), Refusal> {
    let refusal = Refusal::new(ErrorCode::OccurrenceConstraintViolation, "more items than ItemsPerMessage");
    if items <= most { Ok(()) } else { Err(refusal) }
}

impl Station {
    /// GetBaseReport (B07).
    pub(super) fn get_base_report(&mut self, request: GetBaseReportRequest) -> Served<GetBaseReportResponse> {
        let kept = |place: &Place| match request.report_base {
            ReportBase::FullInventory => true,
            ReportBase::ConfigurationInventory => place.spec().mutability != Mutability::ReadOnly,
            // What tells how the station is: part 2, B07, SummaryInventory.
            ReportBase::SummaryInventory => ["AvailabilityState", "Available"].contains(&place.spec().variable),
        };
        let places: Vec<_> = self.places().filter(kept).collect();
        let status = GenericDeviceModelStatus::Accepted;
        let response = GetBaseReportResponse { status, status_info: None };
        reply_then(response, move |station| station.report(request.request_id, &places))
    }

    /// GetReport (B08): what is named, of components that are as the criteria say.
    pub(super) fn get_report(&mut self, request: GetReportRequest) -> Served<GetReportResponse> {
        let answer = |status| GetReportResponse { status, status_info: None };
        if let Some(named) = &request.component_variable {
            at_most(named.len(), self.model.integer(Var::ItemsGetReport) as usize)?;
        }
        let meant = |place: &Place| match &request.component_variable {
            None => true,
            Some(named) => named.iter().any(|one| place.is_meant_by(&one.component, one.variable.as_ref())),
        };
        let fits = |place: &Place| match &request.component_criteria {
            None => true,
            Some(criteria) => criteria.iter().any(|criterion| self.fits(*place, *criterion)),
        };
        let places: Vec<_> = self.places().filter(meant).filter(fits).collect();
        if places.is_empty() {
            return reply(answer(GenericDeviceModelStatus::EmptyResultSet));
        }
        let then = move |station: &mut Self| station.report(request.request_id, &places);
        reply_then(answer(GenericDeviceModelStatus::Accepted), then)
    }

    /// Whether a component is as a criterion says: no such variable counts as true, but for problems.
    fn fits(&self, place: Place, criterion: ComponentCriterion) -> bool {
        let enabled = match place.spec().component {
            "AlignedDataCtrlr" => self.model.is(Var::AlignedEnabled),
            "AuthCtrlr" => self.model.is(Var::AuthEnabled),
            "AuthCacheCtrlr" => self.model.is(Var::CacheEnabled),
            "LocalAuthListCtrlr" => self.model.is(Var::LocalListEnabled),
            "SampledDataCtrlr" => self.model.is(Var::SampledEnabled),
            _ => true,
        };
        match criterion {
            ComponentCriterion::Active | ComponentCriterion::Enabled => enabled,
            ComponentCriterion::Available => true,
            ComponentCriterion::Problem => match place {
                Place::Station(_) => false,
                Place::Evse(rank, _) => self.evse_status(rank) == ConnectorStatus::Faulted,
                Place::Connector(rank, connector, _) => {
                    self.connector_status(rank, connector) == ConnectorStatus::Faulted
                }
            },
        }
    }

    fn report(&mut self, request_id: i32, places: &[Place]) {
        let parts = places.chunks(self.model.integer(Var::ItemsGetReport) as usize);
        let last = parts.len().saturating_sub(1);
        for (seq_no, part) in parts.enumerate() {
            let request = NotifyReportRequest {
                request_id,
                generated_at: DateTime(self.now),
                seq_no: seq_no as i32,
                report_data: Some(part.iter().map(|place| self.report_data(*place)).collect()),
                tbc: Some(seq_no < last),
            };
            self.notify(&request, true);
        }
    }

    fn report_data(&self, place: Place) -> ReportData {
        let spec = place.spec();
        let value = (spec.mutability != Mutability::WriteOnly).then(|| self.value(place).into_owned());
        let range = self.range(place);
        ReportData {
            component: place.component(),
            variable: place.variable(),
            variable_attribute: vec![VariableAttribute {
                r#type: Some(AttributeType::Actual),
                value,
                mutability: Some(spec.mutability),
                persistent: Some(true),
                constant: Some(false),
            }],
            variable_characteristics: Some(VariableCharacteristics {
                data_type: spec.kind,
                supports_monitoring: super::monitoring::can_be_monitored(place),
                unit: spec.unit.map(Into::into),
                min_limit: range.map(|(least, _)| least),
                max_limit: range.map(|(_, most)| most),
                values_list: Self::values_list(place).map(Into::into),
            }),
        }
    }
}
