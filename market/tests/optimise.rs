//! Every solver against a tiny independent one that tries all active sets (and all whole numbers), and its duals against
//! the rules that duals keep.

use market::optimise::{
    BranchAndBound, Column, ColumnId, InteriorPoint, OptimiseError, Optimiser, Problem, Row, Solution, Status,
    default_optimiser,
};
use proptest::prelude::*;

/// A problem as plain numbers, from which both sides are built.
#[derive(Debug, Clone)]
struct Small {
    /// Lower and upper bound, cost, quadratic cost, whether whole.
    columns: Vec<(f64, f64, f64, f64, bool)>,
    /// Lower and upper limit, factors.
    rows: Vec<(f64, f64, Vec<f64>)>,
}

impl Small {
    fn build(&self) -> (Problem, Vec<ColumnId>) {
        let mut problem = Problem::default();
        let column = |&(lower, upper, cost, quadratic, integer): &(f64, f64, f64, f64, bool)| {
            let column = Column::between(lower, upper).cost(cost).quadratic(quadratic);
            problem.column(if integer { column.integer() } else { column })
        };
        let ids: Vec<_> = self.columns.iter().map(column).collect();
        for (lower, upper, factors) in &self.rows {
            problem.row(Row::between(*lower, *upper).with_all(ids.iter().copied().zip(factors.iter().copied())));
        }
        (problem, ids)
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.columns.iter().zip(x).map(|(&(_, _, cost, quadratic, _), x)| cost * x + quadratic * x * x / 2.0).sum()
    }

    fn allows(&self, x: &[f64]) -> bool {
        let near = 1e-7;
        let within = |lower: f64, upper: f64, value: f64| lower - near <= value && value <= upper + near;
        self.columns.iter().zip(x).all(|(&(lower, upper, ..), &x)| within(lower, upper, x))
            && self.rows.iter().all(|(lower, upper, factors)| {
                within(*lower, *upper, factors.iter().zip(x).map(|(factor, x)| factor * x).sum())
            })
    }

    /// The least cost, over every set of at most n limits that may bind; `None` if nothing is allowed. The cheapest point
    /// has linearly independent binding limits that make it the only stationary point on them, or shares its cost with
    /// a point that has.
    fn least_cost(&self) -> Option<f64> {
        let n = self.columns.len();
        let whole = (0..n).find(|&index| self.columns[index].4 && self.columns[index].0 < self.columns[index].1);
        if let Some(index) = whole {
            let (lower, upper, ..) = self.columns[index];
            let fixed = |value: i64| {
                let mut small = self.clone();
                (small.columns[index].0, small.columns[index].1) = (value as f64, value as f64);
                small.least_cost()
            };
            return (lower as i64..=upper as i64).filter_map(fixed).min_by(f64::total_cmp);
        }
        let mut planes: Vec<(Vec<f64>, f64)> = Vec::new();
        for (index, &(lower, upper, ..)) in self.columns.iter().enumerate() {
            let unit: Vec<f64> = (0..n).map(|other| if other == index { 1.0 } else { 0.0 }).collect();
            planes.extend([(unit.clone(), lower), (unit, upper)]);
        }
        for (lower, upper, factors) in &self.rows {
            planes.extend([(factors.clone(), *lower), (factors.clone(), *upper)]);
        }
        planes.retain(|(_, limit)| limit.is_finite());
        let mut best: Option<f64> = None;
        for set in 0..1_u32 << planes.len() {
            if set.count_ones() as usize > n {
                continue;
            }
            let active: Vec<_> =
                (0..planes.len()).filter(|&index| set >> index & 1 == 1).map(|index| &planes[index]).collect();
            let Some(x) = self.stationary(&active).filter(|x| self.allows(x)) else { continue };
            best = Some(best.map_or(self.cost(&x), |best| best.min(self.cost(&x))));
        }
        best
    }

