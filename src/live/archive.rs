//! What lies in the place of a live twin, for those who ask through the API: its journal, its snapshots, its results.

use super::LiveError;
use super::forks::Forks;
use super::place::{self, snapshot_path};
use api::{Archive, ArchiveError, ForkRequest, ForkView, JournalPage, JournalQuery, ResultFile, SnapshotView};
use results::{RunState, read_state};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The place of a live twin, to be read while it runs.
#[derive(Debug)]
pub(super) struct PlaceArchive {
    dir: PathBuf,
    forks: Forks,
}

impl PlaceArchive {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.into(), forks: Forks::new(dir) }
    }

    /// Stops the forks that are under way, and waits for them.
    pub(super) fn stop(&self) {
        self.forks.stop();
    }
}

impl Archive for PlaceArchive {
    fn journal(&self, query: &JournalQuery) -> Result<JournalPage, ArchiveError> {
        let files = place::journals(&self.dir).map_err(broken)?;
        // Entries of a file are later than its name, and none later than that of the next one.
        let first = query.since.map_or(0, |since| files.partition_point(|time| *time < since).saturating_sub(1));
        let (mut page, mut passed) = (JournalPage::default(), 0);
        for time in files.into_iter().skip(first) {
            let path = place::journal_path(&self.dir, time);
            let failed = |error: std::io::Error| ArchiveError::Broken(format!("{}: {error}", path.display()));
            let file = match File::open(&path) {
                // It was thinned out meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                file => file.map_err(failed)?,
            };
            for line in BufReader::new(file).lines().skip(1) {
                // The last line may be under way.
                let Ok(entry) = serde_json::from_str::<Value>(&line.map_err(failed)?) else { continue };
                if !is_asked_for(&entry, query) {
                    continue;
                }
                if passed < query.offset {
                    passed += 1;
                } else if page.entries.len() < query.limit {
                    page.entries.push(entry);
                } else {
                    page.is_more = true;
                    return Ok(page);
                }
            }
        }
        Ok(page)
    }

    fn snapshots(&self) -> Result<Vec<SnapshotView>, ArchiveError> {
        let times = place::snapshots(&self.dir).map_err(broken)?;
        let view = |time| {
            let name = place::file_name(time);
            let bytes = fs::metadata(snapshot_path(&self.dir, time)).ok()?.len();
            Some(SnapshotView { name, time, bytes })
        };
        Ok(times.into_iter().filter_map(view).collect())
    }

    fn snapshot_file(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let times = place::snapshots(&self.dir).map_err(broken)?;
        let found = times.into_iter().find(|time| place::file_name(*time) == name);
        found.map(|time| snapshot_path(&self.dir, time)).ok_or_else(|| missing("snapshot", name))
    }

    fn results(&self) -> Result<Vec<ResultFile>, ArchiveError> {
        let mut files = whole_runs(&place::results_folder(&self.dir), "")?;
        files.extend(whole_runs(&place::forks_folder(&self.dir), "forks/")?);
        Ok(files)
    }

    fn result_file(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        // Only what is listed is given away, whatever dots and slashes are asked for.
        if !self.results()?.iter().any(|file| file.name == name) {
            return Err(missing("file of results", name));
        }
        Ok(match name.strip_prefix("forks/") {
            Some(name) => place::forks_folder(&self.dir).join(name),
            None => place::results_folder(&self.dir).join(name),
        })
    }

    fn fork(&self, request: ForkRequest) -> Result<ForkView, ArchiveError> {
        let snapshot = request.snapshot.as_deref().map(|name| self.snapshot_file(name)).transpose()?;
        self.forks.begin(request, snapshot)
    }

    fn forks(&self) -> Vec<ForkView> {
        self.forks.views()
    }

    fn stop_fork(&self, id: &str) -> Result<ForkView, ArchiveError> {
        self.forks.stop_one(id).ok_or_else(|| missing("fork", id))
    }
}

