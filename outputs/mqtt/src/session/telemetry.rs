//! What the twin shows: readings, signals and events, as they come from the kernel.

use super::{AssetTopics, OFFLINE, Session, availability};
use crate::batch::Batch;
use crate::outbox::{Item, SeriesId, Text};
use crate::series::Worth;
use crate::session::LinkId;
use crate::settings::StoragePower;
use crate::topics::{Quantity, level};
use agents::reading::{AssetReading, AssetState, MirrorReading, Signal};
use agents::record::{AwardRow, Event, EventCode};
use agents::{Kind, ParticipantId, Time};
use std::sync::Arc;

impl Session {
    /// Publishes what is worth it of an interval.
    pub(crate) fn publish(&mut self, batch: &Batch) {
        self.take_faults(batch);
        for reading in &batch.assets {
            if let Some(shown) = shown(reading, batch) {
                self.publish_asset(shown, batch.start);
            }
        }
        let power_kw = self.settings.power_kw;
        for site in &batch.sites {
            if let Some(last) = self.last_of_sites.get_mut(site.site.index()) {
                let worth = last.offer(batch.start, site.power_kw, power_kw, self.rate);
                self.post(LinkId::GATEWAY, SeriesId::Site(site.site.0), site.power_kw, batch.start, worth);
            }
        }
        for reading in &batch.signals {
            let index = Signal::ALL.iter().position(|signal| *signal == reading.signal);
            let index = index.expect("every signal is among all");
            let worth = self.last_of_signals[index].offer(batch.start, reading.value, 0.0, self.rate);
            self.post(LinkId::GATEWAY, SeriesId::Signal(index as u32), reading.value, batch.start, worth);
        }
        for reading in &batch.mirror {
            self.publish_mirrored(reading, batch.start);
        }
        for event in &batch.events {
            self.publish_event(event);
        }
        for award in &batch.awards {
            self.publish_award(award);
        }
    }

    fn publish_asset(&mut self, reading: &AssetReading, time: Time) {
        let index = reading.asset.index();
        let Some(Some(asset)) = self.assets.get(index) else { return };
        let (link, settings) = (asset.link, &self.settings);
        let (power_kw, energy_kwh, soc_percent) = (settings.power_kw, settings.energy_kwh, settings.soc_percent);
        let power = if self.shows_energy_as_power(asset) {
            (reading.energy_kwh, energy_kwh)
        } else {
            (Some(reading.power_kw), power_kw)
        };
        let soc = reading.energy_kwh.zip(asset.capacity_kwh).map(|(energy, capacity)| percent(energy / capacity));
        // A code, so that any change is one.
        let state = AssetState::ALL.iter().position(|state| *state == reading.state).map(|code| code as f64);
        for (quantity, value, threshold) in [
            (Quantity::Power, power.0, power.1),
            (Quantity::Energy, reading.energy_kwh, energy_kwh),
            (Quantity::Soc, soc, soc_percent),
            (Quantity::Setpoint, reading.setpoint_kw, power_kw),
            (Quantity::ReactivePower, reading.reactive_kvar, power_kw),
            (Quantity::State, state, 0.0),
        ] {
            if let Some(value) = value {
                self.post_asset(link, reading.asset, quantity, value, time, threshold);
            }
        }
    }

    /// How far field and model of a mirrored asset are apart, and how old the field's word is.
    fn publish_mirrored(&mut self, reading: &MirrorReading, time: Time) {
        let Some(Some(asset)) = self.assets.get(reading.asset.index()) else { return };
        let (link, power_kw) = (asset.link, self.settings.power_kw);
        if let Some(residual_kw) = reading.residual_kw {
            self.post_asset(link, reading.asset, Quantity::Residual, residual_kw, time, power_kw);
        }
        // It grows with time: whoever wants to know each second has the table.
        self.post_asset(link, reading.asset, Quantity::Staleness, reading.staleness_s, time, f64::INFINITY);
    }

    fn post_asset(&mut self, link: LinkId, asset: ParticipantId, of: Quantity, value: f64, time: Time, threshold: f64) {
        if self.faults.is_down(asset) {
            return;
        }
        match self.last_of_assets[asset.index()][of as usize].offer(time, value, threshold, self.rate) {
            Worth::Message => self.pass(link, asset, of, value, time),
            Worth::Refusal => self.counts.stale += 1,
            Worth::Nothing => {}
        }
    }