    /// The point of stationary cost on some planes: (Q Aᵀ; A 0) (x, y) = (−c, b). `None` if it is not unique.
    fn stationary(&self, active: &[&(Vec<f64>, f64)]) -> Option<Vec<f64>> {
        let n = self.columns.len();
        let size = n + active.len();
        let mut matrix = vec![vec![0.0; size + 1]; size];
        for (index, &(_, _, cost, quadratic, _)) in self.columns.iter().enumerate() {
            (matrix[index][index], matrix[index][size]) = (quadratic, -cost);
        }
        for (index, (factors, limit)) in active.iter().enumerate() {
            for (column, factor) in factors.iter().enumerate() {
                (matrix[n + index][column], matrix[column][n + index]) = (*factor, *factor);
            }
            matrix[n + index][size] = *limit;
        }
        Some(eliminate(matrix)?[..n].to_vec())
    }
}

/// Gauss and Jordan with row pivoting.
fn eliminate(mut matrix: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let size = matrix.len();
    for column in 0..size {
        let pivot = (column..size).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        if matrix[pivot][column].abs() < 1e-9 {
            return None;
        }
        matrix.swap(column, pivot);
        let lead = matrix[column].clone();
        for (index, row) in matrix.iter_mut().enumerate() {
            if index != column {
                let factor = row[column] / lead[column];
                row.iter_mut().zip(&lead).for_each(|(entry, of_lead)| *entry -= factor * of_lead);
            }
        }
    }
    Some((0..size).map(|index| matrix[index][size] / matrix[index][index]).collect())
}

/// Up to three columns and three rows of small whole numbers, so that nothing is nearly infeasible.
fn small(quadratic: i32, integers: bool) -> impl Strategy<Value = Small> {
    let column = (-3..=3_i32, 0..=4_i32, -5..=5_i32, 0..=quadratic, any::<bool>());
    let row = (-6..=6_i32, prop_oneof![Just(-1), 0..=6_i32], prop::collection::vec(-3..=3_i32, 3));
    (prop::collection::vec(column, 1..=3), prop::collection::vec(row, 0..=3))
        .prop_map(move |(columns, rows)| Small {
            columns: columns
                .into_iter()
                .map(|(lower, width, cost, quadratic, whole)| {
                    let (lower, upper) = (f64::from(lower), f64::from(lower + width));
                    (lower, upper, f64::from(cost), f64::from(quadratic), whole && integers)
                })
                .collect::<Vec<_>>(),
            rows: rows
                .into_iter()
                .map(|(lower, width, factors)| {
                    let upper = if width < 0 { f64::INFINITY } else { f64::from(lower + width) };
                    (f64::from(lower), upper, factors.into_iter().map(f64::from).collect())
                })
                .collect(),
        })
        .prop_map(|mut small| {
            let n = small.columns.len();
            small.rows.iter_mut().for_each(|row| row.2.truncate(n));
            small
        })
}

/// Complementary slackness: a dual pushes only where its limit binds, and explains every marginal cost. Their product is
/// what the method drives to zero.
fn assert_duals_explain(problem: &Problem, small: &Small, solution: &Solution) {
    for ((lower, upper, factors), dual) in small.rows.iter().zip(&solution.duals) {
        let activity: f64 = factors.iter().zip(&solution.values).map(|(factor, x)| factor * x).sum();
        assert!(dual.max(0.0) * (activity - lower).min(1e3) < 1e-7, "dual {dual} at {activity} above {lower}");
        assert!((-dual).max(0.0) * (upper - activity).min(1e3) < 1e-7, "dual {dual} at {activity} below {upper}");
    }
    let values = solution.values.iter().zip(&small.columns);
    for (reduced, (x, &(lower, upper, ..))) in solution.reduced_costs(problem).into_iter().zip(values) {
        assert!(reduced.max(0.0) * (x - lower) < 1e-7, "reduced cost {reduced} at {x} above {lower}");
        assert!((-reduced).max(0.0) * (upper - x) < 1e-7, "reduced cost {reduced} at {x} below {upper}");
    }
}

