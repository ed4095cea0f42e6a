//! What a stream is to tell: which topics, of whom, and how often.

use crate::frame::{Noted, Topic};
use crate::problem::Problem;
use agents::record::Catalogue;
use agents::{ParticipantId, SiteId, Span};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::IntoParams;

/// Most participants that a stream can be narrowed to by name.
const MOST_NAMED: usize = 1000;

/// What a stream is to tell.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// Which topics, with commas between them: `assets`, `sites`, `signals`, `events`, `clock`; all of them if absent.
    #[param(example = "assets,events")]
    kinds: Option<String>,
    /// Readings and events of these participants only, with commas between them.
    #[param(example = "bat_01,ev_03")]
    participant: Option<String>,
    /// Readings and events of this site only.
    site: Option<String>,
    /// Readings, signals and the clock at most once in so many seconds of the twin's time; events come with their tick.
    #[param(minimum = 0, maximum = 31_622_400)]
    every: Option<f64>,
}

/// A stream's query, understood.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    topics: BTreeSet<Topic>,
    /// The participants whose readings and events are told; all of them if none.
    participants: Option<BTreeSet<ParticipantId>>,
    site: Option<SiteId>,
    pub(crate) every: Span,
}

impl Selection {
    pub(crate) fn read(
        query: &StreamQuery,
        catalogue: &Catalogue,
        ids: &BTreeMap<String, ParticipantId>,
    ) -> Result<Self, Problem> {
        let topics = match &query.kinds {
            None => BTreeSet::from(Topic::ALL),
            Some(kinds) => kinds.split(',').map(topic).collect::<Result<_, _>>()?,
        };
        let mut participants: Option<BTreeSet<ParticipantId>> = match &query.participant {
            None => None,
            Some(names) if names.split(',').count() > MOST_NAMED => {
                return Err(Problem::parameter("participant", format!("name at most {MOST_NAMED} participants")));
            }
            Some(names) => {
                let found = |name: &str| ids.get(name).copied().ok_or_else(|| unknown("participant", name));
                Some(names.split(',').map(found).collect::<Result<_, _>>()?)
            }
        };
        let site = query.site.as_deref().map(|name| site(catalogue, name)).transpose()?;
        if let Some(site) = site {
            let lives = |(_, entry): &(u32, &agents::record::ParticipantEntry)| entry.site == Some(site);
            let there = (0..).zip(&catalogue.participants).filter(lives).map(|(id, _)| ParticipantId(id));
            let there: BTreeSet<_> =
                there.filter(|id| participants.as_ref().is_none_or(|named| named.contains(id))).collect();
            participants = Some(there);
        }
        let every = match query.every {
            None => Span::ZERO,
            Some(seconds) if (0.0..=31_622_400.0).contains(&seconds) => Span((seconds * 1000.0).round() as i64),
            Some(_) => return Err(Problem::parameter("every", "`every` must be 0 to 31622400 seconds")),
        };
        Ok(Self { topics, participants, site, every })
    }

    pub(crate) fn wants(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    /// The same with fewer topics.
    pub(crate) fn only(&self, keep: impl Fn(&Topic) -> bool) -> Self {
        Self { topics: self.topics.iter().copied().filter(keep).collect(), ..self.clone() }
    }

    /// Whether messages are not those of everybody.
    pub(crate) fn is_narrow(&self) -> bool {
        self.participants.is_some() || self.site.is_some()
    }

    pub(crate) fn has_asset(&self, asset: ParticipantId) -> bool {
        self.participants.as_ref().is_none_or(|named| named.contains(&asset))
    }

    pub(crate) fn has_site(&self, site: SiteId) -> bool {
        self.site.is_none_or(|only| only == site)
    }

    pub(crate) fn has_event(&self, noted: &Noted) -> bool {
        self.has_asset(noted.event.participant)
    }
}

fn topic(name: &str) -> Result<Topic, Problem> {
    let found = Topic::ALL.into_iter().find(|topic| topic.as_str() == name);
    found.ok_or_else(|| {
        let names = Topic::ALL.map(Topic::as_str).join(", ");
        Problem::parameter("kinds", format!("there is no topic {name:?}: name some of {names}"))
    })
}

/// The site of this name.
pub(crate) fn site(catalogue: &Catalogue, name: &str) -> Result<SiteId, Problem> {
    let found = (0..).zip(&catalogue.sites).find(|(_, site)| site.name == name);
    found.map(|(id, _)| SiteId(id)).ok_or_else(|| unknown("site", name))
}

/// Something that is named in the query is not there.
pub(crate) fn unknown(what: &str, name: &str) -> Problem {
    Problem::parameter(what, format!("there is no {what} {name:?}: GET /v1/{what}s lists them"))
}
