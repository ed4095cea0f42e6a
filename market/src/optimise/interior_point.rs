//! Linear and convex quadratic problems by the interior-point method of the crate `clarabel`.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettings, DefaultSolution, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, SupportedConeT,
    ZeroConeT,
};

use super::presolve::{Reduced, infeasible, reduce, unbounded};
use super::{ColumnId, OptimiseError, Optimiser, Problem, RowId, Solution};

/// The primal-dual interior-point method of Clarabel (Goulart and Chen, 2024), with homogeneous embedding, so that
/// infeasible and unbounded problems are proven to be so.
///
/// Ten to thirty iterations whatever the size, each one sparse factorisation. It runs on one thread, without time limit,
/// and prints nothing. Values come within about 1e-8 of their bounds and are then put inside; where a limit is met and yet
/// costs nothing (no strict complementarity), values and duals are right to the root of the gap only, the objective fully.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InteriorPoint {
    /// The gap between cost and bound at which it stops, absolute or relative to the cost, whichever is met first.
    pub gap: f64,
    /// How far a limit may be exceeded, relative to the size of the numbers in it.
    pub feasibility: f64,
    /// Most iterations.
    pub iterations: u32,
}

impl Default for InteriorPoint {
    fn default() -> Self {
        Self { gap: 1e-10, feasibility: 1e-9, iterations: 200 }
    }
}

impl Optimiser for InteriorPoint {
    fn name(&self) -> &'static str {
        "interior-point"
    }

    fn solve(&self, problem: &Problem) -> Result<Solution, OptimiseError> {
        problem.check()?;
        if let Some(column) = problem.integers().next() {
            let what = format!("whole numbers, which {} takes", problem.column_name(column));
            return Err(OptimiseError::Unsupported { solver: self.name(), what, instead: "branch-and-bound" });
        }
        let reduced = reduce(problem)?;
        if reduced.columns.is_empty() {
            return Ok(reduced.restore(problem, &[], &[]));
        }
        let cones = Cones::of(problem, &reduced);
        let matrix = cones.matrix(problem, &reduced);
        let broken = |reason: String| OptimiseError::Broken { solver: self.name(), reason };
        let mut solver = DefaultSolver::new(
            &quadratic(problem, &reduced),
            &reduced.columns.iter().map(|&column| problem.columns[column].cost).collect::<Vec<_>>(),
            &matrix,
            &cones.limits,
            &cones.kinds(),
            self.settings(),
        )
        .map_err(|error| broken(error.to_string()))?;
        solver.solve();
        self.translate(problem, reduced, &cones, &solver.solution)
    }
}

impl InteriorPoint {
    /// What counts as almost solved is set a hundred times looser than solved and no more: Clarabel's own 5e-5 would not
    /// do for money.
    fn settings(&self) -> DefaultSettings<f64> {
        DefaultSettings {
            max_iter: self.iterations,
            verbose: false,
            max_threads: 1,
            direct_solve_method: "qdldl".to_owned(),
            // Rows that limit nothing are gone; it would only hide rows from us.
            presolve_enable: false,
            tol_gap_abs: self.gap,
            tol_gap_rel: self.gap,
            tol_feas: self.feasibility,
            reduced_tol_gap_abs: 100.0 * self.gap,
            reduced_tol_gap_rel: 100.0 * self.gap,
            reduced_tol_feas: 100.0 * self.feasibility,
            reduced_tol_infeas_rel: 1e-7,
            ..DefaultSettings::default()
        }
    }

    fn translate(
        &self,
        problem: &Problem,
        reduced: Reduced,
        cones: &Cones,
        found: &DefaultSolution<f64>,
    ) -> Result<Solution, OptimiseError> {
        use SolverStatus::{
            AlmostDualInfeasible, AlmostPrimalInfeasible, AlmostSolved, DualInfeasible, InsufficientProgress,
            MaxIterations, NumericalError, PrimalInfeasible, Solved,
        };
        match found.status {
            PrimalInfeasible | AlmostPrimalInfeasible => {
                let (rows, columns) = cones.contradiction(&reduced, &found.z);
                Err(infeasible(problem, rows, columns))
            }
            DualInfeasible | AlmostDualInfeasible => {
                let falling = heaviest(found.x.iter().copied());
                Err(unbounded(problem, falling.into_iter().map(|place| ColumnId(reduced.columns[place])).collect()))
            }
            Solved | AlmostSolved | MaxIterations | InsufficientProgress | NumericalError => {
                let duals = cones.duals(&reduced, &found.z);
                let mut solution = reduced.restore(problem, &found.x, &duals);
                solution.gap = (found.obj_val - found.obj_val_dual).abs();
                solution.iterations = u64::from(found.iterations);
                if matches!(found.status, Solved | AlmostSolved) {
                    return Ok(solution);
                }
                let (solver, iterations) = (self.name(), solution.iterations);
                Err(OptimiseError::IterationLimit { solver, iterations, estimate: Box::new(solution) })
            }
            status => Err(OptimiseError::Broken { solver: self.name(), reason: status.to_string() }),
        }
    }
}

