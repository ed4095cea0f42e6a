//! The face without its sockets: readings, payloads and the time come in; messages and requests go out.
//!
//! Its callers keep to this order, for each connection by itself:
//! 1. [`Session::connected`] when the broker has accepted it, [`Session::lost`] when it is gone;
//! 2. in between [`Session::next`] for what to send, [`Session::sent`] and [`Session::acknowledged`] for what became of it;
//! 3. [`Session::received`] for every message of the gateway's connection.
//!
//! [`Session::publish`] and [`Session::answer`] may come at any time, connected or not.

mod commands;
mod faults;
mod telemetry;

pub(crate) use commands::Received;

use crate::outbox::{Item, Outbox, SeriesId, Text};
use crate::payload::Encoder;
use crate::series::{Last, Rate};
use crate::settings::{Connections, Settings};
use crate::topics::{Quantity, level, of_signal};
use agents::reading::Signal;
use agents::record::Catalogue;
use agents::{Kind, ParticipantId};
use commands::Limiter;
use faults::Faults;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A connection, by its rank: the gateway's is the first, those of assets follow in the order of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(pub(crate) u32);

impl LinkId {
    /// The connection of the twin as a whole.
    pub(crate) const GATEWAY: Self = Self(0);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A message as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// What has been counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Messages the broker has (quality of service 1), or that went out (0).
    pub(crate) sent: u64,
    /// Messages that gave way because the broker was away or slow.
    pub(crate) given_way: u64,
    /// Values that were no newer than what was published, or no numbers.
    pub(crate) stale: u64,
    /// Messages received on topics of commands.
    pub(crate) received: u64,
    /// Those that were refused, by the face or by the twin.
    pub(crate) refused: u64,
    /// Refusals that nobody was told of: too many at once, or nowhere to answer.
    pub(crate) unanswered: u64,
}

/// Where an asset is found in the tree, and who speaks for it.
#[derive(Debug)]
struct AssetTopics {
    /// `{asset_type}/{asset_id}`.
    path: String,
    link: LinkId,
    kind: Kind,
    capacity_kwh: Option<f64>,
}

/// The face without its sockets.
#[derive(Debug)]
pub(crate) struct Session {
    settings: Settings,
    rate: Rate,
    catalogue: Arc<Catalogue>,
    client_id: String,
    encoder: Encoder,
    /// By participant; none for those that are no assets.
    assets: Vec<Option<AssetTopics>>,
    /// Assets by the level of their topics.
    ids: BTreeMap<String, ParticipantId>,
    /// Those that are no assets by the level of their topics.
    others: BTreeMap<String, ParticipantId>,
    /// What was last published, by participant and quantity.
    last_of_assets: Vec<[Last; Quantity::ALL.len()]>,
    last_of_sites: Vec<Last>,
    last_of_signals: [Last; Signal::ALL.len()],
    links: Vec<Outbox>,
    /// Whom each connection speaks for.
    assets_of_links: Vec<Vec<ParticipantId>>,
    quarantined: BTreeSet<ParticipantId>,
    faults: Faults,
    refusals: Limiter,
    pub(crate) counts: Counts,
}

const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

impl Session {
    pub(crate) fn new(settings: Settings, catalogue: Arc<Catalogue>, client_id: &str) -> Self {
        let mut assets_of_links = vec![Vec::new()];
        let mut assets = Vec::with_capacity(catalogue.participants.len());
        for (id, entry) in (0..).map(ParticipantId).zip(&catalogue.participants) {
            assets.push(entry.kind.is_asset().then(|| {
                if settings.connections == Connections::Device {
                    assets_of_links.push(Vec::new());
                }
                let link = match settings.connections {
                    Connections::Gateway => LinkId::GATEWAY,
                    Connections::Device => LinkId(assets_of_links.len() as u32 - 1),
                };
                assets_of_links[link.index()].push(id);
                let path = format!("{}/{}", entry.kind, level(&entry.id));
                AssetTopics { path, link, kind: entry.kind, capacity_kwh: entry.capacity_kwh.filter(|kwh| *kwh > 0.0) }
            }));
        }
        let numbered = (0..).map(ParticipantId).zip(&catalogue.participants);
        let named = numbered.map(|(id, entry)| (entry.kind.is_asset(), level(&entry.id).into_owned(), id));
        let (ids, others): (Vec<_>, Vec<_>) = named.partition(|(is_asset, ..)| *is_asset);
        let by_name =
            |found: Vec<(bool, String, ParticipantId)>| found.into_iter().map(|(_, name, id)| (name, id)).collect();
        let share = settings.buffer.div_ceil(assets_of_links.len());
        Self {
            rate: Rate { every: settings.every, min_interval: settings.min_interval },
            encoder: Encoder::new(catalogue.calendar),
            ids: by_name(ids),
            others: by_name(others),
            last_of_assets: vec![Default::default(); assets.len()],
            last_of_sites: vec![Last::default(); catalogue.sites.len()],
            last_of_signals: Default::default(),
            links: assets_of_links.iter().map(|_| Outbox::new(share)).collect(),
            assets_of_links,
            quarantined: BTreeSet::new(),
            faults: Faults::default(),
            refusals: Limiter::default(),
            counts: Counts::default(),
            client_id: client_id.into(),
            assets,
            settings,
            catalogue,
        }
    }

