//! Piecewise-linear functions that need not be convex nor connected, and the lowest of several.

/// A stretch `[from, to]` of a function; `from == to` is a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Segment {
    pub(super) from: f64,
    pub(super) to: f64,
    /// The value at `from`.
    pub(super) value: f64,
    pub(super) slope: f64,
}

/// Stretches and gaps shorter than this are rounding; kWh.
const SLIVER: f64 = 1e-11;
/// Values nearer than this are the same; EUR.
const SAME: f64 = 1e-13;

impl Segment {
    pub(super) fn at(&self, x: f64) -> f64 {
        self.value + self.slope * (x - self.from)
    }

    pub(super) fn value_at_end(&self) -> f64 {
        self.at(self.to)
    }

    /// The same over `x / factor`.
    pub(super) fn stretched(self, factor: f64) -> Self {
        Self { from: self.from / factor, to: self.to / factor, slope: self.slope * factor, ..self }
    }

    /// The part on `[low, high]`; a part that misses it by rounding is a point of it.
    pub(super) fn clipped(self, low: f64, high: f64) -> Option<Self> {
        const NEAR: f64 = 1e-9;
        if self.from > high + NEAR || self.to < low - NEAR {
            return None;
        }
        let (from, to) = (self.from.clamp(low, high), self.to.clamp(low, high));
        Some(Self { from, to, value: self.at(from), ..self })
    }

    fn is_point(&self) -> bool {
        self.to - self.from <= SLIVER
    }
}

/// The value at `x`, the least where stretches meet; none where there is none within `near`.
pub(super) fn value_at(function: &[Segment], x: f64, near: f64) -> Option<f64> {
    let first = function.partition_point(|segment| segment.to < x - near);
    let over = function[first..].iter().take_while(|segment| segment.from <= x + near);
    over.map(|segment| segment.at(x.clamp(segment.from, segment.to))).min_by(f64::total_cmp)
}

/// The sum of two functions where both are there, each taken so many times.
pub(super) fn sum(one: &[Segment], times: f64, other: &[Segment], other_times: f64) -> Vec<Segment> {
    let mut result: Vec<Segment> = Vec::with_capacity(one.len() + other.len());
    let mut first = 0;
    for a in one {
        while other.get(first).is_some_and(|b| b.to < a.from - SLIVER) {
            first += 1;
        }
        for b in other[first..].iter().take_while(|b| b.from <= a.to + SLIVER) {
            let (from, to) = (a.from.max(b.from), a.to.min(b.to));
            // Stretches that touch at one end share no more than what the next ones share too.
            if to - from <= SLIVER && !a.is_point() && !b.is_point() {
                continue;
            }
            let to = to.max(from);
            let value = times * a.at(from) + other_times * b.at(from);
            result.push(Segment { from, to, value, slope: times * a.slope + other_times * b.slope });
        }
    }
    result
}

/// The lowest of several functions, in O(n log m) for n segments of m functions.
pub(super) fn lowest(mut functions: Vec<Vec<Segment>>) -> Vec<Segment> {
    while functions.len() > 1 {
        let mut halved = Vec::with_capacity(functions.len().div_ceil(2));
        let mut pairs = functions.into_iter();
        while let Some(one) = pairs.next() {
            halved.push(match pairs.next() {
                Some(other) => lower(&one, &other),
                None => one,
            });
        }
        functions = halved;
    }
    functions.pop().unwrap_or_default()
}

/// The lower of two functions.
fn lower(one: &[Segment], other: &[Segment]) -> Vec<Segment> {
    let mut result: Vec<Segment> = Vec::with_capacity(one.len() + other.len() + 4);
    let stretches = |function: &[Segment]| function.iter().copied().filter(|s| !s.is_point()).collect::<Vec<_>>();
    let (a, b) = (stretches(one), stretches(other));
    let (mut i, mut j, mut x) = (0, 0, f64::NEG_INFINITY);
    loop {
        while a.get(i).is_some_and(|a| a.to <= x + SLIVER) {
            i += 1;
        }
        while b.get(j).is_some_and(|b| b.to <= x + SLIVER) {
            j += 1;
        }
        x = match (a.get(i), b.get(j)) {
            (None, None) => break,
            (Some(only), None) | (None, Some(only)) => {
                push(&mut result, only, x.max(only.from), only.to);
                only.to
            }
            (Some(a), Some(b)) => {
                let from = x.max(a.from.min(b.from));
                let (first, second) = if a.from <= b.from { (a, b) } else { (b, a) };
                if second.from > from + SLIVER {
                    let to = first.to.min(second.from);
                    push(&mut result, first, from, to);
                    to
                } else {
                    let to = a.to.min(b.to);
                    push_lower(&mut result, a, b, from, to);
                    to
                }
            }
        };
    }
    for point in one.iter().chain(other).filter(|segment| segment.is_point()) {
        if value_at(&result, point.from, SLIVER).is_none_or(|value| point.value < value - SAME) {
            let place = result.partition_point(|segment| segment.to <= point.from);
            // Within a stretch, the point parts it.
            if let Some(around) = result.get(place).copied().filter(|around| around.from < point.from) {
                result[place].to = point.from;
                let rest = Segment { from: point.from, value: around.at(point.from), ..around };
                result.splice(place + 1..place + 1, [*point, rest]);
            } else {
                result.insert(place, *point);
            }
        }
    }
    result
}

/// Appends the lower of two stretches on `[from, to]`.
fn push_lower(result: &mut Vec<Segment>, a: &Segment, b: &Segment, from: f64, to: f64) {
    let (left, right) = (a.at(from) - b.at(from), a.at(to) - b.at(to));
    if left <= SAME && right <= SAME {
        return push(result, a, from, to);
    }
    if left >= -SAME && right >= -SAME {
        return push(result, b, from, to);
    }
    let cross = from + (to - from) * (left / (left - right));
    let (first, second) = if left < 0.0 { (a, b) } else { (b, a) };
    if cross - from > SLIVER && to - cross > SLIVER {
        push(result, first, from, cross);
        push(result, second, cross, to);
    } else {
        push(result, if cross - from > SLIVER { first } else { second }, from, to);
    }
}

/// Appends the part of a stretch on `[from, to]`, as one with the last where it continues it.
fn push(result: &mut Vec<Segment>, segment: &Segment, from: f64, to: f64) {
    if to - from <= SLIVER {
        return;
    }
    let value = segment.at(from);
    if let Some(last) = result.last_mut()
        && last.slope == segment.slope
        && (from - last.to).abs() <= SLIVER
        && (last.at(from) - value).abs() <= SAME
    {
        last.to = to;
        return;
    }
    result.push(Segment { from, to, value, slope: segment.slope });
}
