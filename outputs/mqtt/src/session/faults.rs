//! What the faults of devices do to what is published of them: wrong clocks, and links that are down, late or lossy.

use super::{LinkId, ONLINE, Session, availability};
use crate::batch::Batch;
use crate::outbox::{Item, SeriesId};
use crate::topics::Quantity;
use agents::draw::{Draws, lot};
use agents::reading::Link;
use agents::{ParticipantId, Span, Time};
use std::collections::{BTreeMap, VecDeque};

/// What the faults of a device do to its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Condition {
    /// By how much its clock is ahead.
    pub(super) clock_error: Span,
    pub(super) link: Link,
}

/// A message on its way through a slow link.
#[derive(Debug)]
struct Late {
    /// The instant of the twin at which it comes out, unless others are before it.
    due: Time,
    item: Item,
}

/// The devices with faults, and what is on its way from them.
#[derive(Debug, Default)]
pub(super) struct Faults {
    conditions: BTreeMap<ParticipantId, Condition>,
    late: BTreeMap<ParticipantId, VecDeque<Late>>,
    /// Messages on their way, of all devices.
    under_way: usize,
    /// Whether links have broken off or come back since that was last asked.
    have_links_changed: bool,
}

impl Faults {
    pub(super) fn of(&self, asset: ParticipantId) -> Condition {
        self.conditions.get(&asset).copied().unwrap_or_default()
    }

    pub(super) fn is_down(&self, asset: ParticipantId) -> bool {
        self.of(asset).link.is_down
    }

    /// How many messages are on their way through slow links.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// What comes out by `now`, each device's in its order.
    fn arrived(&mut self, now: Time) -> Vec<(ParticipantId, Item)> {
        let mut arrived = Vec::new();
        for (asset, late) in &mut self.late {
            while let Some(first) = late.pop_front_if(|first| first.due <= now) {
                arrived.push((*asset, first.item));
            }
        }
        self.late.retain(|_, late| !late.is_empty());
        self.under_way -= arrived.len();
        arrived
    }

    /// What is on its way is lost.
    fn lose(&mut self, asset: ParticipantId) {
        self.under_way -= self.late.remove(&asset).map_or(0, |late| late.len());
    }
}

impl Session {
    /// Whether the link of every device behind a connection of its own is down.
    pub(crate) fn is_broken_off(&self, link: LinkId) -> bool {
        link != LinkId::GATEWAY && self.assets_of_links[link.index()].iter().all(|asset| self.faults.is_down(*asset))
    }

    /// Whether [`Self::is_broken_off`] may say something else than when this was last asked.
    pub(crate) fn take_link_changes(&mut self) -> bool {
        std::mem::take(&mut self.faults.have_links_changed)
    }

    /// Takes note of the faults of an interval: those that are not in it are over. What has come through slow links by
    /// then is published.
    pub(super) fn take_faults(&mut self, batch: &Batch) {
        let mut conditions = BTreeMap::new();
        for reading in &batch.faults {
            if let Some(Some(_)) = self.assets.get(reading.asset.index()) {
                conditions.insert(reading.asset, Condition { clock_error: reading.clock_error, link: reading.link });
            }
        }
        let before = std::mem::replace(&mut self.faults.conditions, conditions);
        let is_down = |conditions: &BTreeMap<_, Condition>| {
            let down = conditions.iter().filter(|(_, condition)| condition.link.is_down);
            down.map(|(asset, _)| *asset).collect::<Vec<ParticipantId>>()
        };
        let [before, now] = [is_down(&before), is_down(&self.faults.conditions)];
        for asset in now.iter().filter(|asset| !before.contains(asset)) {
            self.faults.lose(*asset);
            self.tell_link(*asset);
        }
        for asset in before.iter().filter(|asset| !now.contains(asset)) {
            // Whoever comes back says how it is, whatever it said before.
            self.last_of_assets[asset.index()] = Default::default();
            self.tell_link(*asset);
        }
        for (asset, item) in self.faults.arrived(batch.start) {
            let link = self.assets[asset.index()].as_ref().expect("faults are those of assets").link;
            self.push(link, item);
        }
    }

