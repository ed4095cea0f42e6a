//! `cariflex check` and `cariflex explain`: what a scenario comes to, and what its parameters mean.

use crate::cli::{ExplainArgs, ScenarioArgs, print};
use crate::error::{Error, Outcome};
use crate::inputs::Inputs;
use agents::Kind;
use scenarios::{Plan, Scenario};
use std::io::{self, Write};

/// Resolves a scenario with all the data it refers to, and says what it comes to.
///
/// # Errors
/// [`Error`], naming everything that is wrong.
pub fn check(args: &ScenarioArgs) -> Result<Outcome, Error> {
    let inputs = Inputs::load(args)?;
    let mut out = Vec::new();
    describe(&inputs.plan, &mut out)?;
    for file in &inputs.files {
        writeln!(out, "  data          {}", file.path)?;
    }
    for note in &inputs.plan.measured.notes {
        writeln!(out, "  note          {note}")?;
    }
    print(&out)
}

fn describe(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}: ok", plan.name)?;
    writeln!(
        out,
        "  window        {} to {}, {} ticks of {} s",
        plan.start,
        plan.end,
        plan.ticks(),
        plan.tick.seconds()
    )?;
    writeln!(out, "  seed          {}", plan.seed)?;
    writeln!(out, "  participants  {}", plan.participants.len())?;
    for kind in Kind::ALL {
        let count = plan.participants.iter().filter(|participant| participant.role.kind() == kind).count();
        if count > 0 {
            writeln!(out, "    {:<22} {count:>7}", kind.as_str())?;
        }
    }
    writeln!(out, "  sites         {}", plan.sites.len())?;
    writeln!(out, "  portfolios    {}", plan.portfolios.join(", "))
}

/// Explains a section, a parameter, or a key of a scenario.
///
/// # Errors
/// [`Error::Option`] with the nearest name if there is none such.
pub fn explain(args: &ExplainArgs) -> Result<Outcome, Error> {
    let text = match &args.name {
        None => scenarios::overview(),
        Some(name) => Scenario::load(&args.scenario)?
            .explain(name)
            .map_err(|problem| Error::Option { option: "explain", problem })?,
    };
    print(text.as_bytes())
}
