//! What a meter shows as sampled values, by measurand and phase (part 2, `SampledValueType`).

use super::Station;
use super::body::Reading;
use super::variables::Var;
use crate::charging::Limit;
use crate::v201::*;

impl Station {
    /// The values of an EVSE that a list of measurands asks for; none where there are none.
    pub(super) fn sample(&self, rank: usize, measurands: Var, context: ReadingContext) -> Option<MeterValue> {
        let evse = &self.evses[rank];
        let limit = evse.limit.unwrap_or_else(|| self.settings.evses[rank].supply.limit());
        let phases = self.settings.evses[rank].supply.phases.into();
        let mut samples = Samples { context, values: Vec::new() };
        for name in self.model.members(measurands) {
            let measurand = Measurand::ALL.iter().find(|one| one.as_str().eq_ignore_ascii_case(name));
            if let Some(measurand) = measurand {
                samples.take(*measurand, &evse.meter, limit, phases);
            }
        }
        let sampled_value = samples.values;
        (!sampled_value.is_empty()).then_some(MeterValue { sampled_value, timestamp: DateTime(self.now) })
    }
}

struct Samples {
    context: ReadingContext,
    values: Vec<SampledValue>,
}

impl Samples {
    fn take(&mut self, measurand: Measurand, reading: &Reading, limit: Limit, phases: usize) {
        let [l1, l2, l3] = [Phase::L1, Phase::L2, Phase::L3];
        let imported = |value: f64| value.max(0.0);
        let exported = |value: f64| (-value).max(0.0);
        match measurand {
            Measurand::EnergyActiveImportRegister => self.push(measurand, reading.import_wh, None, "Wh"),
            Measurand::EnergyActiveExportRegister => self.push(measurand, reading.export_wh, None, "Wh"),
            Measurand::EnergyActiveNet => self.push(measurand, reading.import_wh - reading.export_wh, None, "Wh"),
            Measurand::PowerActiveImport => self.push(measurand, imported(reading.power_w), None, "W"),
            Measurand::PowerActiveExport => self.push(measurand, exported(reading.power_w), None, "W"),
            Measurand::PowerOffered => self.push(measurand, limit.power_w, None, "W"),
            Measurand::CurrentOffered => self.push(measurand, limit.current_a, None, "A"),
            Measurand::CurrentImport | Measurand::CurrentExport => {
                for (phase, value) in [l1, l2, l3].into_iter().zip(reading.currents_a).take(phases) {
                    let value = if measurand == Measurand::CurrentImport { imported(value) } else { exported(value) };
                    self.push(measurand, value, Some(phase), "A");
                }
            }
            Measurand::Voltage => {
                let lines = [Phase::L1N, Phase::L2N, Phase::L3N];
                for (phase, value) in lines.into_iter().zip(reading.voltages_v).take(phases) {
                    self.push(measurand, value, Some(phase), "V");
                }
            }
            Measurand::SoC => {
                if let Some(soc) = reading.soc_percent {
                    self.push(measurand, soc, None, "Percent");
                }
            }
            Measurand::Frequency => {
                if let Some(frequency) = reading.frequency_hz {
                    self.push(measurand, frequency, None, "Hertz");
                }
            }
            // Not in the lists of the device model: never asked for.
            _ => {}
        }
    }

    fn push(&mut self, measurand: Measurand, value: f64, phase: Option<Phase>, unit: &str) {
        let location = if measurand == Measurand::SoC { Location::Ev } else { Location::Outlet };
        self.values.push(SampledValue {
            // JSON has no other numbers; a body that shows none shows nothing.
            value: if value.is_finite() { (value * 1000.0).round() / 1000.0 } else { 0.0 },
            context: Some(self.context),
            measurand: Some(measurand),
            phase,
            location: Some(location),
            signed_meter_value: None,
            unit_of_measure: Some(UnitOfMeasure { unit: Some(unit.into()), multiplier: None }),
        });
    }
}
