//! From what a device published to a reading: units are converted, what can not be meant is counted by its reason.

use crate::topics::level;
use agents::face::command::instant;
use agents::face::{FieldQuantity, FieldReading};
use agents::reading::AssetState;
use agents::record::Catalogue;
use agents::{Kind, ParticipantId};
use std::collections::BTreeMap;

/// Most bytes of a payload.
const MOST_BYTES: usize = 16 * 1024;

/// What has come in since the start, and why what was refused was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages received.
    pub received: u64,
    /// Readings that were overtaken by a newer one of their series, or came late, before anybody asked for them.
    pub superseded: u64,
    /// Messages of sites, signals and quantities that are not mirrored.
    pub ignored: u64,
    /// Payloads that are no JSON object.
    pub not_json: u64,
    /// Payloads without a number as `value`.
    pub no_number: u64,
    /// Payloads whose `timestamp` is missing or no instant with an offset.
    pub no_offset: u64,
    /// Topics of assets that the scenario does not have, or has as another type.
    pub unknown_asset: u64,
    /// Units that are missing or do not fit the quantity.
    pub unknown_unit: u64,
}

impl Counts {
    /// How many messages were refused.
    pub fn refused(&self) -> u64 {
        self.not_json + self.no_number + self.no_offset + self.unknown_asset + self.unknown_unit
    }
}

/// Why a message is no reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Ignored,
    NotJson,
    NoNumber,
    NoOffset,
    UnknownAsset,
    UnknownUnit,
}

/// Takes messages, and keeps the latest reading of each series until it is asked for.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// What every topic of sensors begins with.
    prefix: String,
    assets: BTreeMap<String, (ParticipantId, Kind)>,
    latest: BTreeMap<(ParticipantId, FieldQuantity), FieldReading>,
    pub(crate) counts: Counts,
}