    /// The link of a device is down now, or is up again: the gateway says so; a connection of its own breaks off.
    fn tell_link(&mut self, id: ParticipantId) {
        let asset = self.assets[id.index()].as_ref().expect("faults are those of assets");
        if asset.link != LinkId::GATEWAY {
            self.faults.have_links_changed = true;
            return;
        }
        let item = availability(self.status_topic(asset), self.availability_of(id));
        self.push(LinkId::GATEWAY, item);
    }

    /// What is said of an asset's availability.
    pub(super) fn availability_of(&self, id: ParticipantId) -> &'static str {
        if self.quarantined.contains(&id) || self.faults.is_down(id) { super::OFFLINE } else { ONLINE }
    }

    /// Sends a reading of `asset` at `now` through its link: at once, late, or not at all.
    pub(super) fn pass(&mut self, link: LinkId, asset: ParticipantId, of: Quantity, value: f64, now: Time) {
        let Condition { clock_error, link: state } = self.faults.of(asset);
        if state.loss_share > 0.0 && self.chance(asset, of, now) < state.loss_share {
            return;
        }
        let item = Item::Reading { series: SeriesId::Asset(asset.0, of), value, time: now + clock_error };
        if state.delay <= Span::ZERO && !self.faults.late.contains_key(&asset) {
            self.push(link, item);
            return;
        }
        // Nothing overtakes what is on its way, however fast the link has become.
        let late = self.faults.late.entry(asset).or_default();
        late.push_back(Late { due: now + state.delay, item });
        if self.faults.under_way < self.settings.buffer {
            self.faults.under_way += 1;
        } else {
            late.pop_front();
            self.counts.given_way += 1;
        }
    }

    /// A number from 0 to 1 that depends on nothing but the message.
    fn chance(&self, asset: ParticipantId, of: Quantity, now: Time) -> f64 {
        let ticket = Draws::new(0, self.catalogue.participant(asset), "lossy link").ticket();
        (lot(lot(ticket, of as i64), now.0) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Received;
    use crate::session::testing::{TIME, catalogue, event, reading};
    use crate::settings::{Connections, Settings};
    use agents::fault::FaultKind;
    use agents::reading::{AssetReading, AssetState, FaultReading};
    use agents::record::EventCode;
    use std::time::Duration;

    const BATTERY: ParticipantId = ParticipantId(0);
    const STATUS: &str = "cariflex/status/battery/bat_01";

    fn session(settings: Settings) -> Session {
        Session::new(settings, catalogue().into(), "twin")
    }

    fn of_devices() -> Session {
        session(Settings { connections: Connections::Device, ..Settings::default() })
    }

    /// The battery shows what it has, with a sound clock and a sound link.
    fn fault(shown: Option<AssetReading>) -> FaultReading {
        let (clock_error, link) = (Span::ZERO, Link::default());
        FaultReading { asset: BATTERY, faults: vec![FaultKind::SensorBias], shown, clock_error, link }
    }

    fn with_link(power_kw: f64, link: Link) -> Option<FaultReading> {
        Some(FaultReading { link, ..fault(Some(reading(0, power_kw))) })
    }

    fn down() -> Option<FaultReading> {
        with_link(0.0, Link { is_down: true, ..Link::default() })
    }

    fn late(power_kw: f64, delay_s: i64) -> Option<FaultReading> {
        with_link(power_kw, Link { delay: Span::from_s(delay_s), ..Link::default() })
    }

    /// Publishes a second in which battery and plant are at this power, the battery with a fault.
    fn publish(session: &mut Session, second: i64, power_kw: f64, fault: Option<FaultReading>) {
        let assets = vec![reading(0, power_kw), reading(1, power_kw)];
        let (start, faults) = (TIME + Span::from_s(second), fault.into_iter().collect());
        session.publish(&Batch { start, assets, faults, ..Batch::default() });
    }

    fn lines(session: &mut Session, link: u32) -> Vec<String> {
        let messages = std::iter::from_fn(|| session.next(LinkId(link)));
        let line = |m: crate::session::Message| format!("{} {}", m.topic, String::from_utf8_lossy(&m.payload));
        messages.map(line).collect()
    }

    /// Values of the battery's power that go out.
    fn powers(session: &mut Session) -> Vec<f64> {
        let value = |line: &String| {
            let reading = line.strip_prefix("cariflex/sensors/battery/bat_01/power {\"value\":")?;
            reading.split(',').next()?.parse().ok()
        };
        lines(session, 0).iter().filter_map(value).collect()
    }

    #[test]
    fn what_is_shown_goes_out_in_place_of_what_is_so_and_nothing_where_nothing_is_shown() {
        let mut session = session(Settings::default());
        let shown = AssetReading { energy_kwh: Some(7.0), state: AssetState::Faulted, ..reading(0, 9.0) };
        publish(&mut session, 0, 1.0, Some(fault(Some(shown))));
        let out = lines(&mut session, 0);
        let of_battery = |quantity: &str, value: &str| {
            let start = format!("cariflex/sensors/battery/bat_01/{quantity} {{\"value\":{value},");
            assert!(out.iter().any(|line| line.starts_with(&start)), "{start} in {out:?}");
        };
        of_battery("power", "9.0");
        of_battery("energy", "7.0");
        of_battery("soc", "7.0");
        of_battery("state", "13.0");
        assert!(out.iter().any(|line| line.contains("pv_01/power {\"value\":1.0,")), "others are as they are");
        publish(&mut session, 1, 2.0, Some(fault(None)));
        let out = lines(&mut session, 0);
        assert!(out.len() == 1 && out[0].contains("pv_01/power"), "{out:?}");
        publish(&mut session, 2, 2.0, None);
        assert_eq!(powers(&mut session), [2.0], "the fault is over");
    }

    #[test]
    fn a_wrong_clock_shifts_the_timestamps_and_nothing_else() {
        let mut session = session(Settings::default());
        let wrong = |s| Some(FaultReading { clock_error: Span::from_s(s), ..fault(Some(reading(0, s as f64))) });
        publish(&mut session, 0, 1.0, wrong(3600));
        publish(&mut session, 1, 1.0, wrong(-3600));
        let stamps: Vec<_> = lines(&mut session, 0)
            .into_iter()
            .filter(|line| line.contains("bat_01/power") || line.contains("pv_01/power"))
            .map(|line| line.split("T0").nth(1).expect("a timestamp").to_owned())
            .collect();
        let at = |hour, second| format!("{hour}:15:0{second}-04:00\"}}");
        assert_eq!(stamps, [at(8, 0), at(7, 0), at(6, 1)], "a step back is no stale value");
        assert_eq!(session.counts.stale, 0);
    }

    #[test]
    fn a_device_behind_the_gateway_is_offline_while_its_link_is_down() {
        let mut session = session(Settings::default());
        publish(&mut session, 0, 1.0, None);
        lines(&mut session, 0);
        publish(&mut session, 1, 2.0, down());
        let out = lines(&mut session, 0);
        assert_eq!(out[0], format!("{STATUS} offline"));
        assert!(out.len() == 2 && out[1].contains("pv_01/power"), "{out:?}");
        session.lost(LinkId::GATEWAY);
        session.connected(LinkId::GATEWAY);
        assert!(lines(&mut session, 0).contains(&format!("{STATUS} offline")), "also over a new connection");
        publish(&mut session, 2, 2.0, down());
        assert_eq!(lines(&mut session, 0).len(), 0, "once is enough");
        publish(&mut session, 3, 1.0, None);
        let out = lines(&mut session, 0);
        assert_eq!(out[0], format!("{STATUS} online"));
        assert!(out.iter().any(|line| line.contains("bat_01/power {\"value\":1.0,")), "it says how it is: {out:?}");
    }

    #[test]
    fn a_quarantined_device_stays_offline_when_its_link_is_up_again() {
        let mut session = session(Settings::default());
        let (events, faults) = (vec![event(BATTERY, EventCode::Quarantined)], down().into_iter().collect());
        session.publish(&Batch { start: TIME, events, faults, ..Batch::default() });
        publish(&mut session, 1, 1.0, None);
        let status = |line: &String| line.starts_with(STATUS);
        let said: Vec<_> = lines(&mut session, 0).into_iter().filter(status).collect();
        assert!(!said.is_empty() && said.iter().all(|line| line.ends_with(" offline")), "{said:?}");
    }

    #[test]
    fn a_connection_of_its_own_breaks_off_and_comes_back() {
        let mut session = of_devices();
        let [battery, plant] = [1, 2].map(LinkId);
        publish(&mut session, 0, 1.0, down());
        assert!(session.take_link_changes() && !session.take_link_changes());
        assert_eq!([LinkId::GATEWAY, battery, plant].map(|link| session.is_broken_off(link)), [false, true, false]);
        assert_eq!(lines(&mut session, 1), [""; 0], "the broker says it, by the will");
        publish(&mut session, 1, 1.0, down());
        assert!(!session.take_link_changes());
        publish(&mut session, 2, 1.0, None);
        assert!(session.take_link_changes() && !session.is_broken_off(battery));
        session.connected(battery);
        assert_eq!(lines(&mut session, 1)[0], format!("{STATUS} online"));
    }

    #[test]
    fn a_command_reaches_a_device_whose_own_connection_is_down_no_more() {
        let command = Received {
            topic: b"cariflex/commands/battery/bat_01/setpoint",
            payload: br#"{"value":2.5,"unit":"kW","id":"a"}"#,
            retained: false,
        };
        for (mut session, is_passed_on) in [(of_devices(), false), (session(Settings::default()), true)] {
            publish(&mut session, 0, 1.0, down());
            lines(&mut session, 0);
            assert_eq!(session.received(command, Duration::ZERO).is_some(), is_passed_on);
            assert_eq!(lines(&mut session, 0).len(), 0, "nobody answers");
            let counts = session.counts;
            let lost = u64::from(!is_passed_on);
            assert_eq!((counts.received, counts.refused, counts.unanswered), (1, lost, lost));
        }
    }

    #[test]
    fn a_slow_link_brings_all_of_it_later_and_in_order() {
        let mut session = session(Settings { min_interval: Span::ZERO, ..Settings::default() });
        let mut came = Vec::new();
        for second in 0..8 {
            let power_kw = second as f64;
            let fault = if second < 3 { late(power_kw, 4) } else { late(power_kw, 0).filter(|_| second < 5) };
            publish(&mut session, second, power_kw, fault);
            came.extend(powers(&mut session).into_iter().map(|power_kw| (second, power_kw)));
        }
        // What follows when the link is well again waits for what is on its way.
        assert_eq!(came, [(4, 0.0), (5, 1.0), (6, 2.0), (6, 3.0), (6, 4.0), (6, 5.0), (6, 6.0), (7, 7.0)]);
    }

    #[test]
    fn a_reading_that_comes_late_has_the_time_at_which_it_was_made() {
        let mut session = session(Settings::default());
        publish(&mut session, 0, 1.0, late(1.0, 2));
        assert_eq!(session.queued() - 2, 2, "power and state are on their way, the plant's wait");
        lines(&mut session, 0);
        publish(&mut session, 2, 1.0, late(1.0, 2));
        let out = lines(&mut session, 0);
        assert!(out[0].contains("bat_01/power") && out[0].contains("07:15:00-04:00"), "{out:?}");
    }

    #[test]
    fn what_is_on_its_way_is_bounded_and_lost_when_the_link_breaks_off() {
        let settings = Settings { buffer: 10, min_interval: Span::ZERO, ..Settings::default() };
        let mut session = session(settings);
        for second in 0..30 {
            publish(&mut session, second, 0.0, late(second as f64, 3600));
            lines(&mut session, 0);
        }
        let made = 30 + 2; // a power each second, and the state at first and after half a minute's multiple
        assert_eq!((session.faults.under_way(), session.counts.given_way), (10, made - 1 - 10));
        publish(&mut session, 30, 0.0, down());
        assert_eq!(session.faults.under_way(), 0);
        publish(&mut session, 4000, 0.0, None);
        assert_eq!(powers(&mut session), [0.0]);
    }

    #[test]
    fn a_lossy_link_loses_its_share_the_same_each_time_and_says_that_it_is_there() {
        let run = || {
            let settings = Settings { min_interval: Span::ZERO, power_kw: 0.0, ..Settings::default() };
            let mut session = session(settings);
            let mut came = Vec::new();
            for second in 0..2000 {
                let power_kw = second as f64;
                let link = Link { loss_share: 0.3, ..Link::default() };
                publish(&mut session, second, power_kw, with_link(power_kw, link));
                came.extend(powers(&mut session));
            }
            assert_eq!(session.availability_of(BATTERY), ONLINE);
            came
        };
        let came = run();
        // 2000 at 70 %: 1400, with a standard deviation of 20.
        assert!((1320..1480).contains(&came.len()), "{}", came.len());
        assert_eq!(came, run());
    }
}
