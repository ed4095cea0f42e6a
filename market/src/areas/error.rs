//! Why areas cannot be cleared.

use thiserror::Error;

use super::AreaId;
use crate::{BookError, Energy, OrderId, Price};

/// A tree that is none, or orders that do not fit it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the values in the message of each case")]
pub enum AreaError {
    /// No area without a parent.
    #[error("no area is without a parent; leave the parent of the topmost area out")]
    NoRoot,
    /// Several areas without a parent.
    #[error(
        "areas {first} and {second} are both without a parent; give one of them a parent, or add an area above both"
    )]
    TwoRoots { first: AreaId, second: AreaId },
    /// One id for two areas.
    #[error("area {area} is there twice; give every area an id of its own")]
    DuplicateArea { area: AreaId },
    /// A parent that is not in the tree.
    #[error("the parent of area {area} is {parent}, which is not there; add it or correct the parent")]
    UnknownParent { area: AreaId, parent: AreaId },
    /// Areas that contain each other.
    #[error("area {area} lies within itself by way of its parents; break the cycle")]
    Cycle { area: AreaId },
    /// A fee on a boundary that is none.
    #[error("area {area} is the root and has a fee, but nothing is above it to trade with; drop the fee")]
    FeeAtRoot { area: AreaId },
    /// A fee below zero.
    #[error("the fee of area {area} is {constant}; fees are not negative unless subsidies are allowed")]
    NegativeFee { area: AreaId, constant: Price },
    /// A limit of an area that is not in the tree.
    #[error("area {area} has a limit, but is not there; add the area or drop the limit")]
    UnknownLimit { area: AreaId },
    /// A limit on a boundary that is none.
    #[error("area {area} is the root and has a limit, but nothing is above it to trade with; drop the limit")]
    LimitAtRoot { area: AreaId },
    /// A limit below zero.
    #[error("a limit of area {area} is {limit}; limits are not negative")]
    NegativeLimit { area: AreaId, limit: Energy },
    /// A percentage where the best exchange is looked for.
    #[error("area {area} has a fee in percent, which does not go with limits; make it a constant, or drop the limits")]
    PercentageWithLimits { area: AreaId },
    /// A negative fee where the best exchange is looked for.
    #[error("the fee of area {area} is {constant}; with limits fees are not negative, or energy would go in circles")]
    SubsidyWithLimits { area: AreaId, constant: Price },
    /// An order of an area that is not in the tree.
    #[error("order {order} is in area {area}, which is not there; add the area or move the order")]
    UnknownArea { order: OrderId, area: AreaId },
    /// Orders that make no book.
    #[error("the orders of all areas are no book: {0}")]
    Book(#[from] BookError),
    /// A price that fees take beyond 64 bits.
    #[error("the fees of area {area} take a price of order {order} beyond 64 bits; check limit and fees")]
    PriceTooLarge { order: OrderId, area: AreaId },
    /// Fees of a whole area that do not fit.
    #[error("the fees of area {area} add up beyond 128 bits; check its fee")]
    FeesTooLarge { area: AreaId },
    /// A matrix that is not square.
    #[error("the fee matrix has {places} rows, but row {row} has {columns} columns; it must be square")]
    NotSquare { places: usize, row: usize, columns: usize },
    /// A fee below zero in a matrix.
    #[error("the fee from place {from} to place {to} is {fee}; fees of pairs are not negative")]
    NegativePairFee { from: usize, to: usize, fee: Price },
    /// A place outside the matrix.
    #[error("order {order} is at place {place}, but the fee matrix knows places below {places} only")]
    UnknownPlace { order: OrderId, place: usize, places: usize },
}

impl AreaError {
    /// The message with the names of areas in place of their numbers.
    pub fn naming(&self, name: impl Fn(AreaId) -> String) -> String {
        let text = self.to_string();
        let mut named: Vec<String> = Vec::new();
        // Of all numbers in a message, those of areas follow the word; of two areas, the second follows the first.
        let mut is_next = false;
        for word in text.split(' ') {
            let number = word.trim_end_matches([',', ';', '.', ':']);
            match number.parse() {
                Ok(area) if is_next => named.push(format!("`{}`{}", name(AreaId(area)), &word[number.len()..])),
                _ => named.push(word.into()),
            }
            is_next = ["area", "areas"].contains(&word) || (word == "and" && is_two(&named));
        }
        named.join(" ")
    }
}

/// Whether the words end in two areas of which the first is named.
fn is_two(named: &[String]) -> bool {
    matches!(named, [.., areas, _, _] if areas == "areas")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_told_by_their_names_and_other_numbers_stay() {
        let name = |area: AreaId| ["island", "north", "south"][area.0 as usize].to_owned();
        let two = AreaError::TwoRoots { first: AreaId(1), second: AreaId(2) };
        let told = two.naming(name);
        assert!(told.starts_with("areas `north` and `south` are both without a parent"), "{told}");
        let told = AreaError::NegativeFee { area: AreaId(1), constant: Price(2) }.naming(name);
        assert!(told.starts_with("the fee of area `north` is "), "{told}");
        let told = AreaError::PriceTooLarge { order: OrderId(2), area: AreaId(1) }.naming(name);
        assert!(told.starts_with("the fees of area `north` take a price of order 2 "), "{told}");
    }
}
