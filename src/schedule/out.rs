//! What is written for machines: one JSON document, or a row per device and step.
//!
//! `scenarios/SCHEDULES.md` describes the fields.

use super::ScheduleArgs;
use super::solved::Solved;
use super::words;
use crate::file_error::FileError;
use agents::schedule::Device;
use results::schedules::{SCHEDULED_STEPS, ScheduledStep, ScheduledSteps};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The version of the document.
pub(crate) const VERSION: u32 = 1;

/// Refuses names that can not be used, before anything is read.
pub(crate) fn check_names(args: &ScheduleArgs) -> Result<(), FileError> {
    let kind = |path: &Path| path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    if let Some(path) = &args.out
        && !["json", "csv", "parquet"].contains(&kind(path).as_str())
    {
        let problem = format!(
            "`{}` does not say what to write: end its name in .json (everything), .csv or .parquet (the steps)",
            path.display()
        );
        return Err(FileError::Option { option: "--out", problem });
    }
    if let Some(path) = args.svg.as_ref().filter(|path| kind(path) != "svg") {
        let problem = format!("`{}` does not end in .svg", path.display());
        return Err(FileError::Option { option: "--svg", problem });
    }
    let there = args.out.iter().chain(&args.svg).find(|path| path.exists() && !args.force);
    there.map_or(Ok(()), |path| Err(FileError::Exists { path: path.clone() }))
}

/// Everything, as one document.
pub(crate) fn document<'a>(solved: impl IntoIterator<Item = &'a Solved>) -> String {
    let problems: Vec<_> = solved.into_iter().map(one).collect();
    let mut text = format!("{{\"format\":\"cariflex-schedules\",\"version\":{VERSION},\"problems\":[");
    for (index, problem) in problems.iter().enumerate() {
        text += if index == 0 { "\n" } else { ",\n" };
        text += &problem.to_string();
    }
    text + "\n]}\n"
}

fn one(one: &Solved) -> Value {
    let (problem, schedule) = (&one.named.problem, &one.schedule);
    let devices: Vec<_> = one
        .plans()
        .map(|(device, plan)| {
            let figures = one.figures(device, plan);
            let mut fields = json!({
                "device": device.name(),
                "kind": if matches!(device, Device::Storage(_)) { "storage" } else { "curtailable_production" },
                "consumed_kwh": figures.consumed_kwh,
                "produced_kwh": figures.produced_kwh,
                "power_kw": plan.power_kw,
            });
            if !plan.both_kw.is_empty() {
                fields["both_kw"] = json!(plan.both_kw);
            }
            match figures.soc_kwh {
                Some([start, end, least, most]) => {
                    fields["soc_start_kwh"] = json!(start);
                    fields["soc_end_kwh"] = json!(end);
                    fields["soc_least_kwh"] = json!(least);
                    fields["soc_most_kwh"] = json!(most);
                    fields["soc_kwh"] = json!(plan.soc_kwh);
                }
                None => fields["curtailed_kwh"] = json!(figures.curtailed_kwh),
            }
            fields
        })
        .collect();
    let violations: Vec<_> = schedule
        .violations
        .iter()
        .map(|violation| {
            json!({
                "device": violation.device,
                "rule": words::rule_word(violation.rule),
                "step": violation.step,
                "at": violation.at.to_string(),
                "amount": violation.amount,
                "unit": violation.rule.unit(),
                "words": one.in_words(violation),
            })
        })
        .collect();
    let cost = &schedule.cost;
    let [import_kwh, export_kwh, highest_import_kw, highest_export_kw] = one.connection();
    let mut fields = json!({
        "file": one.file,
        "problem": one.named.name,
        "form": one.named.form.as_str(),
        "start": problem.start.to_string(),
        "step_s": problem.step.0 as f64 / 1e3,
        "steps": problem.steps,
        "status": words::status_word(schedule.status),
        "method": words::method_word(one.method),
        "bound_eur": one.proof.bound_eur,
        "gap_eur": one.proof.gap_eur,
        "cost": {
            "total_eur": cost.total_eur(),
            "energy_eur": cost.energy_eur(),
            "import_eur": cost.import_eur,
            "export_eur": cost.export_eur,
            "ageing_eur": cost.ageing_eur,
            "peak_eur": cost.peak_eur,
            "end_value_eur": cost.end_value_eur,
        },
        "connection": {
            "import_kwh": import_kwh,
            "export_kwh": export_kwh,
            "highest_import_kw": highest_import_kw,
            "highest_export_kw": highest_export_kw,
            "net_kw": schedule.net_kw,
        },
        "devices": devices,
        "violations": violations,
        "notes": one.named.notes,
    });
    if !schedule.both_kw.is_empty() {
        fields["connection"]["both_kw"] = json!(schedule.both_kw);
    }
    fields
}

