//! What a mechanism made of a book, in figures: exact integers in Wh, micro-euro per kWh and nano-euro.

use super::book::FileBook;
use super::mechanisms::Chosen;
use market::{Clearing, Money, Price, Side, clear, slices};

/// What one mechanism made of one book. Prices are those of the market in the file's unit times that unit.
pub(crate) struct Outcome {
    /// The trades, in the unit of the book.
    pub(crate) clearing: Clearing,
    /// The one price of all trades, if there is one.
    pub(crate) price_ueur_per_kwh: Option<i64>,
    /// The figures.
    pub(crate) figures: Figures,
}

/// Figures of one clearing, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Energy traded.
    pub(crate) volume_wh: i128,
    /// How many trades there are.
    pub(crate) trades: u64,
    /// What buyers pay sellers.
    pub(crate) payment_neur: i128,
    /// By how much buyers pay less than the limits they stated.
    pub(crate) buyers_surplus_neur: i128,
    /// By how much sellers get more than the limits they stated.
    pub(crate) sellers_surplus_neur: i128,
    /// The largest welfare that any mechanism could reach.
    pub(crate) optimum_neur: i128,
    /// Lowest and highest price of a trade.
    pub(crate) prices_ueur_per_kwh: Option<(i64, i64)>,
}

impl Figures {
    /// What all gain together.
    pub(crate) fn welfare_neur(&self) -> i128 {
        self.buyers_surplus_neur + self.sellers_surplus_neur
    }

    /// Mean price over the energy traded, rounded to micro-euro per kWh, halves away from zero.
    pub(crate) fn mean_price_ueur_per_kwh(&self) -> Option<i128> {
        (self.volume_wh > 0).then(|| rounded_quotient(self.payment_neur, self.volume_wh))
    }

    /// Welfare as a share of the optimum, in millionths; none where there is nothing to gain.
    pub(crate) fn welfare_share_ppm(&self) -> Option<i128> {
        const ONE: i128 = 1_000_000;
        let share = || match self.welfare_neur().checked_mul(ONE) {
            Some(millionfold) => rounded_quotient(millionfold, self.optimum_neur),
            // Beyond 1e23 EUR the millionth part of the optimum is exact enough.
            None => rounded_quotient(self.welfare_neur(), self.optimum_neur / ONE),
        };
        (self.optimum_neur > 0).then(share)
    }

    /// Adds those of another clearing.
    pub(crate) fn add(&mut self, other: &Figures) {
        self.volume_wh += other.volume_wh;
        self.trades += other.trades;
        self.payment_neur += other.payment_neur;
        self.buyers_surplus_neur += other.buyers_surplus_neur;
        self.sellers_surplus_neur += other.sellers_surplus_neur;
        self.optimum_neur += other.optimum_neur;
        self.prices_ueur_per_kwh = match (self.prices_ueur_per_kwh, other.prices_ueur_per_kwh) {
            (Some((low, high)), Some((lower, higher))) => Some((low.min(lower), high.max(higher))),
            (own, others) => own.or(others),
        };
    }
}

/// `a / b` for a positive `b`, rounded to the nearest integer, halves away from zero.
fn rounded_quotient(a: i128, b: i128) -> i128 {
    let (quotient, rest) = (a / b, a % b);
    quotient + if rest.unsigned_abs() >= (b - rest.abs()).unsigned_abs() { a.signum() } else { 0 }
}

impl Outcome {
    /// Clears a book.
    pub(crate) fn of(book: &FileBook, chosen: &Chosen) -> Self {
        let clearing = clear(&*chosen.mechanism, &book.book);
        let unit = book.unit_ueur_per_kwh;
        let optimum_neur = optimum(book).0 * i128::from(unit);
        let mut figures = Figures { optimum_neur, volume_wh: clearing.volume.0.into(), ..Figures::default() };
        let stated = |id| book.book.order(id).expect("the market trades orders of the book").limit;
        for trade in &clearing.trades {
            let value = |price: Price| (trade.quantity * price).0 * i128::from(unit);
            let payment = value(trade.price);
            figures.trades += 1;
            figures.payment_neur += payment;
            figures.buyers_surplus_neur += value(stated(trade.bid)) - payment;
            figures.sellers_surplus_neur += payment - value(stated(trade.offer));
            let price = book.in_ueur(trade.price);
            let (low, high) = figures.prices_ueur_per_kwh.unwrap_or((price, price));
            figures.prices_ueur_per_kwh = Some((low.min(price), high.max(price)));
        }
        Self { price_ueur_per_kwh: clearing.price.map(|price| book.in_ueur(price)), clearing, figures }
    }
}

/// The largest welfare: that of the crossing, in the unit of the book.
fn optimum(book: &FileBook) -> Money {
    let surplus =
        slices(&book.book).map(|slice| (slice.quantity * slice.bid.limit) - (slice.quantity * slice.offer.limit));
    surplus.sum()
}

/// Energy of one side of a book.
pub(crate) fn total_wh(book: &FileBook, side: Side) -> i64 {
    let orders = if side == Side::Bid { book.book.bids() } else { book.book.offers() };
    orders.iter().map(|order| order.quantity.0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_rounded_with_halves_away_from_zero() {
        let cases = [(7, 2, 4), (-7, 2, -4), (5, 3, 2), (4, 3, 1), (-4, 3, -1), (0, 3, 0), (6, 3, 2), (1, 3, 0)];
        for (a, b, quotient) in cases {
            assert_eq!(rounded_quotient(a, b), quotient, "{a} / {b}");
        }
    }
}
