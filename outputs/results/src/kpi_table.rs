//! `kpis.parquet`: one wide row per run.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use arrow_schema::Field;

use crate::error::ResultsError;
use crate::frame::Frame;
use crate::kpis::Kpi;
use crate::run::RunInfo;
use crate::schema::{ColumnType, KPIS, field};
use crate::table::metadata;
use agents::Time;

/// Writes the row of one run to exactly this path. `end` is the first instant after the last interval recorded.
pub(crate) fn write(path: &Path, info: &RunInfo, end: Time, kpis: &[Kpi]) -> Result<(), ResultsError> {
    let mut frame = Frame::default();
    let mut fields = KPIS.columns.iter().map(crate::schema::Column::field);
    let mut next = || fields.next().expect("the table has these columns");
    frame.texts(next(), [Some(info.id.as_str())].into_iter());
    frame.names(next(), [Some(info.name.as_str())].into_iter());
    frame.numbers(next(), [info.seed].into_iter());
    frame.times(next(), [info.start].into_iter());
    frame.times(next(), [end].into_iter());
    frame.reals(next(), [Some(info.tick.seconds())].into_iter());
    for kpi in kpis {
        frame.reals(kpi_field(&kpi.name, kpi.unit, &kpi.label), [kpi.value].into_iter());
    }
    let file = File::create(path).map_err(ResultsError::io("create", path))?;
    frame.write(BufWriter::new(file), metadata(&KPIS, Some(info))).map_err(ResultsError::writing(path))
}

/// The field of a key figure.
pub(crate) fn kpi_field(name: &str, unit: &str, label: &str) -> Field {
    field(name, ColumnType::Real, true, &[("unit", unit), ("description", label)])
}