fn assert_matches(small: &Small, optimiser: &dyn Optimiser) -> Option<(Problem, Solution)> {
    let (problem, _) = small.build();
    match (optimiser.solve(&problem), small.least_cost()) {
        (Ok(solution), Some(least)) => {
            assert!((solution.objective - least).abs() < 1e-6, "{} instead of {least}", solution.objective);
            assert_eq!(solution.status, Status::Optimal);
            assert!(small.allows(&solution.values), "{:?}", solution.values);
            assert!((small.cost(&solution.values) - solution.objective).abs() < 1e-12);
            Some((problem, solution))
        }
        (Err(OptimiseError::Infeasible { .. }), None) => None,
        (found, least) => panic!("{found:?} where {least:?} is right"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn linear_problems_are_solved_and_their_duals_explain_the_cost(small in small(0, false)) {
        if let Some((problem, solution)) = assert_matches(&small, &InteriorPoint::default()) {
            assert_duals_explain(&problem, &small, &solution);
        }
    }

    #[test]
    fn quadratic_problems_are_solved_and_their_duals_explain_the_cost(small in small(3, false)) {
        if let Some((problem, solution)) = assert_matches(&small, &InteriorPoint::default()) {
            assert_duals_explain(&problem, &small, &solution);
        }
    }

    #[test]
    fn mixed_integer_problems_are_solved(small in small(2, true)) {
        assert_matches(&small, &BranchAndBound::default());
    }
}

/// A solver that puts values on a bound that is nearer than its tolerance, as simplex methods do.
struct OnBounds {
    tolerance: f64,
}

impl Optimiser for OnBounds {
    fn name(&self) -> &'static str {
        "on-bounds"
    }

    fn solve(&self, problem: &Problem) -> Result<Solution, OptimiseError> {
        let mut solution = InteriorPoint::default().solve(problem)?;
        for (value, column) in solution.values.iter_mut().zip(problem.columns()) {
            let (lower, upper) = problem.bounds(column);
            let near = [lower, upper].into_iter().find(|bound| (bound - *value).abs() < self.tolerance);
            *value = near.unwrap_or(*value);
        }
        Ok(solution)
    }
}

#[test]
fn a_whole_value_that_is_impossible_once_held_is_searched_on_both_sides() {
    // 1 is too much by less than the tolerance, and no branch may lie beyond it.
    let mut problem = Problem::default();
    let count = problem.column(Column::between(0.0, 1.0).cost(-1.0).integer());
    problem.row(Row::at_most(1.0 - 1e-7).with(count, 1.0));
    let solution = BranchAndBound::over(OnBounds { tolerance: 1e-5 }).solve(&problem).expect("0 is possible");
    assert_eq!((solution.status, solution.value(count)), (Status::Optimal, 0.0));
}

/// A solver that gives up on problems with a column fixed to 1.
struct GivesUp;

impl Optimiser for GivesUp {
    fn name(&self) -> &'static str {
        "gives-up"
    }

    fn solve(&self, problem: &Problem) -> Result<Solution, OptimiseError> {
        let solution = InteriorPoint::default().solve(problem)?;
        if problem.columns().any(|column| problem.bounds(column) == (1.0, 1.0)) {
            let estimate = Box::new(solution);
            return Err(OptimiseError::IterationLimit { solver: self.name(), iterations: 1, estimate });
        }
        Ok(solution)
    }
}

#[test]
fn a_node_that_the_inner_solver_gives_up_on_stays_in_the_gap() {
    // The best takes two of three, and every node with one of them fixed to 1 is given up on: 0 is left, not proven.
    let mut problem = Problem::default();
    let take: Vec<_> = (0..3).map(|_| problem.column(Column::binary().cost(-1.0))).collect();
    problem.row(Row::at_most(2.5).with_all(take.into_iter().map(|column| (column, 1.0))));
    let solution = BranchAndBound::over(GivesUp).solve(&problem).expect("nothing at all is possible");
    assert_eq!((solution.status, solution.objective), (Status::Feasible, 0.0));
    assert!(solution.objective - solution.gap <= -2.0, "{solution:?}");
}

