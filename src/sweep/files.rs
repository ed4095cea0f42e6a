//! The data files of a sweep: read when a run needs them, kept as long as there is room.

use crate::error::Error;
use crate::inputs::{DataAndFile, read_table};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Most tables that are kept: a year of minutes takes tens of megabytes, and a sweep may have many years.
const MOST_KEPT: usize = 8;

/// Tables of measured data that runs share, by what they are called.
#[derive(Debug, Default)]
pub(super) struct Files {
    kept: Mutex<VecDeque<(String, DataAndFile)>>,
}

impl Files {
    /// The table called `name`, whose contents `read` gets if it is not at hand; `path` is named in errors.
    ///
    /// # Errors
    /// Those of `read`, and if the contents are no table.
    pub(super) fn get(
        &self,
        name: &str,
        path: &Path,
        read: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<DataAndFile, Error> {
        // Held while a file is read, so that no two threads read one file.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = kept.iter().find(|(known, _)| known == name) {
            return Ok(found.clone());
        }
        let loaded = read_table(path, &read()?)?;
        if kept.len() == MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back((name.to_owned(), loaded.clone()));
        Ok(loaded)
    }
}
