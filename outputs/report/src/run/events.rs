//! Events by kind: how many, when, to how many, and one of them in full.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use agents::Time;
use results::ResultsError;
use results::read::Table;
use serde_json::{Value, json};

#[derive(Debug)]
struct Code {
    count: u64,
    first: Time,
    last: Time,
    participants: BTreeSet<String>,
    example: String,
}

/// The table `events`, most frequent kinds first.
pub(crate) fn document(path: &Path) -> Result<Value, ResultsError> {
    let mut codes: BTreeMap<String, Code> = BTreeMap::new();
    for batch in Table::open(path)?.batches(&["time", "participant", "code", "detail"])? {
        let batch = batch?;
        let (times, participants) = (batch.times("time")?, batch.names("participant")?);
        let (names, details) = (batch.names("code")?, batch.texts("detail")?);
        for row in 0..batch.rows() {
            let (Some(time), Some(name)) = (times[row], names.get(row)) else { continue };
            let code = codes.entry(name.to_owned()).or_insert_with(|| Code {
                count: 0,
                first: time,
                last: time,
                participants: BTreeSet::new(),
                example: details[row].unwrap_or("").to_owned(),
            });
            code.count += 1;
            (code.first, code.last) = (code.first.min(time), code.last.max(time));
            if let Some(participant) = participants.get(row)
                && !code.participants.contains(participant)
            {
                code.participants.insert(participant.to_owned());
            }
        }
    }
    let mut codes: Vec<_> = codes.into_iter().collect();
    codes.sort_by_key(|(_, code)| std::cmp::Reverse(code.count));
    let document = |(name, code): &(String, Code)| {
        json!({
            "code": name,
            "count": code.count,
            "first_ms": code.first.0,
            "last_ms": code.last.0,
            "participants": code.participants.len(),
            "example": code.example,
        })
    };
    Ok(codes.iter().map(document).collect())
}