/// Writes a file to a temporary name and gives it its own.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    let partial = Partial::of(path);
    fs::write(&partial.0, contents).and_then(|()| fs::rename(&partial.0, path)).map_err(FileError::write(path))
}

/// The temporary file; it goes when this goes before its time.
struct Partial(PathBuf);

impl Partial {
    fn of(path: &Path) -> Self {
        let mut name: OsString = path.into();
        name.push(format!(".{}.partial", std::process::id()));
        Self(name.into())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // It is gone already where all went well.
        drop(fs::remove_file(&self.0));
    }
}

/// Writes the file of `--out`.
pub(crate) fn write_all(path: &Path, solved: &[Solved]) -> Result<(), FileError> {
    let mut file = OutFile::create(path)?;
    solved.iter().try_for_each(|one| file.add(one))?;
    file.finish()
}

/// The file of `--out`: written to a temporary name, and given its own when it is whole.
struct OutFile<'a> {
    path: PathBuf,
    partial: Partial,
    writer: Writer<'a>,
}

enum Writer<'a> {
    Json(Vec<&'a Solved>),
    Csv(Box<csv::Writer<File>>),
    Parquet(Box<ScheduledSteps>),
}

impl<'a> OutFile<'a> {
    /// Creates the file; what it holds is told by the end of its name.
    fn create(path: &Path) -> Result<Self, FileError> {
        let partial = Partial::of(path);
        let kind = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
        let writer = match kind.as_str() {
            "json" => Writer::Json(Vec::new()),
            "csv" => {
                let file = File::create(&partial.0).map_err(FileError::write(path))?;
                let mut writer = Box::new(csv::Writer::from_writer(file));
                let header = SCHEDULED_STEPS.columns.iter().map(|column| column.name);
                writer.write_record(header).map_err(|error| FileError::write(path)(error.into()))?;
                Writer::Csv(writer)
            }
            _ => Writer::Parquet(Box::new(ScheduledSteps::create(&partial.0).map_err(FileError::Out)?)),
        };
        Ok(Self { path: path.to_owned(), partial, writer })
    }

    /// Adds a schedule.
    fn add(&mut self, one: &'a Solved) -> Result<(), FileError> {
        if let Writer::Json(all) = &mut self.writer {
            all.push(one);
            return Ok(());
        }
        let problem = &one.named.problem;
        let devices = one.plans().map(|(device, plan)| (Some(device.name()), &plan.power_kw[..], &plan.soc_kwh[..]));
        for (device, powers, socs) in devices.chain([(None, &one.schedule.net_kw[..], &[][..])]) {
            for (step, &power_kw) in powers.iter().enumerate() {
                self.step(&ScheduledStep {
                    file: &one.file,
                    problem: &one.named.name,
                    device,
                    time: problem.start + problem.step * step as i64,
                    power_kw,
                    soc_kwh: socs.get(step).copied(),
                })?;
            }
        }
        Ok(())
    }

    fn step(&mut self, row: &ScheduledStep<'_>) -> Result<(), FileError> {
        match &mut self.writer {
            Writer::Json(_) => Ok(()),
            Writer::Parquet(steps) => steps.push(row).map_err(FileError::Out),
            Writer::Csv(writer) => {
                let soc = row.soc_kwh.map(|kwh| kwh.to_string()).unwrap_or_default();
                let (time, power) = (row.time.to_string(), row.power_kw.to_string());
                let record = [row.file, row.problem, row.device.unwrap_or_default(), &time, &power, &soc];
                writer.write_record(record).map_err(|error| FileError::write(&self.path)(error.into()))
            }
        }
    }

    /// Writes the end and gives the file its name.
    fn finish(self) -> Result<(), FileError> {
        let written = match self.writer {
            Writer::Json(all) => fs::write(&self.partial.0, document(all)),
            Writer::Csv(mut writer) => writer.flush(),
            Writer::Parquet(steps) => {
                steps.finish().map_err(FileError::Out)?;
                Ok(())
            }
        };
        written.and_then(|()| fs::rename(&self.partial.0, &self.path)).map_err(FileError::write(&self.path))
    }
}