/// Two whole columns, some without an upper bound, under rows of small numbers; half of the rows are equalities.
fn unbounded() -> impl Strategy<Value = Small> {
    let column = (-2..=2_i32, prop_oneof![Just(None), (0..=4_i32).prop_map(Some)], -3..=3_i32);
    let row = (-4..=4_i32, any::<bool>(), prop::collection::vec(-2..=2_i32, 2));
    (prop::collection::vec(column, 2), prop::collection::vec(row, 0..=2)).prop_map(|(columns, rows)| Small {
        columns: columns
            .into_iter()
            .map(|(lower, width, cost)| {
                let upper = width.map_or(f64::INFINITY, |width| f64::from(lower + width));
                (f64::from(lower), upper, f64::from(cost), 0.0, true)
            })
            .collect(),
        rows: rows
            .into_iter()
            .map(|(lower, is_equal, factors)| {
                let upper = if is_equal { f64::from(lower) } else { f64::INFINITY };
                (f64::from(lower), upper, factors.into_iter().map(f64::from).collect())
            })
            .collect(),
    })
}

/// The least cost over whole values up to `most`.
fn least_whole(small: &Small, most: i32) -> Option<f64> {
    let range = |index: usize| {
        let (lower, upper, ..) = small.columns[index];
        (lower as i32..=most).map(f64::from).filter(move |&value| value <= upper)
    };
    let points = range(0).flat_map(|x| range(1).map(move |y| [x, y]));
    points.filter(|point| small.allows(point)).map(|point| small.cost(&point)).min_by(f64::total_cmp)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whole_columns_without_bounds_are_solved_or_the_reason_is_true(small in unbounded()) {
        let (problem, _) = small.build();
        let (near, far) = (least_whole(&small, 24), least_whole(&small, 48));
        let solver = BranchAndBound { nodes: 300, ..BranchAndBound::default() };
        match solver.solve(&problem) {
            Ok(solution) => {
                let least = near.expect("what the solver found lies near");
                prop_assert!((solution.objective - least).abs() < 1e-6, "{} instead of {least}", solution.objective);
            }
            Err(OptimiseError::Unbounded { .. }) => prop_assert!(near.is_none() || far < near, "{near:?}, {far:?}"),
            Err(OptimiseError::Infeasible { .. } | OptimiseError::NodeLimit { .. }) => prop_assert_eq!(near, None),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}

#[test]
fn a_cost_that_falls_for_ever_is_named() {
    let mut problem = Problem::default();
    let x = problem.column(Column::free().cost(1.0).named("x"));
    let y = problem.column(Column::free().cost(-2.0).named("y"));
    problem.row(Row::at_least(0.0).with(x, 1.0).with(y, -1.0));
    let error = InteriorPoint::default().solve(&problem).expect_err("it falls for ever");
    assert!(matches!(error, OptimiseError::Unbounded { .. }), "{error}");
    assert!(error.to_string().contains("column `x`, column `y`"), "{error}");
    // In no row at all.
    let mut alone = Problem::default();
    alone.column(Column::at_least(0.0).cost(-1.0).named("free lunch"));
    let error = InteriorPoint::default().solve(&alone).expect_err("it falls for ever");
    assert!(error.to_string().contains("column `free lunch`"), "{error}");
}

#[test]
fn a_contradiction_is_narrowed_to_the_rows_that_make_it() {
    let mut problem = Problem::default();
    let x = problem.column(Column::at_least(0.0).cost(1.0));
    let y = problem.column(Column::at_least(0.0).cost(1.0));
    let z = problem.column(Column::between(0.0, 9.0).cost(-1.0));
    let bystander = problem.row(Row::at_most(8.0).with(z, 1.0).named("bystander"));
    let need = problem.row(Row::at_least(5.0).with(x, 1.0).named("need"));
    let limit = problem.row(Row::at_most(4.0).with(x, 1.0).with(y, 1.0).named("limit"));
    let solver = InteriorPoint::default();
    let error = solver.solve(&problem).expect_err("5 do not fit into 4").narrowed(&problem, &solver, 20);
    let OptimiseError::Infeasible { rows, .. } = &error else { panic!("{error}") };
    assert!(rows.contains(&need) && rows.contains(&limit) && !rows.contains(&bystander), "{error}");
    let text =
        "no values keep every limit; these contradict each other: row `limit`, row `need`, the bounds of column 1";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[test]
fn a_dual_is_what_one_more_unit_costs() {
    // Cheap up to 3, dear beyond, with a limit that is a row.
    let cost_of = |need: f64| {
        let mut problem = Problem::default();
        let cheap = problem.column(Column::at_least(0.0).cost(1.0).quadratic(0.5));
        let dear = problem.column(Column::at_least(0.0).cost(4.0));
        let cap = problem.row(Row::at_most(3.0).with(cheap, 1.0));
        let balance = problem.row(Row::equal(need).with(cheap, 1.0).with(dear, 1.0));
        let solution = InteriorPoint::default().solve(&problem).expect("it is feasible");
        (solution.objective, solution.dual(balance), solution.dual(cap))
    };
    for need in [2.0, 5.0] {
        let step = 1e-3;
        let slope = (cost_of(need + step).0 - cost_of(need - step).0) / (2.0 * step);
        assert!((cost_of(need).1 - slope).abs() < 1e-5, "{} beside {slope}", cost_of(need).1);
    }
    assert!(cost_of(2.0).2.abs() < 1e-6);
    // One more unit of the cheap one saves 4 and costs 1 + 0.5 · 3.
    assert!((cost_of(5.0).2 + 1.5).abs() < 1e-6, "{}", cost_of(5.0).2);
}

#[test]
fn a_knapsack_stopped_early_says_how_far_it_may_be_from_the_best() {
    let mut problem = Problem::default();
    let weights = [31.0, 41.0, 59.0, 26.0, 53.0, 58.0, 97.0, 93.0, 23.0, 84.0];
    let take: Vec<_> = weights.iter().map(|weight| problem.column(Column::binary().cost(-weight - 1.0))).collect();
    problem.row(Row::at_most(250.0).with_all(take.into_iter().zip(weights)));
    let best = BranchAndBound::default().solve(&problem).expect("it is feasible");
    let early =
        BranchAndBound { nodes: 4, ..BranchAndBound::default() }.solve(&problem).expect("rounding found something");
    assert_eq!((best.status, early.status), (Status::Optimal, Status::Feasible));
    assert!(early.iterations < best.iterations);
    assert!(early.objective - early.gap <= best.objective + 1e-9, "{early:?} beside {best:?}");
}

#[test]
fn solvers_are_chosen_by_what_a_problem_needs() {
    let mut problem = Problem::default();
    let count = problem.column(Column::between(0.0, 2.5).cost(-1.0).named("count"));
    assert_eq!(default_optimiser(&problem).name(), "interior-point");
    problem.column(Column::binary());
    assert_eq!(default_optimiser(&problem).name(), "branch-and-bound");
    let refused = InteriorPoint::default().solve(&problem).expect_err("it has whole numbers");
    assert!(matches!(refused, OptimiseError::Unsupported { .. }), "{refused}");
    assert_eq!(default_optimiser(&problem).solve(&problem).expect("it is feasible").value(count), 2.5);
}

#[test]
fn the_same_problem_gives_the_same_bits() {
    let mut problem = Problem::default();
    let columns: Vec<_> = (0..50)
        .map(|index| {
            problem.column(
                Column::between(0.0, 1.0 + f64::from(index % 7)).cost(f64::from(index * 37 % 11) - 5.0).quadratic(0.1),
            )
        })
        .collect();
    for start in 0..40 {
        problem.row(Row::at_most(3.0).with_all(columns[start..start + 10].iter().map(|&column| (column, 1.0))));
    }
    let solve = || InteriorPoint::default().solve(&problem).expect("it is feasible");
    let bits = |solution: &Solution| {
        solution.values.iter().chain(&solution.duals).map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(&solve()), bits(&solve()));
}
