//! The table `participants`: who takes part, and where; written when a run begins.

use std::collections::BTreeSet;
use std::sync::Arc;

use agents::SiteId;
use agents::record::{Catalogue, ParticipantEntry, SiteEntry};

use crate::columns::{Column, NameColumn, OptionalColumn};
use crate::error::ResultsError;
use crate::folder::Folder;
use crate::names::Names;
use crate::run::RunInfo;
use crate::schema::{PARTICIPANTS, Table};
use crate::table::{Columns, TableWriter};

/// Writes the table under its temporary name; returns the number of rows.
pub(crate) fn write(
    folder: &Folder,
    info: &RunInfo,
    catalogue: &Catalogue,
    names: &Names,
) -> Result<u64, ResultsError> {
    let columns = ParticipantColumns::new(catalogue, names);
    let mut table = TableWriter::create(columns, folder.partial(&PARTICIPANTS), info)?;
    for (index, entry) in catalogue.participants.iter().enumerate() {
        let site = entry.site.map(|id| site_of(catalogue, id)).transpose()?;
        table.push(&(index, entry.clone(), site))?;
    }
    table.close()
}

/// The entry of a site, which is in the catalogue unless that is wrong.
fn site_of(catalogue: &Catalogue, id: SiteId) -> Result<SiteEntry, ResultsError> {
    let unknown = ResultsError::UnknownId { table: PARTICIPANTS.name, what: "site", id: id.0 };
    catalogue.sites.get(id.index()).cloned().ok_or(unknown)
}

struct ParticipantColumns {
    participant: NameColumn,
    kind: NameColumn,
    site: NameColumn,
    /// The communes' names, sorted.
    communes: Vec<String>,
    commune: NameColumn,
    portfolio: NameColumn,
    capacity_kwh: OptionalColumn<f64>,
}

impl ParticipantColumns {
    fn new(catalogue: &Catalogue, names: &Names) -> Self {
        let communes: BTreeSet<&String> = catalogue.sites.iter().map(|site| &site.commune).collect();
        let communes: Vec<String> = communes.into_iter().cloned().collect();
        Self {
            participant: NameColumn::new(&names.participants),
            kind: NameColumn::new(&names.kinds),
            site: NameColumn::new(&names.sites),
            commune: NameColumn::new(&Arc::from(communes.as_slice())),
            communes,
            portfolio: NameColumn::new(&Arc::from(catalogue.portfolios.as_slice())),
            capacity_kwh: OptionalColumn::default(),
        }
    }
}

impl Columns for ParticipantColumns {
    const TABLE: Table = PARTICIPANTS;
    /// Its dense id, what the catalogue says of it, and of its site.
    type Row<'a> = (usize, ParticipantEntry, Option<SiteEntry>);

    fn push(&mut self, (index, entry, site): &Self::Row<'_>) -> Result<(), ResultsError> {
        self.participant.push(*index);
        self.kind.push(entry.kind as usize);
        self.site.push_or_null(entry.site.map(SiteId::index));
        self.commune.push_or_null(site.as_ref().and_then(|site| self.communes.binary_search(&site.commune).ok()));
        self.portfolio.push_or_null(site.as_ref().and_then(|site| site.portfolio).map(|portfolio| portfolio.index()));
        self.capacity_kwh.push(entry.capacity_kwh);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.participant,
            &mut self.kind,
            &mut self.site,
            &mut self.commune,
            &mut self.portfolio,
            &mut self.capacity_kwh,
        ]
    }
}