    fn post(&mut self, link: LinkId, series: SeriesId, value: f64, time: Time, worth: Worth) {
        match worth {
            Worth::Message => self.push(link, Item::Reading { series, value, time }),
            Worth::Refusal => self.counts.stale += 1,
            Worth::Nothing => {}
        }
    }

    /// What the orders of a prosumer got, on its own topic.
    fn publish_award(&mut self, award: &AwardRow) {
        let who = self.catalogue.participant(award.prosumer);
        let topic = format!("{}/market/{}/award", self.settings.root, level(who));
        let product = self.catalogue.products.get(usize::from(award.product.0)).map_or("-", String::as_str);
        let payload = self.encoder.award(award, product);
        self.push(LinkId::GATEWAY, Item::Event(Arc::new(Text { topic, payload })));
    }

    fn publish_event(&mut self, event: &Event) {
        let is_outside = event.participant == ParticipantId::OUTSIDE;
        let who = if is_outside { "twin" } else { self.catalogue.participant(event.participant) };
        let topic = format!("{}/events/{}", self.settings.root, level(who));
        let payload = self.encoder.event(event, who);
        self.push(LinkId::GATEWAY, Item::Event(Arc::new(Text { topic, payload })));
        if event.code == EventCode::Quarantined
            && let Some(Some(asset)) = self.assets.get(event.participant.index())
        {
            let (link, item) = (asset.link, availability(self.status_topic(asset), OFFLINE));
            self.quarantined.insert(event.participant);
            self.push(link, item);
        }
    }

    /// Whether the topic `power` of an asset carries the energy it stores.
    pub(super) fn shows_energy_as_power(&self, asset: &AssetTopics) -> bool {
        self.settings.storage_power == StoragePower::Energy && matches!(asset.kind, Kind::Battery | Kind::Ev)
    }
}

/// What an asset shows, if anything.
fn shown<'b>(reading: &'b AssetReading, batch: &'b Batch) -> Option<&'b AssetReading> {
    match batch.faults.binary_search_by_key(&reading.asset, |fault| fault.asset) {
        Ok(index) => batch.faults[index].shown.as_ref(),
        Err(_) => Some(reading),
    }
}