impl Decoder {
    pub(crate) fn new(root: &str, catalogue: &Catalogue) -> Self {
        let entries = (0..).map(ParticipantId).zip(&catalogue.participants).filter(|(_, entry)| entry.kind.is_asset());
        Self {
            prefix: format!("{root}/sensors/"),
            assets: entries.map(|(id, entry)| (level(&entry.id).into_owned(), (id, entry.kind))).collect(),
            latest: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// The topics to subscribe to.
    pub(crate) fn filter(root: &str) -> String {
        format!("{root}/sensors/+/+/+")
    }

    /// Takes a message.
    pub(crate) fn take(&mut self, topic: &[u8], payload: &[u8]) {
        self.counts.received += 1;
        let count = match self.decode(topic, payload) {
            Ok(reading) => {
                let kept = self.latest.entry((reading.asset, reading.quantity)).or_insert(reading);
                if *kept == reading {
                    return;
                }
                // The last to arrive, whatever its clock says: one message from the future must not hide all that follow.
                *kept = reading;
                &mut self.counts.superseded
            }
            Err(Refusal::Ignored) => &mut self.counts.ignored,
            Err(Refusal::NotJson) => &mut self.counts.not_json,
            Err(Refusal::NoNumber) => &mut self.counts.no_number,
            Err(Refusal::NoOffset) => &mut self.counts.no_offset,
            Err(Refusal::UnknownAsset) => &mut self.counts.unknown_asset,
            Err(Refusal::UnknownUnit) => &mut self.counts.unknown_unit,
        };
        *count += 1;
    }

    /// The readings since the last call, in the order of ids and quantities.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = FieldReading> + use<> {
        std::mem::take(&mut self.latest).into_values()
    }

    fn decode(&self, topic: &[u8], payload: &[u8]) -> Result<FieldReading, Refusal> {
        let topic = std::str::from_utf8(topic).map_err(|_| Refusal::UnknownAsset)?;
        let mut levels = topic.strip_prefix(&self.prefix).ok_or(Refusal::Ignored)?.split('/');
        let (Some(asset_type), Some(asset), Some(quantity), None) =
            (levels.next(), levels.next(), levels.next(), levels.next())
        else {
            return Err(Refusal::Ignored);
        };
        // So retained messages are cleared.
        if ["site", "weather", "dso"].contains(&asset_type) || payload.is_empty() {
            return Err(Refusal::Ignored);
        }
        let quantity = match quantity {
            "power" => FieldQuantity::Power,
            "energy" => FieldQuantity::Energy,
            "soc" => FieldQuantity::Soc,
            "state" => FieldQuantity::State,
            _ => return Err(Refusal::Ignored),
        };
        let (asset, kind) = *self.assets.get(asset).ok_or(Refusal::UnknownAsset)?;
        if kind.as_str() != asset_type {
            return Err(Refusal::UnknownAsset);
        }
        if payload.len() > MOST_BYTES {
            return Err(Refusal::NotJson);
        }
        let json: serde_json::Value = serde_json::from_slice(payload).map_err(|_| Refusal::NotJson)?;
        let json = json.as_object().ok_or(Refusal::NotJson)?;
        let value = json.get("value").and_then(serde_json::Value::as_f64).ok_or(Refusal::NoNumber)?;
        let text = |key| json.get(key).and_then(serde_json::Value::as_str);
        let time = text("timestamp").and_then(|text| instant(text).ok()).ok_or(Refusal::NoOffset)?;
        let value = convert(quantity, value, text("unit").unwrap_or_default()).ok_or(Refusal::UnknownUnit)?;
        let is_code = |value: f64| value.fract() == 0.0 && (0.0..AssetState::ALL.len() as f64).contains(&value);
        if !value.is_finite() || quantity == FieldQuantity::State && !is_code(value) {
            return Err(Refusal::NoNumber);
        }
        Ok(FieldReading { asset, quantity, value, time })
    }
}

/// The value in the unit of the quantity; none if it is in another.
fn convert(quantity: FieldQuantity, value: f64, unit: &str) -> Option<f64> {
    match (quantity, unit) {
        (FieldQuantity::Power, "kW")
        | (FieldQuantity::Energy, "kWh")
        | (FieldQuantity::Soc, "%")
        | (FieldQuantity::State, "state") => Some(value),
        (FieldQuantity::Power, "W") | (FieldQuantity::Energy, "Wh") => Some(value / 1000.0),
        (FieldQuantity::Power, "MW") | (FieldQuantity::Energy, "MWh") => Some(value * 1000.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::testing::{TIME, catalogue};
    use agents::Span;
    use proptest::prelude::*;

    const POWER: &str = "cariflex/sensors/battery/bat_01/power";

    type Count = fn(&Counts) -> u64;

    fn decoder() -> Decoder {
        Decoder::new("cariflex", &catalogue())
    }

    fn payload(value: &str, unit: &str, time: &str) -> String {
        format!(r#"{{"value":{value},"unit":"{unit}","timestamp":"2026-03-02T07:15:{time}-04:00"}}"#)
    }

    fn read(topic: &str, payload: &str) -> Vec<FieldReading> {
        let mut decoder = decoder();
        decoder.take(topic.as_bytes(), payload.as_bytes());
        decoder.drain().collect()
    }

    #[test]
    fn what_a_device_shows_becomes_a_reading_in_the_units_of_the_twin() {
        for (quantity, unit, field, value) in [
            ("power", "kW", FieldQuantity::Power, 12.0),
            ("power", "W", FieldQuantity::Power, 0.012),
            ("power", "MW", FieldQuantity::Power, 12_000.0),
            ("energy", "kWh", FieldQuantity::Energy, 12.0),
            ("energy", "Wh", FieldQuantity::Energy, 0.012),
            ("soc", "%", FieldQuantity::Soc, 12.0),
            ("state", "state", FieldQuantity::State, 12.0),
        ] {
            let topic = format!("cariflex/sensors/battery/bat_01/{quantity}");
            let expected = FieldReading { asset: ParticipantId(0), quantity: field, value, time: TIME };
            assert_eq!(read(&topic, &payload("12", unit, "00")), [expected], "{quantity} in {unit}");
        }
    }

    #[test]
    fn what_the_face_publishes_is_read_as_it_was() {
        let line = crate::payload::Encoder::new(catalogue().calendar).reading(-1.235, "kW", TIME + Span(250));
        let read = read("cariflex/sensors/pv/pv_01/power", std::str::from_utf8(&line).expect("it is right"));
        assert_eq!((read[0].asset, read[0].value, read[0].time), (ParticipantId(1), -1.235, TIME + Span(250)));
    }

    #[test]
    fn the_latest_reading_of_a_series_is_kept_and_the_others_are_counted() {
        let mut decoder = decoder();
        for (value, time) in [("1", "00"), ("2", "02"), ("3", "01")] {
            decoder.take(POWER.as_bytes(), payload(value, "kW", time).as_bytes());
        }
        assert_eq!(decoder.drain().map(|reading| reading.value).collect::<Vec<_>>(), [3.0]);
        assert_eq!((decoder.counts.superseded, decoder.drain().count()), (2, 0));
    }

    #[test]
    fn what_can_not_be_meant_is_counted_by_its_reason() {
        let right = payload("1", "kW", "00");
        let cases: [(&str, &str, Count); 15] = [
            (POWER, "garbage", |counts| counts.not_json),
            (POWER, "[1]", |counts| counts.not_json),
            (POWER, &payload("NaN", "kW", "00"), |counts| counts.not_json),
            (POWER, &payload("\"1\"", "kW", "00"), |counts| counts.no_number),
            (POWER, &payload("null", "kW", "00"), |counts| counts.no_number),
            (POWER, r#"{"value":1,"unit":"kW"}"#, |counts| counts.no_offset),
            (POWER, r#"{"value":1,"unit":"kW","timestamp":"2026-03-02T07:15:00"}"#, |counts| counts.no_offset),
            (POWER, &payload("1", "kWh", "00"), |counts| counts.unknown_unit),
            (POWER, r#"{"value":1,"timestamp":"2026-03-02T07:15:00Z"}"#, |counts| counts.unknown_unit),
            ("cariflex/sensors/battery/bat_99/power", &right, |counts| counts.unknown_asset),
            ("cariflex/sensors/pv/bat_01/power", &right, |counts| counts.unknown_asset),
            ("cariflex/sensors/battery/bat_01/state", &payload("14", "state", "00"), |counts| counts.no_number),
            ("cariflex/sensors/weather/station/irradiance", &right, |counts| counts.ignored),
            ("cariflex/sensors/battery/bat_01/setpoint", &right, |counts| counts.ignored),
            (POWER, "", |counts| counts.ignored),
        ];
        for (topic, payload, count) in cases {
            let mut decoder = decoder();
            decoder.take(topic.as_bytes(), payload.as_bytes());
            assert_eq!((count(&decoder.counts), decoder.drain().count()), (1, 0), "{topic} {payload}");
            assert_eq!(decoder.counts.refused() + decoder.counts.ignored, 1);
        }
    }

    proptest! {
        #[test]
        fn no_message_makes_the_decoder_panic(
            topic in proptest::collection::vec(any::<u8>(), 0..60),
            payload in proptest::collection::vec(any::<u8>(), 0..60),
            text in "\\PC{0,40}", value in any::<f64>(),
        ) {
            let mut decoder = decoder();
            decoder.take(&topic, &payload);
            decoder.take(POWER.as_bytes(), &payload);
            let json = serde_json::json!({ "value": value, "unit": "kW", "timestamp": text });
            decoder.take(POWER.as_bytes(), json.to_string().as_bytes());
        }
    }
}