/// What a line of Clarabel's A x + s = b stands for.
#[derive(Clone, Copy)]
enum Line {
    /// The equality, upper or lower limit of the row left at this place; the factor its entries take.
    Row { place: usize, factor: f64 },
    /// The upper (1) or lower (−1) bound of the column left at this place.
    Bound { place: usize, factor: f64 },
}

/// The problem in Clarabel's form: equalities first, then everything as `sum ≤ limit`.
struct Cones {
    equalities: usize,
    lines: Vec<Line>,
    limits: Vec<f64>,
}

impl Cones {
    fn of(problem: &Problem, reduced: &Reduced) -> Self {
        let mut cones = Cones { equalities: 0, lines: Vec::new(), limits: Vec::new() };
        for (place, &(row, constant)) in reduced.rows.iter().enumerate() {
            let row = &problem.rows[row];
            if row.lower == row.upper {
                cones.push(Line::Row { place, factor: 1.0 }, row.upper - constant);
            }
        }
        cones.equalities = cones.lines.len();
        for (place, &(row, constant)) in reduced.rows.iter().enumerate() {
            let row = &problem.rows[row];
            if row.lower < row.upper {
                cones.push_sides(row.lower - constant, row.upper - constant, |factor| Line::Row { place, factor });
            }
        }
        for (place, &column) in reduced.columns.iter().enumerate() {
            let column = &problem.columns[column];
            cones.push_sides(column.lower, column.upper, |factor| Line::Bound { place, factor });
        }
        cones
    }

    fn push(&mut self, line: Line, limit: f64) {
        self.lines.push(line);
        self.limits.push(limit);
    }

    fn push_sides(&mut self, lower: f64, upper: f64, line: impl Fn(f64) -> Line) {
        if upper < f64::INFINITY {
            self.push(line(1.0), upper);
        }
        if lower > f64::NEG_INFINITY {
            self.push(line(-1.0), -lower);
        }
    }

    fn kinds(&self) -> [SupportedConeT<f64>; 2] {
        [ZeroConeT(self.equalities), NonnegativeConeT(self.lines.len() - self.equalities)]
    }

    /// A by columns. Lines are visited in order, so that the entries of each column come out sorted and duplicates meet.
    fn matrix(&self, problem: &Problem, reduced: &Reduced) -> CscMatrix<f64> {
        let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); reduced.columns.len()];
        for (index, line) in self.lines.iter().enumerate() {
            match *line {
                Line::Bound { place, factor } => columns[place].push((index, factor)),
                Line::Row { place, factor } => {
                    for &(column, by) in problem.entries_of(reduced.rows[place].0) {
                        let Some(column) = reduced.place[column] else { continue };
                        match columns[column].last_mut() {
                            Some((last, sum)) if *last == index => *sum += factor * by,
                            _ => columns[column].push((index, factor * by)),
                        }
                    }
                }
            }
        }
        let mut starts = vec![0];
        starts.extend(columns.iter().scan(0, |end, column| {
            *end += column.len();
            Some(*end)
        }));
        let (rows, values) = columns.into_iter().flatten().unzip();
        CscMatrix::new(self.lines.len(), reduced.columns.len(), starts, rows, values)
    }

    /// Clarabel's multipliers explain costs as P x + q = −Aᵀ z; a row's dual is minus those of its lines, each with the
    /// sign its entries took.
    fn duals(&self, reduced: &Reduced, multipliers: &[f64]) -> Vec<f64> {
        let mut duals = vec![0.0; reduced.rows.len()];
        for (line, multiplier) in self.lines.iter().zip(multipliers) {
            if let Line::Row { place, factor } = *line {
                duals[place] -= factor * multiplier;
            }
        }
        duals
    }

    /// The rows and columns with weight in the proof that there is no solution (Farkas' lemma), heaviest first.
    fn contradiction(&self, reduced: &Reduced, proof: &[f64]) -> (Vec<RowId>, Vec<ColumnId>) {
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        for index in heaviest(proof.iter().copied()) {
            match self.lines[index] {
                Line::Row { place, .. } => rows.push(RowId(reduced.rows[place].0)),
                Line::Bound { place, .. } => columns.push(ColumnId(reduced.columns[place])),
            }
        }
        (rows, columns)
    }
}

/// The diagonal matrix of quadratic costs; columns without any have no entry.
fn quadratic(problem: &Problem, reduced: &Reduced) -> CscMatrix<f64> {
    let (mut starts, mut places, mut values) = (vec![0], Vec::new(), Vec::new());
    for (place, &column) in reduced.columns.iter().enumerate() {
        let quadratic = problem.columns[column].quadratic;
        if quadratic > 0.0 {
            places.push(place);
            values.push(quadratic);
        }
        starts.push(places.len());
    }
    CscMatrix::new(reduced.columns.len(), reduced.columns.len(), starts, places, values)
}

/// The places of all weights that are not noise (proofs by interior points are never quite sparse), heaviest first, the first of equals first.
fn heaviest(weights: impl Iterator<Item = f64>) -> Vec<usize> {
    let weights: Vec<f64> = weights.map(f64::abs).collect();
    let noise = 1e-3 * weights.iter().copied().fold(0.0, f64::max);
    let mut places: Vec<usize> = (0..weights.len()).filter(|&place| weights[place] > noise).collect();
    places.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
    places
}
