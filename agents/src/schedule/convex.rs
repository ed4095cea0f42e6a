//! Convex piecewise-linear functions of one variable, as lists of pieces with rising slopes.
//!
//! The best split of a sum between two such functions (their infimal convolution) is the merge of their pieces by slope.
//! That is why one storage can be scheduled exactly and fast: what it costs to have had an energy is such a function.

use std::cmp::Ordering;

/// A stretch of constant slope. Equal slopes are ordered by `tie`, so that of two schedules that cost the same the one of
/// less throughput wins, exactly and without a cost of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) slope: f64,
    pub(super) tie: f64,
    pub(super) length: f64,
}

impl Piece {
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.slope.total_cmp(&other.slope).then(self.tie.total_cmp(&other.tie))
    }

    /// What it adds to the value from its left end to its right end.
    pub(super) fn rise(&self) -> f64 {
        self.slope * self.length
    }
}

/// A convex function on `[from, to]`; pieces lie side by side from left to right, slopes rise.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Convex {
    pub(super) from: f64,
    /// The value at `from`.
    pub(super) value: f64,
    pub(super) pieces: Vec<Piece>,
}

impl Convex {
    pub(super) fn to(&self) -> f64 {
        self.from + self.pieces.iter().map(|piece| piece.length).sum::<f64>()
    }

    pub(super) fn value_at_end(&self) -> f64 {
        self.value + self.pieces.iter().map(Piece::rise).sum::<f64>()
    }

    /// Its value at `x`, which is taken to lie on it.
    pub(super) fn at(&self, x: f64) -> f64 {
        let (mut left, mut value) = (x - self.from, self.value);
        for piece in &self.pieces {
            if left <= piece.length {
                return value + left.max(0.0) * piece.slope;
            }
            left -= piece.length;
            value += piece.rise();
        }
        value
    }

    /// The knots from left to right, with their values.
    pub(super) fn knots(&self) -> impl Iterator<Item = (f64, f64)> {
        let rest = self.pieces.iter().scan((self.from, self.value), |(x, value), piece| {
            *x += piece.length;
            *value += piece.rise();
            Some((*x, *value))
        });
        std::iter::once((self.from, self.value)).chain(rest)
    }

    /// The part on `[low, high]`, none if they do not meet; one that misses it by rounding is a point of it.
    pub(super) fn clipped(&self, low: f64, high: f64) -> Option<Self> {
        const NEAR: f64 = 1e-9;
        let to = self.to();
        if low > high || low > to + NEAR || high < self.from - NEAR {
            return None;
        }
        let low = low.max(self.from).min(to.max(self.from));
        let mut clipped = Self { from: low, value: self.at(low), pieces: Vec::with_capacity(self.pieces.len() + 2) };
        let mut begin = self.from;
        for piece in &self.pieces {
            let end = begin + piece.length;
            let length = end.min(high) - begin.max(low);
            if length > 0.0 {
                clipped.pieces.push(Piece { length, ..*piece });
            }
            begin = end;
        }
        Some(clipped)
    }

    /// Lets something be used up to `length` for nothing: `min over a in [0, length] of self(x + a)`.
    pub(super) fn with_slack(mut self, length: f64) -> Self {
        if length > 0.0 {
            let piece = Piece { slope: 0.0, tie: 0.0, length };
            let place = self.pieces.partition_point(|other| other.order(&piece) == Ordering::Less);
            self.pieces.insert(place, piece);
            self.from -= length;
        }
        self
    }

    /// The same function drawn over `factor · (x − origin)`, with a slope and a tie added per unit of the old x.
    pub(super) fn onto(mut self, origin: f64, factor: f64, slope: f64, tie: f64) -> Self {
        self.value += slope * (self.from - origin);
        self.from = (self.from - origin) * factor;
        for piece in &mut self.pieces {
            piece.slope = (piece.slope + slope) / factor;
            piece.tie = (piece.tie + tie) / factor;
            piece.length *= factor;
        }
        self
    }

    /// Becomes the linear function of this slope on `[low, high]`, zero at zero; holds no pieces before.
    pub(super) fn linear(&mut self, (low, high): (f64, f64), slope: f64) {
        (self.from, self.value) = (low, slope * low);
        if high > low {
            self.pieces.push(Piece { slope, tie: 0.0, length: high - low });
        }
    }

    /// Writes the part from `shift + low` to `shift + high`, drawn over the distance from `shift`, into one without pieces.
    pub(super) fn clip_onto(&self, shift: f64, (low, high): (f64, f64), out: &mut Self) {
        let from = (low + shift).clamp(self.from, self.to().max(self.from));
        (out.from, out.value) = (low, self.at(from));
        let (mut begin, mut left) = (self.from, high - low);
        for piece in &self.pieces {
            let end = begin + piece.length;
            let length = (end - begin.max(from)).min(left);
            if length > 0.0 {
                out.pieces.push(Piece { length, ..*piece });
                left -= length;
            }
            begin = end;
        }
        // What rounding left out.
        if let Some(last) = out.pieces.last_mut() {
            last.length += left;
        }
    }

    /// Appends a function that begins where this one ends, if the whole stays convex.
    pub(super) fn joined(mut self, next: Self) -> Result<Self, (Self, Self)> {
        const NEAR: f64 = 1e-12;
        let touches = (self.to() - next.from).abs() <= NEAR * (1.0 + next.from.abs())
            && (self.value_at_end() - next.value).abs() <= NEAR * (1.0 + next.value.abs());
        let rises = match (self.pieces.last(), next.pieces.first()) {
            (Some(last), Some(first)) => last.order(first) != Ordering::Greater,
            _ => true,
        };
        if !(touches && rises) {
            return Err((self, next));
        }
        self.pieces.extend(next.pieces);
        Ok(self)
    }
}
