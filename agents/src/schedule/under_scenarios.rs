//! One storage under several futures: what it should do now if what comes is not known yet.
//!
//! A stochastic program in two stages (Birge and Louveaux, *Introduction to Stochastic Programming*, 2nd edition, 2011,
//! chapter 2): in the first steps the storage does the same whatever the future, since nobody knows which it will be; from
//! then on it knows. What is made least is the expected cost. The extensive form of this is a linear program that grows with
//! the futures; with one storage it falls apart. What the later steps cost from an energy on is a piecewise-linear function
//! for each future, exactly as without futures; their mean is the expected cost to go at the end of the first stage, and
//! the mean of the step costs is what a step of the first stage costs. So the result is exact, and takes as long as one
//! schedule for each future. Where the first stage is the whole time, it is the best plan for somebody who can not plan anew.

use super::convex::Convex;
use super::envelope::{self, NEAR_KWH, Part, chains, reach, worth_at_end};
use super::joint::counted_eur;
use super::one_storage::{OneStorageError, schedule_of};
use super::problem::{Device, Exclusion, Penalties, Problem, Storage};
use super::result::Schedule;
use super::segments::{Segment, lowest, sum, value_at};
use super::step_cost::View;
use super::window::Windows;

/// Probabilities may miss a sum of 1 by this much.
const NEAR_ONE: f64 = 1e-9;

/// What to do whatever comes, and what then.
#[derive(Clone, Debug, PartialEq)]
pub struct UnderScenarios {
    /// What the storage does in the first stage, kW.
    pub first_stage_kw: Vec<f64>,
    /// A schedule for each future; in the first stage the storage does the same in all.
    pub schedules: Vec<Schedule>,
    /// The mean of what they cost, what they break counted by its penalties, EUR.
    pub expected_eur: f64,
    /// The least expected cost as the algorithm sees it, EUR; none where not every limit can be kept. Tests compare it with the
    /// mean of the schedules.
    pub least_cost_eur: Option<f64>,
}

/// Why nothing was scheduled under scenarios.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenariosError {
    /// A problem that one storage alone can not be scheduled in.
    #[error("future {future}: {source}")]
    Future {
        /// Its place.
        future: usize,
        /// Why.
        source: OneStorageError,
    },
    /// Other futures of something else.
    #[error(
        "future {future} differs in {what}: futures of one storage differ in prices, limits of the \
         site, load and production only"
    )]
    Differs {
        /// Its place.
        future: usize,
        /// What differs from the first.
        what: &'static str,
    },
    /// No futures, or probabilities that are none.
    #[error(
        "{futures} futures and {probabilities} probabilities with the sum {sum}: give one of each at least, and a \
         probability above 0 for each, with the sum 1"
    )]
    Probabilities {
        /// How many problems.
        futures: usize,
        /// How many probabilities.
        probabilities: usize,
        /// Their sum.
        sum: f64,
    },
    /// A first stage that is none.
    #[error("a first stage of {first_stage} steps: give 1 to {steps}")]
    FirstStage {
        /// What was asked for.
        first_stage: usize,
        /// How many steps there are.
        steps: usize,
    },
    /// What this algorithm does not schedule.
    #[error("{0} is not scheduled under scenarios: leave it out")]
    Unsupported(&'static str),
}

/// Schedules the one storage of problems that are the same but for what comes, so that the expected cost is least while the
/// storage does the same in the first `first_stage` steps of all. Production that may be curtailed is, in every step, when it
/// is known what there is. Limits are hard at first; where they can not all be kept, penalties take their place in all futures.
///
/// # Errors
/// Each case of [`ScenariosError`].
pub fn schedule_under_scenarios(
    problems: &[Problem],
    probabilities: &[f64],
    first_stage: usize,
) -> Result<UnderScenarios, ScenariosError> {
    let storage = check(problems, probabilities, first_stage)?;
    let futures = Futures { problems, probabilities, storage, first_stage };
    let hard = futures.solve(None);
    let least_cost_eur = hard.as_ref().map(|(cost, _)| *cost);
    let penalties = &problems[0].rules.penalties;
    let (_, added) = match hard {
        Some(found) => found,
        None => futures.solve(Some(penalties)).expect("penalties leave no schedule out"),
    };
    let schedules: Vec<Schedule> =
        problems.iter().zip(&added).map(|(problem, added)| schedule_of(&relaxed(problem), added)).collect();
    let costs = problems.iter().zip(&schedules).map(|(problem, schedule)| counted_eur(problem, schedule));
    let expected_eur = costs.zip(probabilities).map(|(cost, probability)| probability * cost).sum();
    let place = problems[0].devices.iter().position(|device| matches!(device, Device::Storage(_)));
    let power_kw = &schedules[0].devices[place.expect("it was checked that there is one")].power_kw;
    Ok(UnderScenarios { first_stage_kw: power_kw[..first_stage].to_vec(), schedules, expected_eur, least_cost_eur })
}

/// The view in which limits of the connection may be exceeded: powers are decided, and only looked up.
fn relaxed(problem: &Problem) -> View<'_> {
    let mut view = View::new(problem);
    view.relaxed = true;
    view
}

