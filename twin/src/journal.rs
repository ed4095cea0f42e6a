//! External inputs and the journal that keeps them: what came from outside, and which tick took it.
//!
//! The journal belongs to one plan; replaying it on either host gives the same rows.

use agents::act::{Act, HeldSignal};
use agents::command::Command;
use agents::face::{FieldQuantity, Origin};
use agents::{ParticipantId, Time};
use serde::{Deserialize, Serialize};

/// Version of the journal's format: 3 has acts and signals besides what 2 had.
const VERSION: u32 = 3;
/// The oldest version that can be read.
const OLDEST: u32 = 2;

/// Something that comes from outside the twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A command to a device.
    Command {
        /// String id of the device.
        target: String,
        /// What is asked.
        command: Command,
        /// Who asked through which face, so that a request that comes twice is known after a restart too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
    },
    /// Something is done to a participant.
    Act {
        /// String id of the participant.
        target: String,
        /// What is done.
        act: Act,
        /// Who did it through which face.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
    },
    /// A signal is held at a value, or let go.
    Signal {
        /// Which one, at what, until when.
        held: HeldSignal,
        /// Who did it through which face.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
    },
    /// What an asset in the field says of itself: the asset is mirrored from its first sound reading on.
    Reading {
        /// String id of the asset.
        asset: String,
        /// What was read.
        quantity: FieldQuantity,
        /// Its value, in the unit of the quantity.
        #[serde(with = "agents::number")]
        value: f64,
        /// When it was so.
        time: Time,
    },
    /// An asset is mirrored no more: it is simulated from where reality left it. A sound reading that comes later
    /// mirrors it again.
    Release {
        /// String id of the asset.
        asset: String,
    },
    /// The clock was anchored anew: from this tick on, ticks are as long as a market slot, until this instant is reached.
    Skip {
        /// The instant at which ticks have their own length again.
        until: Time,
    },
    /// A participant was put out after failing twice; entered by the live host, honoured in a replay.
    Quarantine {
        /// Dense id of the participant in the journal's plan.
        participant: ParticipantId,
        /// Round of the tick in which it failed.
        round: u32,
    },
}

/// An input and the tick that takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Instant of the tick.
    pub tick: Time,
    /// What came.
    pub input: Input,
}

/// All external inputs of a run, in the order taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    entries: Vec<JournalEntry>,
}

/// Why a journal can not be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A line is not what it should be.
    #[error("journal, line {line}: {source}")]
    Line {
        /// 1-based line.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The first line does not name a version this program reads.
    #[error("journal, line 1: expected {{\"journal\":{VERSION}}}: it was written by another version, or is no journal")]
    Version,
    /// Ticks go back in time.
    #[error("journal, line {line}: its tick lies before that of the line above")]
    Order {
        /// 1-based line.
        line: usize,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    journal: u32,
}

impl Journal {
    /// Adds an entry after all others of its tick and of earlier ones.
    pub(crate) fn insert(&mut self, tick: Time, input: Input) {
        let place = self.entries.partition_point(|entry| entry.tick <= tick);
        self.entries.insert(place, JournalEntry { tick, input });
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    /// Adds another journal, whose entries come after those of this one.
    pub fn append(&mut self, mut other: Self) {
        self.entries.append(&mut other.entries);
    }

    /// Takes the entries out, oldest first.
    pub fn take(&mut self) -> Vec<JournalEntry> {
        std::mem::take(&mut self.entries)
    }

    /// The journal as JSON lines, the first of which names the version.
    pub fn to_json_lines(&self) -> String {
        let line = |value: serde_json::Result<String>| value.expect("journal entries are plain data") + "\n";
        let mut text = line(serde_json::to_string(&Header { journal: VERSION }));
        text.extend(self.entries.iter().map(|entry| line(serde_json::to_string(entry))));
        text
    }

    /// Reads what [`Self::to_json_lines`] wrote.
    ///
    /// # Errors
    /// [`JournalError`] naming the line.
    pub fn from_json_lines(text: &str) -> Result<Self, JournalError> {
        let mut lines = text.lines();
        let header: Option<Header> = lines.next().and_then(|line| serde_json::from_str(line).ok());
        if header.is_none_or(|header| !(OLDEST..=VERSION).contains(&header.journal)) {
            return Err(JournalError::Version);
        }
        let mut journal = Self::default();
        for (index, text) in lines.enumerate() {
            let line = index + 2;
            let entry: JournalEntry =
                serde_json::from_str(text).map_err(|source| JournalError::Line { line, source })?;
            if journal.entries.last().is_some_and(|last| entry.tick < last.tick) {
                return Err(JournalError::Order { line });
            }
            journal.entries.push(entry);
        }
        Ok(journal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        let mut journal = Journal::default();
        journal.insert(Time(5), Input::Quarantine { participant: ParticipantId(1), round: 0 });
        journal
    }

    #[test]
    fn a_journal_reads_back_as_written() {
        let journal = journal();
        assert_eq!(Journal::from_json_lines(&journal.to_json_lines()).expect("just written"), journal);
    }

    #[test]
    fn readings_of_the_field_keep_every_digit_and_what_is_no_number_stays_none() {
        let reading =
            |value| Input::Reading { asset: "bat_01".into(), quantity: FieldQuantity::Soc, value, time: Time(4) };
        let mut journal = Journal::default();
        [0.1 + 0.2, f64::NAN].into_iter().for_each(|value| journal.insert(Time(5), reading(value)));
        journal.insert(Time(5), Input::Release { asset: "bat_01".into() });
        let read = Journal::from_json_lines(&journal.to_json_lines()).expect("just written");
        assert_eq!(read.entries()[0], journal.entries()[0]);
        assert!(matches!(read.entries()[1].input, Input::Reading { value, .. } if value.is_nan()));
        assert_eq!(read.entries()[2], journal.entries()[2]);
    }

    #[test]
    fn a_damaged_journal_names_its_line() {
        let text = journal().to_json_lines();
        assert!(matches!(Journal::from_json_lines("{}"), Err(JournalError::Version)));
        let cut = &text[..text.len() - 5];
        assert!(matches!(Journal::from_json_lines(cut), Err(JournalError::Line { line: 2, .. })));
        let unordered = text + "{\"tick\":1,\"input\":{\"quarantine\":{\"participant\":1,\"round\":0}}}\n";
        assert!(matches!(Journal::from_json_lines(&unordered), Err(JournalError::Order { line: 3 })));
    }
}
