//! Exact scheduling of one storage where the cost of every step is convex and every limit can be kept.
//!
//! The cost to go, as a function of what is stored, is convex and piecewise linear. A step back in time merges the pieces of
//! the step's cost into it by slope, stretches it by the storage loss, and cuts it to what may be stored. The pieces are kept
//! in order, so a step costs O(log k + k) with a tiny constant (k pieces fit between the least and the most that may be
//! stored: some tens for a battery of hours); every change is written down. The way forward takes the changes back
//! one by one, so that no function is kept twice: O(T) memory.
//!
//! The merge puts the pieces of a step behind equal ones of later steps: of schedules that cost the same and have the same
//! throughput, the store is filled sooner and emptied later.

use super::convex::{Convex, Piece};
use std::cmp::Ordering;
use std::collections::VecDeque;

/// What misses a limit by less than this keeps it, kWh; rounding over a year of steps stays far below.
const NEAR_KWH: f64 = 1e-9;

/// Up to so many pieces of a step are put in their places one by one; more are merged in one go.
const FEW: usize = 4;

/// Changes of one step, to be taken back.
struct Change {
    /// Least and most that the step can add.
    least: f64,
    most: f64,
    /// Where the pieces of the step went, as a stretch of `places`.
    places: std::ops::Range<usize>,
    /// Share of what is stored that is still there after the step.
    kept: f64,
    /// Where the cost to go begins after the merge.
    from: f64,
    /// What the cut to the limits before the step took: whole pieces on both sides (as stretches of `removed`), and lengths of
    /// the outermost that stayed.
    left: std::ops::Range<usize>,
    right: std::ops::Range<usize>,
    trimmed_left: f64,
    trimmed_right: f64,
}

/// The cost to go, and how it came to be. One can be used again and again, which saves its memory from being asked for anew.
#[derive(Default)]
pub(super) struct CostToGo {
    from: f64,
    value: f64,
    pieces: VecDeque<Piece>,
    changes: Vec<Change>,
    places: Vec<usize>,
    removed: Vec<Piece>,
    /// The pieces of a step while they are merged.
    incoming: Vec<Piece>,
}

impl CostToGo {
    /// Begins with the cost to go after the last step: what is held within `[low, high]` is worth `worth` per kWh. False if
    /// nothing can be held.
    pub(super) fn begin(&mut self, (low, high): (f64, f64), worth: f64) -> bool {
        self.pieces.clear();
        self.changes.clear();
        self.places.clear();
        self.removed.clear();
        (self.from, self.value) = (low, -worth * low);
        if high > low {
            self.pieces.push_back(Piece { slope: -worth, tie: 0.0, length: high - low });
        }
        low <= high + NEAR_KWH
    }

    fn to(&self) -> f64 {
        self.from + self.pieces.iter().map(|piece| piece.length).sum::<f64>()
    }

    /// Goes back over one step of this cost, which keeps a share of what is stored.
    pub(super) fn step_back(&mut self, cost: &Convex, kept: f64) {
        let (least, most) = (cost.from, cost.to());
        self.from -= most;
        self.value += cost.value_at_end();
        let first_place = self.places.len();
        // Storing more in this step leaves less to what follows: the step's cost is read from right to left.
        let turned = cost.pieces.iter().rev().filter(|piece| piece.length > 0.0).map(|piece| Piece {
            slope: -piece.slope,
            tie: -piece.tie,
            length: piece.length,
        });
        if cost.pieces.len() <= FEW {
            for piece in turned {
                let place = self.pieces.partition_point(|other| other.order(&piece) != Ordering::Greater);
                self.pieces.insert(place, piece);
                self.places.push(place);
            }
        } else {
            self.incoming.clear();
            self.incoming.extend(turned);
            self.merge();
        }
        let from = self.from;
        if kept != 1.0 {
            self.from /= kept;
            for piece in &mut self.pieces {
                piece.length /= kept;
                piece.slope *= kept;
                piece.tie *= kept;
            }
        }
        self.changes.push(Change {
            least,
            most,
            places: first_place..self.places.len(),
            kept,
            from,
            left: 0..0,
            right: 0..0,
            trimmed_left: 0.0,
            trimmed_right: 0.0,
        });
    }