    /// Every connection there shall be: its client id and the topic of its will, whose payload is [`Self::WILL`].
    pub(crate) fn links(&self) -> Vec<(LinkId, String, String)> {
        let gateway = (LinkId::GATEWAY, self.client_id.clone(), self.gateway_topic());
        let is_own = |asset: &&AssetTopics| asset.link != LinkId::GATEWAY;
        let of = |asset: &AssetTopics| {
            let id = asset.path.rsplit('/').next().unwrap_or_default();
            (asset.link, format!("{}-{id}", self.client_id), self.status_topic(asset))
        };
        std::iter::once(gateway).chain(self.assets.iter().flatten().filter(is_own).map(of)).collect()
    }

    /// What the broker says in our place when a connection breaks off; retained, like all availability.
    pub(crate) const WILL: &str = OFFLINE;

    /// The topics of commands, which the gateway subscribes to.
    pub(crate) fn command_filter(&self) -> String {
        format!("{}/commands/+/+/+", self.settings.root)
    }

    /// The broker has accepted the connection: whom it speaks for is available.
    pub(crate) fn connected(&mut self, link: LinkId) {
        if link == LinkId::GATEWAY {
            let topic = self.gateway_topic();
            self.push(link, availability(topic, ONLINE));
        }
        for id in &self.assets_of_links[link.index()] {
            let asset = self.assets[id.index()].as_ref().expect("connections speak for assets");
            let item = availability(self.status_topic(asset), self.availability_of(*id));
            self.links[link.index()].push(item);
        }
    }

    /// The connection is gone; what it had not delivered waits for the next.
    pub(crate) fn lost(&mut self, link: LinkId) {
        self.counts.given_way += self.links[link.index()].lost();
    }

    /// The twin ends: all say so, behind all that waits.
    pub(crate) fn farewell(&mut self) {
        for asset in self.assets.iter().flatten() {
            let item = availability(self.status_topic(asset), OFFLINE);
            self.links[asset.link.index()].push_last(item);
        }
        let topic = self.gateway_topic();
        self.links[0].push_last(availability(topic, OFFLINE));
    }

    /// The next message of a connection.
    pub(crate) fn next(&mut self, link: LinkId) -> Option<Message> {
        let item = self.links[link.index()].next()?;
        Some(self.message(item))
    }

    /// The next message went out under this number, 0 for one that nobody acknowledges.
    pub(crate) fn sent(&mut self, link: LinkId, packet: u16) {
        self.counts.sent += self.links[link.index()].sent(packet);
    }

    /// The broker has the message of this number.
    pub(crate) fn acknowledged(&mut self, link: LinkId, packet: u16) {
        self.counts.sent += self.links[link.index()].acknowledged(packet);
    }

    /// How many messages a connection has taken and not completed.
    pub(crate) fn in_flight(&self, link: LinkId) -> usize {
        self.links[link.index()].in_flight()
    }

    /// How many messages wait, in all connections and on their way through slow links.
    pub(crate) fn queued(&self) -> usize {
        self.links.iter().map(Outbox::len).sum::<usize>() + self.faults.under_way()
    }

    /// How many answers and words on availability wait for the gateway's connection.
    pub(crate) fn answers_waiting(&self) -> usize {
        self.links[LinkId::GATEWAY.index()].urgent()
    }