fn broken(error: LiveError) -> ArchiveError {
    ArchiveError::Broken(error.to_string())
}

fn missing(what: &str, name: &str) -> ArchiveError {
    ArchiveError::Missing(format!("there is no {what} `{name}`"))
}

/// Whether an entry of the journal is among those asked for.
fn is_asked_for(entry: &Value, query: &JournalQuery) -> bool {
    let Some(tick) = entry["tick"].as_i64() else { return false };
    if query.since.is_some_and(|since| tick < since.0) || query.until.is_some_and(|until| tick >= until.0) {
        return false;
    }
    let Some(participant) = &query.participant else { return true };
    // An input is an object of its kind, around what is of it.
    let input = entry["input"].as_object().and_then(|input| input.values().next());
    let is_named = |key: &str| input.is_some_and(|input| input[key] == participant.as_str());
    is_named("target") || is_named("asset")
}

/// The files of the runs in `folder` that are written to the end, each under the name of its run.
fn whole_runs(folder: &Path, prefix: &str) -> Result<Vec<ResultFile>, ArchiveError> {
    let failed = |path: &Path, error: std::io::Error| ArchiveError::Broken(format!("{}: {error}", path.display()));
    let list = |path: &Path| match fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| failed(path, error)),
    };
    let mut files = Vec::new();
    for run in list(folder)? {
        let is_whole = matches!(read_state(&run.path()), Ok(Some(RunState::Complete | RunState::Interrupted)));
        for file in if is_whole { list(&run.path())? } else { Vec::new() } {
            let name = format!("{prefix}{}/{}", run.file_name().display(), file.file_name().display());
            let bytes = file.metadata().map_err(|error| failed(&file.path(), error))?.len();
            files.push(ResultFile { name, bytes });
        }
    }
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Time;
    use serde_json::json;

    #[test]
    fn entries_are_asked_for_by_time_and_by_whom_they_are_about() {
        let command = json!({"tick": 5000, "input": {"command": {"target": "bat_01"}}});
        let reading = json!({"tick": 6000, "input": {"reading": {"asset": "pv_01"}}});
        let query = |since: i64, until: i64, participant: Option<&str>| JournalQuery {
            since: Some(Time(since)),
            until: Some(Time(until)),
            participant: participant.map(Into::into),
            ..JournalQuery::default()
        };
        assert!(is_asked_for(&command, &query(5000, 5001, None)));
        assert!(!is_asked_for(&command, &query(5001, 9000, None)) && !is_asked_for(&reading, &query(0, 6000, None)));
        assert!(is_asked_for(&command, &query(0, 9000, Some("bat_01"))));
        assert!(!is_asked_for(&reading, &query(0, 9000, Some("bat_01"))));
        assert!(is_asked_for(&reading, &query(0, 9000, Some("pv_01"))));
    }

    #[test]
    fn nothing_but_what_is_listed_is_given_away() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = place::results_folder(dir.path()).join("2026-03-20T04-00-00Z");
        fs::create_dir_all(&run).expect("a folder");
        fs::write(run.join("run.json"), r#"{"format":"cariflex-run","status":"complete"}"#).expect("a file");
        fs::write(dir.path().join("secret"), "x").expect("a file");
        let archive = PlaceArchive::new(dir.path());
        let names: Vec<_> = archive.results().expect("listed").into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["2026-03-20T04-00-00Z/run.json"]);
        assert!(archive.result_file(&names[0]).is_ok_and(|path| path.exists()));
        for name in ["../secret", "2026-03-20T04-00-00Z/../../secret", "", "/etc/passwd", "forks/../secret"] {
            assert!(matches!(archive.result_file(name), Err(ArchiveError::Missing(_))), "{name}");
        }
        fs::write(run.join("run.json"), r#"{"format":"cariflex-run","status":"running"}"#).expect("a file");
        assert_eq!(archive.results().expect("listed"), []);
    }
}