    /// Puts the incoming pieces, which rise, in their places: behind equal ones.
    fn merge(&mut self) {
        let (mut old, mut new) = (self.pieces.len(), self.incoming.len());
        let first_place = self.places.len();
        self.pieces.extend(self.incoming.iter().copied());
        self.places.resize(first_place + new, 0);
        let pieces = self.pieces.make_contiguous();
        while new > 0 {
            if old > 0 && pieces[old - 1].order(&self.incoming[new - 1]) == Ordering::Greater {
                pieces[old + new - 1] = pieces[old - 1];
                old -= 1;
            } else {
                new -= 1;
                pieces[old + new] = self.incoming[new];
                self.places[first_place + new] = old + new;
            }
        }
    }

    /// Cuts to what may be stored before the last step gone back over; false if nothing is left.
    pub(super) fn cut(&mut self, (low, high): (f64, f64)) -> bool {
        let mut to = self.to();
        if low > high + NEAR_KWH || low > to + NEAR_KWH || high < self.from - NEAR_KWH {
            return false;
        }
        let change = self.changes.last_mut().expect("a step was gone back over");
        let begin = self.removed.len();
        while let Some(first) = self.pieces.front_mut()
            && self.from < low
        {
            let less = low - self.from;
            if first.length > less {
                first.length -= less;
                change.trimmed_left = less;
                self.value += less * first.slope;
                self.from = low;
            } else {
                self.from += first.length;
                self.value += first.rise();
                self.removed.extend(self.pieces.pop_front());
            }
        }
        let middle = self.removed.len();
        while let Some(last) = self.pieces.back_mut()
            && to > high
        {
            let less = to - high;
            if last.length > less {
                last.length -= less;
                change.trimmed_right = less;
                to = high;
            } else {
                to -= last.length;
                self.removed.extend(self.pieces.pop_back());
            }
        }
        (change.left, change.right) = (begin..middle, middle..self.removed.len());
        true
    }

    /// The least cost from here on with this much stored; none if the limits cannot all be kept.
    pub(super) fn at(&self, soc: f64) -> Option<f64> {
        if soc < self.from - NEAR_KWH || soc > self.to() + NEAR_KWH {
            return None;
        }
        let (mut left, mut value) = (soc - self.from, self.value);
        for piece in &self.pieces {
            let length = piece.length.min(left).max(0.0);
            value += length * piece.slope;
            left -= length;
        }
        Some(value)
    }

    /// What each step adds, from this much stored at the start; and what is stored at the ends.
    pub(super) fn schedule(&mut self, mut soc: f64) -> Vec<f64> {
        let mut added = Vec::with_capacity(self.changes.len());
        while let Some(change) = self.changes.pop() {
            self.restore(&change);
            let wanted = change.kept * soc;
            let stored = change.most - self.take_out(&change, wanted);
            let stored = stored.clamp(change.least, change.most);
            soc = wanted + stored;
            added.push(stored);
        }
        added
    }

    /// Takes back the cut and the loss.
    fn restore(&mut self, change: &Change) {
        // In the opposite order of the cut: the right side may have taken what the left side trimmed.
        if let Some(last) = self.pieces.back_mut() {
            last.length += change.trimmed_right;
        }
        for place in change.right.clone().rev() {
            self.pieces.push_back(self.removed[place]);
        }
        if let Some(first) = self.pieces.front_mut() {
            first.length += change.trimmed_left;
        }
        for place in change.left.clone().rev() {
            self.pieces.push_front(self.removed[place]);
        }
        if change.kept != 1.0 {
            for piece in &mut self.pieces {
                piece.length *= change.kept;
                piece.slope /= change.kept;
                piece.tie /= change.kept;
            }
        }
    }

    /// Takes the pieces of the step out again; gives how much of their length lies left of `soc`.
    fn take_out(&mut self, change: &Change, soc: f64) -> f64 {
        let places = &self.places[change.places.clone()];
        let (mut begin, mut used, mut next) = (change.from, 0.0, 0);
        for (place, piece) in self.pieces.iter().enumerate() {
            if next == places.len() || begin >= soc {
                break;
            }
            if places[next] == place {
                used += piece.length.min(soc - begin);
                next += 1;
            }
            begin += piece.length;
        }
        if places.len() <= FEW {
            for &place in places.iter().rev() {
                self.pieces.remove(place);
            }
            return used;
        }
        let (mut kept, mut next) = (places[0], 0);
        let pieces = self.pieces.make_contiguous();
        for place in places[0]..pieces.len() {
            if places.get(next) == Some(&place) {
                next += 1;
            } else {
                pieces[kept] = pieces[place];
                kept += 1;
            }
        }
        self.pieces.truncate(kept);
        used
    }
}
