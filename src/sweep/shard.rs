//! Which part of a sweep a process does.

use crate::error::Error;
use std::str::FromStr;

/// One of `of` parts, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

/// The value of `--shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardArg {
    /// `2/8`.
    Given(Shard),
    /// `array`, or `array/8`: from the variables of a job array.
    Array {
        /// How many parts, where the variables do not say.
        of: Option<u64>,
    },
}

const HINT: &str = "write the part and how many there are, for instance 2/8, or `array` (or array/8) in a job array";

impl FromStr for ShardArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (part, of) = text.split_once('/').map_or((text, None), |(part, of)| (part, Some(of)));
        let count = |text: &str| text.parse::<u64>().ok().filter(|count| *count > 0).ok_or(HINT.to_owned());
        let of = of.map(count).transpose()?;
        match (part, of) {
            ("array", of) => Ok(Self::Array { of }),
            (_, None) => Err(HINT.into()),
            (part, Some(of)) => match part.parse::<u64>() {
                Ok(0) => Err(format!("parts are counted from 1: write 1/{of} for the first")),
                Ok(number) if number > of => Err(format!("there is no part {number} of {of}: {HINT}")),
                Ok(number) => Ok(Self::Given(Shard { number, of })),
                Err(_) => Err(HINT.into()),
            },
        }
    }
}

/// The variables by which a job array tells a job its index: index, first index, last index, step. What a system does
/// not tell stands empty.
const ARRAYS: [(&str, [&str; 4]); 5] = [
    ("Slurm", ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"]),
    ("Grid Engine", ["SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE"]),
    ("Kubernetes", ["JOB_COMPLETION_INDEX", "", "", ""]),
    ("PBS", ["PBS_ARRAY_INDEX", "", "", ""]),
    ("LSF", ["LSB_JOBINDEX", "", "LSB_JOBINDEX_END", "LSB_JOBINDEX_STEP"]),
];

impl ShardArg {
    /// The part that is meant; `variable` looks up the environment.
    ///
    /// # Errors
    /// [`Error::Option`] if the variables of a job array are missing or say something else.
    pub fn resolve(self, variable: impl Fn(&str) -> Option<String>) -> Result<Shard, Error> {
        match self {
            Self::Given(shard) => Ok(shard),
            Self::Array { of } => {
                from_array(of, &variable).map_err(|problem| Error::Option { option: "--shard array", problem })
            }
        }
    }
}

fn from_array(of: Option<u64>, variable: &impl Fn(&str) -> Option<String>) -> Result<Shard, String> {
    // Outside an array some systems set the variable to `undefined` or 0 of nothing.
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "undefined");
    let Some((system, names)) = ARRAYS.iter().find(|(_, names)| is_set(names[0])) else {
        let names: Vec<_> = ARRAYS.iter().map(|(_, names)| names[0]).collect();
        return Err(format!("this is no job array: none of {} is set; write --shard 2/8", names.join(", ")));
    };
    let number = |name: &str| match variable(name) {
        Some(value) if !name.is_empty() => {
            value.trim().parse::<u64>().map(Some).map_err(|_| format!("{name} is {value:?}, which is no whole number"))
        }
        _ => Ok(None),
    };
    let count = if *system == "Slurm" { number("SLURM_ARRAY_TASK_COUNT")? } else { None };
    let [index, first, last, step] = names.map(number);
    let (index, last, step) = (index?.unwrap_or_default(), last?, step?.unwrap_or(1).max(1));
    // Kubernetes counts from 0; PBS and LSF do not tell their first index, which is nearly always 1.
    let first = first?.unwrap_or(if *system == "Kubernetes" { 0 } else { 1 });
    let place = index.checked_sub(first).map(|past| past / step);
    let number = place.ok_or(format!("{} is {index}, below the first index {first}", names[0]))? + 1;
    let told = last.and_then(|last| last.checked_sub(first)).map(|past| past / step + 1);
    // An array with gaps, or some jobs of one submitted again, would leave runs to nobody.
    let (parts, jobs) = (of.or(told), count.or(told).or(of));
    if let (Some(parts), Some(jobs)) = (parts, jobs)
        && parts != jobs
    {
        let way_out = "submit it whole and without gaps, what is done ends at once";
        return Err(format!("the array has {jobs} jobs for {parts} parts: {way_out}"));
    }
    let of = parts.ok_or(format!("{system} does not tell how many jobs there are: write --shard array/8"))?;
    if number > of {
        return Err(format!(
            "{} is {index}, which is part {number} of {of}: does the array begin at {first}?",
            names[0]
        ));
    }
    Ok(Shard { number, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, variables: &[(&str, &str)]) -> Result<(u64, u64), String> {
        let look =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let arg: ShardArg = text.parse()?;
        arg.resolve(look).map(|shard| (shard.number, shard.of)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_part_is_given_or_told_by_the_job_array() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_MAX", "9"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
        ];
        assert_eq!(resolved("2/8", &[]), Ok((2, 8)));
        assert_eq!(resolved("array", &slurm), Ok((3, 4)));
        assert_eq!(resolved("array/5", &[("JOB_COMPLETION_INDEX", "0")]), Ok((1, 5)));
        assert_eq!(resolved("array/5", &[("PBS_ARRAY_INDEX", "5")]), Ok((5, 5)));
        let grid_engine = [("SGE_TASK_ID", "4"), ("SGE_TASK_FIRST", "1"), ("SGE_TASK_LAST", "4")];
        assert_eq!(resolved("array", &grid_engine), Ok((4, 4)));
        assert_eq!(resolved("array", &[("LSB_JOBINDEX", "2"), ("LSB_JOBINDEX_END", "6")]), Ok((2, 6)));
    }

    #[test]
    fn what_is_no_part_is_refused_with_the_way_out() {
        let slurm = ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_COUNT"];
        let [gaps, two] = [["3", "3", "17", "3"], ["3", "3", "4", "2"]]
            .map(|values| slurm.into_iter().zip(values).collect::<Vec<(&str, &str)>>());
        for (text, variables, says) in [
            ("0/4", &[][..], "counted from 1"),
            ("5/4", &[], "no part 5 of 4"),
            ("3", &[], "for instance 2/8"),
            ("a/b", &[], "for instance 2/8"),
            ("1/0", &[], "for instance 2/8"),
            ("array", &[], "no job array"),
            ("array/0", &[], "for instance 2/8"),
            ("array", &[("SGE_TASK_ID", "undefined")], "no job array"),
            ("array", &[("JOB_COMPLETION_INDEX", "3")], "array/8"),
            ("array/2", &[("JOB_COMPLETION_INDEX", "3")], "part 4 of 2"),
            ("array/2", &[("PBS_ARRAY_INDEX", "x")], "no whole number"),
            ("array", &gaps, "the array has 3 jobs for 15 parts"),
            ("array/64", &two, "the array has 2 jobs for 64 parts"),
            ("array/2", &[("PBS_ARRAY_INDEX", "0")], "below the first index 1"),
        ] {
            let error = resolved(text, variables).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