/// A share in %, to 0.001 %.
fn percent(share: f64) -> f64 {
    (share * 1e5).round() / 1e3 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Message;
    use crate::session::testing::{TIME, catalogue, event, reading};
    use crate::settings::{Connections, Settings};
    use agents::Span;
    use agents::reading::SiteReading;
    use agents::{ParticipantId, SiteId};

    fn session(settings: Settings) -> Session {
        Session::new(settings, catalogue().into(), "twin")
    }

    fn messages(session: &mut Session, link: u32) -> Vec<Message> {
        std::iter::from_fn(|| session.next(LinkId(link))).collect()
    }

    fn lines(session: &mut Session) -> Vec<String> {
        let line =
            |message: Message| format!("{} {}", message.topic, String::from_utf8(message.payload).expect("it is text"));
        messages(session, 0).into_iter().map(line).collect()
    }

    /// A battery at 2.5 kW with 40 kWh of 100 kWh.
    fn batch(time: Time) -> Batch {
        let battery = AssetReading {
            energy_kwh: Some(40.0),
            setpoint_kw: Some(3.0),
            reactive_kvar: Some(-0.5),
            state: AssetState::Charging,
            ..reading(0, 2.5)
        };
        Batch { start: time, assets: vec![battery], ..Batch::default() }
    }

    #[test]
    fn an_asset_shows_each_quantity_under_a_topic_of_its_own() {
        let mut session = session(Settings::default());
        session.publish(&batch(TIME));
        let golden = [
            r#"power {"value":2.5,"unit":"kW","timestamp":"2026-03-02T07:15:00-04:00"}"#,
            r#"energy {"value":40.0,"unit":"kWh","timestamp":"2026-03-02T07:15:00-04:00"}"#,
            r#"soc {"value":40.0,"unit":"%","timestamp":"2026-03-02T07:15:00-04:00"}"#,
            r#"setpoint {"value":3.0,"unit":"kW","timestamp":"2026-03-02T07:15:00-04:00"}"#,
            r#"reactive_power {"value":-0.5,"unit":"kvar","timestamp":"2026-03-02T07:15:00-04:00"}"#,
            r#"state {"value":1.0,"unit":"state","timestamp":"2026-03-02T07:15:00-04:00"}"#,
        ];
        assert_eq!(lines(&mut session), golden.map(|line| format!("cariflex/sensors/battery/bat_01/{line}")));
    }

    #[test]
    fn readings_are_sent_as_the_settings_say() {
        for (qos, retain) in [(0, false), (1, true)] {
            let mut session = session(Settings { qos, retain, ..Settings::default() });
            session.publish(&batch(TIME));
            assert!(messages(&mut session, 0).iter().all(|message| message.qos == qos && message.retain == retain));
        }
    }

    #[test]
    fn the_topic_power_of_a_storage_carries_its_energy_where_that_is_asked_for() {
        let mut session = session(Settings { storage_power: StoragePower::Energy, ..Settings::default() });
        session.publish(&Batch { assets: vec![batch(TIME).assets[0], reading(1, -4.0)], ..batch(TIME) });
        let lines = lines(&mut session);
        assert!(lines[0].contains(r#"bat_01/power {"value":40.0,"unit":"kWh""#), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains(r#"pv_01/power {"value":-4.0,"unit":"kW""#)), "{lines:?}");
    }

    #[test]
    fn a_mirrored_asset_shows_its_residual_as_it_changes_and_its_staleness_now_and_then() {
        let mut session = session(Settings::default());
        let mirrored = |residual_kw: f64, staleness_s: f64| MirrorReading {
            asset: ParticipantId(0),
            field_power_kw: Some(2.5),
            model_power_kw: 2.5 - residual_kw,
            residual_kw: Some(residual_kw),
            field_energy_kwh: None,
            energy_residual_kwh: None,
            staleness_s,
            is_stale: false,
        };
        let batch =
            |s: i64, reading| Batch { start: TIME + Span::from_s(s), mirror: vec![reading], ..Batch::default() };
        session.publish(&batch(0, mirrored(-0.5, 1.5)));
        let topic = "cariflex/sensors/battery/bat_01";
        let at = "\"timestamp\":\"2026-03-02T07:15:00-04:00\"}";
        let expected = [
            format!("{topic}/residual {{\"value\":-0.5,\"unit\":\"kW\",{at}"),
            format!("{topic}/staleness {{\"value\":1.5,\"unit\":\"s\",{at}"),
        ];
        assert_eq!(lines(&mut session), expected);
        session.publish(&batch(1, mirrored(0.5, 2.5)));
        assert_eq!(lines(&mut session).len(), 1, "the residual alone");
        session.publish(&batch(30, mirrored(0.5, 31.5)));
        assert_eq!(lines(&mut session).len(), 2);
    }

    #[test]
    fn sites_and_signals_have_topics_of_their_own() {
        let mut session = session(Settings::default());
        let site = SiteReading { site: SiteId(0), power_kw: 7.0, import_kwh: 0.0, export_kwh: 0.0, imbalance_kw: 0.0 };
        let signals = Signal::ALL.map(|signal| signal.reading(1.0)).into();
        session.publish(&Batch { start: TIME, sites: vec![site], signals, ..Batch::default() });
        let lines = lines(&mut session);
        assert!(
            lines[0].starts_with(r#"cariflex/sensors/site/Le Lamentin%2F1/power {"value":7.0,"unit":"kW""#),
            "{lines:?}"
        );
        for start in [
            r#"cariflex/sensors/weather/station/irradiance {"value":1.0,"unit":"W/m2""#,
            r#"cariflex/sensors/weather/station/wind_speed {"value":1.0,"unit":"m/s""#,
            r#"cariflex/sensors/dso/signals/consumption_price {"value":1.0,"unit":"EUR/MWh""#,
            r#"cariflex/sensors/dso/signals/demand_response_signal {"value":1.0,"unit":"level""#,
        ] {
            assert!(lines.iter().any(|line| line.starts_with(start)), "{start} in {lines:?}");
        }
    }

    #[test]
    fn what_has_not_changed_enough_waits_for_the_next_multiple() {
        let mut session = session(Settings::default());
        session.publish(&batch(TIME));
        messages(&mut session, 0);
        let mut next = batch(TIME + Span::from_s(1));
        (next.assets[0].power_kw, next.assets[0].energy_kwh) = (2.55, Some(40.05));
        session.publish(&next);
        assert_eq!(lines(&mut session), Vec::<String>::new());
        next = batch(TIME + Span::from_s(2));
        (next.assets[0].power_kw, next.assets[0].state) = (2.6, AssetState::Idle);
        session.publish(&next);
        let changed = lines(&mut session);
        assert!(changed.len() == 2 && changed[0].contains("/power ") && changed[1].contains("/state "), "{changed:?}");
        session.publish(&batch(TIME + Span::from_s(30)));
        assert_eq!(lines(&mut session).len(), 6, "all of them at the multiple");
    }

    #[test]
    fn a_late_batch_never_follows_a_newer_one() {
        let mut session = session(Settings::default());
        session.publish(&batch(TIME + Span::HOUR));
        messages(&mut session, 0);
        session.publish(&batch(TIME));
        assert_eq!((lines(&mut session).len(), session.counts.stale), (0, 6));
    }

    #[test]
    fn what_is_no_number_is_never_published() {
        let mut session = session(Settings::default());
        session.publish(&Batch { start: TIME, assets: vec![reading(1, f64::NAN)], ..Batch::default() });
        assert_eq!((lines(&mut session).len(), session.counts.stale), (1, 1), "the state alone");
    }

    #[test]
    fn events_are_not_retained_and_those_of_the_whole_go_under_twin() {
        let mut session = session(Settings::default());
        let events = vec![
            event(ParticipantId(1), EventCode::CommandRefused),
            event(ParticipantId::OUTSIDE, EventCode::MailCarriedOver),
        ];
        session.publish(&Batch { start: TIME, events, ..Batch::default() });
        let messages = messages(&mut session, 0);
        let topics: Vec<_> = messages.iter().map(|message| message.topic.as_str()).collect();
        assert_eq!(topics, ["cariflex/events/pv_01", "cariflex/events/twin"]);
        assert!(messages.iter().all(|message| !message.retain && message.qos == 1));
    }

    #[test]
    fn a_quarantined_asset_is_offline_and_stays_so_over_a_new_connection() {
        let mut session = session(Settings::default());
        let events = vec![event(ParticipantId(0), EventCode::Quarantined)];
        session.publish(&Batch { start: TIME, events, ..Batch::default() });
        assert_eq!(lines(&mut session)[0], "cariflex/status/battery/bat_01 offline");
        session.lost(LinkId::GATEWAY);
        session.connected(LinkId::GATEWAY);
        let lines = lines(&mut session);
        assert_eq!(lines[..2], ["cariflex/status/gateway/twin online", "cariflex/status/battery/bat_01 offline"]);
        assert!(lines.contains(&"cariflex/status/pv/pv_01 online".to_owned()), "{lines:?}");
    }

    #[test]
    fn with_a_connection_per_device_each_says_what_is_its_own() {
        let mut session = session(Settings { connections: Connections::Device, ..Settings::default() });
        let links = session.links();
        let ids: Vec<_> = links.iter().map(|(_, id, _)| id.as_str()).collect();
        assert_eq!(ids, ["twin", "twin-bat_01", "twin-pv_01", "twin-ev_01"]);
        assert_eq!(links[1].2, "cariflex/status/battery/bat_01");
        session.publish(&batch(TIME));
        session.connected(LinkId(1));
        let own = messages(&mut session, 1);
        assert_eq!(own.len(), 7);
        assert_eq!((own[0].topic.as_str(), own[0].retain), ("cariflex/status/battery/bat_01", true));
        assert_eq!(messages(&mut session, 0), []);
        session.farewell();
        let last = |session: &mut Session, link| messages(session, link).pop().map(|last| last.payload);
        assert_eq!(last(&mut session, 1), Some(b"offline".to_vec()));
        assert_eq!(last(&mut session, 0), Some(b"offline".to_vec()));
    }
}