fn check<'a>(
    problems: &'a [Problem],
    probabilities: &[f64],
    first_stage: usize,
) -> Result<&'a Storage, ScenariosError> {
    let sum: f64 = probabilities.iter().sum();
    let are_sound = probabilities.iter().all(|&probability| probability > 0.0) && (sum - 1.0).abs() <= NEAR_ONE;
    let (Some(first), true, true) = (problems.first(), problems.len() == probabilities.len(), are_sound) else {
        return Err(ScenariosError::Probabilities { futures: problems.len(), probabilities: probabilities.len(), sum });
    };
    for (future, problem) in problems.iter().enumerate() {
        let wrong = |source| ScenariosError::Future { future, source };
        problem.check().map_err(|error| wrong(error.into()))?;
        let storages = storages(problem).count();
        if storages != 1 {
            return Err(wrong(OneStorageError::Many { storages }));
        }
        let view = View::new(problem);
        if let Some(step) = (0..problem.steps).find(|&step| view.is_unbounded(step)) {
            return Err(wrong(OneStorageError::Unbounded { at: problem.start + problem.step * step as i64 }));
        }
        let differs = |what| Err(ScenariosError::Differs { future, what });
        match () {
            () if (problem.start, problem.step, problem.steps) != (first.start, first.step, first.steps) => {
                return differs("its steps");
            }
            () if problem.rules != first.rules => return differs("its rules"),
            () if !storages_are_equal(problem, first) => return differs("its storage"),
            () if problem.site.peak_eur_per_kw != 0.0 => {
                return Err(ScenariosError::Unsupported("a price of the peak"));
            }
            () => {}
        }
    }
    if first.rules.storage == Exclusion::Free {
        return Err(ScenariosError::Unsupported("charging and discharging at once"));
    }
    if !(1..=first.steps).contains(&first_stage) {
        return Err(ScenariosError::FirstStage { first_stage, steps: first.steps });
    }
    Ok(storages(first).next().expect("there is one"))
}

fn storages(problem: &Problem) -> impl Iterator<Item = &Storage> {
    problem
        .devices
        .iter()
        .filter_map(|device| if let Device::Storage(storage) = device { Some(&**storage) } else { None })
}

fn storages_are_equal(one: &Problem, other: &Problem) -> bool {
    storages(one).eq(storages(other))
}

struct Futures<'a> {
    problems: &'a [Problem],
    probabilities: &'a [f64],
    storage: &'a Storage,
    first_stage: usize,
}

impl Futures<'_> {
    /// The least expected cost, and what each step adds in each future; none if not every limit can be kept.
    fn solve(&self, penalties: Option<&Penalties>) -> Option<(f64, Vec<Vec<f64>>)> {
        let steps = self.problems[0].steps;
        let windows = Windows::new(&self.problems[0], self.storage);
        let branches: Vec<Vec<Vec<Convex>>> =
            self.problems.iter().map(|problem| branches_of(problem, penalties.is_some())).collect();
        // What the steps of the first stage cost on average.
        let mut expected: Vec<Vec<Convex>> = Vec::with_capacity(steps);
        for step in 0..self.first_stage {
            let of_futures = branches.iter().map(|of_future| function(&of_future[step]));
            expected.push(chains(&self.mean(of_futures)));
        }
        let first_reach = reach(self.storage, &windows, &expected, penalties.is_none())?;
        let mut costs_to_go = Vec::with_capacity(self.problems.len());
        let mut reaches = Vec::with_capacity(self.problems.len());
        for of_future in &branches {
            let mut path = expected.clone();
            path.extend_from_slice(&of_future[self.first_stage..]);
            reaches.push(reach(self.storage, &windows, &path, penalties.is_none())?);
        }
        for (of_future, reach) in branches.iter().zip(&reaches) {
            let later = self.later(&windows, of_future, penalties, reach, steps);
            costs_to_go.push(later.costs_to_go(worth_at_end(self.storage, reach[steps]), None)?);
        }
        let at_end = self.mean(costs_to_go.iter().map(|to_go| to_go[0].clone()));
        let first = Part {
            storage: self.storage,
            windows: &windows,
            branches: &expected,
            penalties,
            reach: &first_reach,
            steps: 0..self.first_stage,
        };
        let to_go = first.costs_to_go(at_end, None)?;
        let least = value_at(&to_go[0], self.storage.soc_start_kwh, NEAR_KWH)?;
        let in_first = first.added(&to_go, self.storage.soc_start_kwh)?;
        let held = in_first
            .iter()
            .enumerate()
            .fold(self.storage.soc_start_kwh, |soc, (step, added)| self.storage.kept_per_step.at(step) * soc + added);
        let mut added = Vec::with_capacity(self.problems.len());
        for ((of_future, reach), to_go) in branches.iter().zip(&reaches).zip(&costs_to_go) {
            let then = self.later(&windows, of_future, penalties, reach, steps).added(to_go, held)?;
            added.push(in_first.iter().copied().chain(then).collect());
        }
        Some((least, added))
    }

    fn later<'a>(
        &'a self,
        windows: &'a Windows,
        branches: &'a [Vec<Convex>],
        penalties: Option<&'a Penalties>,
        reach: &'a [(f64, f64)],
        steps: usize,
    ) -> Part<'a> {
        Part { storage: self.storage, windows, branches, penalties, reach, steps: self.first_stage..steps }
    }

    /// The mean of functions, one for each future.
    fn mean(&self, functions: impl Iterator<Item = Vec<Segment>>) -> Vec<Segment> {
        let mut weighted = functions.zip(self.probabilities);
        let Some((first, weight)) = weighted.next() else { return Vec::new() };
        let times =
            |segment: &Segment| Segment { value: weight * segment.value, slope: weight * segment.slope, ..*segment };
        let begin: Vec<Segment> = first.iter().map(times).collect();
        weighted.fold(begin, |so_far, (function, &weight)| sum(&so_far, 1.0, &function, weight))
    }
}

fn branches_of(problem: &Problem, is_relaxed: bool) -> Vec<Vec<Convex>> {
    let mut view = View::new(problem);
    view.relaxed = is_relaxed;
    (0..problem.steps).map(|step| view.branches(step)).collect()
}

/// What a step costs, as one function.
fn function(branches: &[Convex]) -> Vec<Segment> {
    lowest(branches.iter().map(envelope::stretches).collect())
}