    /// Whether a connection has nothing left to send.
    pub(crate) fn is_done(&self, link: LinkId) -> bool {
        self.links[link.index()].len() == 0
    }

    fn push(&mut self, link: LinkId, item: Item) {
        self.counts.given_way += self.links[link.index()].push(item);
    }

    fn gateway_topic(&self) -> String {
        format!("{}/status/gateway/{}", self.settings.root, level(&self.client_id))
    }

    fn status_topic(&self, asset: &AssetTopics) -> String {
        format!("{}/status/{}", self.settings.root, asset.path)
    }

    /// What an item says, and how it is sent.
    fn message(&mut self, item: Item) -> Message {
        let Settings { qos, retain, .. } = self.settings;
        let text = |text: &Text, qos, retain| Message {
            topic: text.topic.clone(),
            payload: text.payload.clone(),
            qos,
            retain,
        };
        match item {
            Item::Reading { series, value, time } => {
                let (topic, unit) = self.describe(series);
                Message { topic, payload: self.encoder.reading(value, unit, time), qos, retain }
            }
            Item::Event(event) => text(&event, qos, false),
            Item::Result(result) => text(&result, 1, false),
            Item::Availability(who) => text(&who, 1, true),
        }
    }

    /// The topic and the unit of a series.
    fn describe(&self, series: SeriesId) -> (String, &'static str) {
        let root = &self.settings.root;
        match series {
            SeriesId::Asset(index, quantity) => {
                let asset = self.assets[index as usize].as_ref().expect("series are those of assets");
                let unit = if quantity == Quantity::Power && self.shows_energy_as_power(asset) {
                    Quantity::Energy.unit()
                } else {
                    quantity.unit()
                };
                (format!("{root}/sensors/{}/{}", asset.path, quantity.as_str()), unit)
            }
            SeriesId::Site(index) => {
                let name = level(&self.catalogue.sites[index as usize].name);
                (format!("{root}/sensors/site/{name}/power"), Quantity::Power.unit())
            }
            SeriesId::Signal(index) => {
                let signal = Signal::ALL[index as usize];
                (format!("{root}/sensors/{}/{}", of_signal(signal), signal.as_str()), signal.unit())
            }
        }
    }
}

fn availability(topic: String, says: &str) -> Item {
    Item::Availability(Arc::new(Text { topic, payload: says.into() }))
}

#[cfg(test)]
pub(crate) mod testing {
    //! What unit tests share: a catalogue of three assets, and readings of them.

    use agents::reading::{AssetReading, AssetState};
    use agents::record::{Catalogue, Event, EventCode, ParticipantEntry, SiteEntry};
    use agents::{Calendar, Kind, ParticipantId, SiteId, Span, Time};

    /// 2026-03-02T07:15:00-04:00.
    pub(crate) const TIME: Time = Time(1_772_450_100_000);

    /// A battery, a plant and a vehicle in Martinique, and an operator that is no asset.
    pub(crate) fn catalogue() -> Catalogue {
        let entry = |id: &str, kind: Kind, capacity_kwh| ParticipantEntry {
            id: id.into(),
            kind,
            site: kind.is_asset().then_some(SiteId(0)),
            capacity_kwh,
        };
        Catalogue {
            calendar: Calendar { utc_offset: Span::from_s(-4 * 3600) },
            participants: vec![
                entry("bat_01", Kind::Battery, Some(100.0)),
                entry("pv_01", Kind::Pv, None),
                entry("dso", Kind::Dso, None),
                entry("ev_01", Kind::Ev, Some(50.0)),
                entry("prosumer_Le Lamentin/1", Kind::Prosumer, None),
            ],
            sites: vec![SiteEntry { name: "Le Lamentin/1".into(), commune: "Le Lamentin".into(), portfolio: None }],
            portfolios: Vec::new(),
            products: vec!["spot".into()],
            alternatives: Vec::new(),
            areas: Vec::new(),
        }
    }

    /// An asset that shows nothing but a power.
    pub(crate) fn reading(asset: u32, power_kw: f64) -> AssetReading {
        AssetReading {
            asset: ParticipantId(asset),
            power_kw,
            setpoint_kw: None,
            energy_kwh: None,
            reactive_kvar: None,
            state: AssetState::Idle,
        }
    }

    pub(crate) fn event(participant: ParticipantId, code: EventCode) -> Event {
        Event { time: TIME, participant, code, detail: "why".into() }
    }
}
