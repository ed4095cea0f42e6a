//! What UFTP refuses, and why: the checks on a message that need nothing but the message and what it answers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    ActivationFactor, ContractId, DPrognosis, Disposition, FlexOffer, FlexRequest, IspPower, IspRequest, MessageId,
    OfferOption, OptionReference,
};
use crate::Money;
use crate::reserve::{HOUR_MS, Power};
use crate::time::{Span, Time};

/// The largest power of one ISP, 2⁴⁰ W, and the largest price of an option, 2⁶⁰ n€: within these bounds every sum of a
/// market is exact.
pub const POWER_LIMIT: Power = Power(1 << 40);
/// See [`POWER_LIMIT`].
pub const PRICE_LIMIT: Money = Money(1 << 60);

/// Why a message is refused. The sender gets it back; nothing else changes.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum Rejection {
    #[error("message id {} was used before; number every message anew", id.0)]
    DuplicateMessage { id: MessageId },
    #[error("ISPs {start} for {duration} lie outside the {isps} ISPs of the period; number them from 1")]
    IspOutOfRange { start: u16, duration: u16, isps: u16 },
    #[error("ISP {isp} is named twice; give it one power")]
    IspRepeated { isp: u16 },
    #[error("ISP {isp} holds {power}, beyond 2^40 W; give powers in W")]
    PowerTooLarge { isp: u16, power: Power },
    #[error(
        "ISP {isp} asks for the deviations from {min_power:?} to {max_power:?}; where requested both lie on one side of zero, where available zero lies between them"
    )]
    BoundsContradict { isp: u16, min_power: Option<Power>, max_power: Option<Power> },
    #[error("no ISP is requested; name one with a need")]
    NothingRequested,
    #[error("it expired at {expires:?} and it is {now:?}; send it earlier or with a later expiry")]
    Expired { expires: Time, now: Time },
    #[error("it expires at {expires:?}, after its delivery begins at {delivery:?}; let it expire before")]
    ExpiresAfterDelivery { expires: Time, delivery: Time },
    #[error("congestion point {congestion_point} is not part of this market; use a declared one")]
    UnknownCongestionPoint { congestion_point: u32 },
    #[error("congestion point {congestion_point} is not that of the request, {expected}")]
    WrongCongestionPoint { congestion_point: u32, expected: u32 },
    #[error("it is about the period from {period:?}, not that from {expected:?}")]
    WrongPeriod { period: Time, expected: Time },
    #[error("revision {revision} does not exceed {latest}; count revisions up")]
    StaleRevision { revision: u64, latest: u64 },
    #[error("contract {} is unknown, or belongs to another aggregator or congestion point; use one of your own", contract.0)]
    UnknownContract { contract: ContractId },
    #[error("the offer names another contract than the request; copy the request's")]
    WrongContract,
    #[error("request {} is unknown; answer one that was sent", request.0)]
    UnknownRequest { request: MessageId },
    #[error("request {} is no longer open; answer its latest revision", request.0)]
    RequestClosed { request: MessageId },
    #[error("zone {zone} is not among those of the request; offer connections inside them")]
    OutsideZones { zone: u32 },
    #[error("baseline {} is no D-prognosis of this aggregator, place and day; send the prognosis first", baseline.0)]
    UnknownBaseline { baseline: MessageId },
    #[error("the prognosis has {given} powers for {isps} ISPs; give one for each")]
    WrongLength { given: usize, isps: u16 },
    #[error("the offer has no option; give at least one")]
    NoOption,
    #[error("option {} appears twice; number options apart", option.0)]
    DuplicateOption { option: OptionReference },
    #[error("option {} changes nothing in any requested ISP in the direction requested; check the sign", option.0)]
    WrongSign { option: OptionReference },
    #[error("option {} has a least activation factor of {factor}/100; give 1 to 100", option.0)]
    FactorOutOfRange { option: OptionReference, factor: u8 },
    #[error("option {} asks {price}, beyond 2^60 n€; give the price in n€", option.0)]
    PriceTooLarge { option: OptionReference, price: Money },
    #[error("offer {} is unknown, or of another aggregator", offer.0)]
    UnknownOffer { offer: MessageId },
    #[error("offer {} is {state}, which does not allow this", offer.0)]
    OfferState { offer: MessageId, state: String },
    #[error("order {} is unknown, or of another aggregator", order.0)]
    UnknownOrder { order: MessageId },
    #[error("order {} is {state}, which does not allow this", order.0)]
    OrderState { order: MessageId, state: String },
    #[error("the period of order {} ends at {end:?}, and it is {now:?}; settle afterwards", order.0)]
    TooEarly { order: MessageId, end: Time, now: Time },
    #[error("the time {now:?} is before that of the message before, {latest:?}; hand messages over in time order")]
    ClockBackwards { now: Time, latest: Time },
    #[error("contract {} holds less than {power} in ISP {isp}, or the other direction; reserve what was contracted", contract.0)]
    BeyondContract { contract: ContractId, isp: u16, power: Power },
    #[error("the day from {period:?} of contract {} ends at {end:?} and it is {now:?}, or it was settled before; settle each day once, when it is over", contract.0)]
    ContractDay { contract: ContractId, period: Time, end: Time, now: Time },
    #[error("the day has {isps} ISPs of {duration_ms} ms; give 1 to 1440 of positive length within 25 hours")]
    BadIsps { isps: u16, duration_ms: i64 },
    #[error("contract {} appears twice; give every contract an id of its own", contract.0)]
    DuplicateContract { contract: ContractId },
    #[error("{reason}")]
    Selection { reason: String },
}

/// The slots of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isps {
    /// How many a day has.
    pub count: u16,
    /// How long one is; positive and at most a day.
    pub duration: Span,
}

impl Isps {
    /// Checks that a day is one.
    pub(super) fn check(self) -> Result<(), Rejection> {
        let length_ms = i128::from(self.count) * i128::from(self.duration.0);
        // A day of 25 hours ends daylight-saving time.
        if !(1..=1440).contains(&self.count) || !(1..=25 * HOUR_MS).contains(&length_ms) {
            return Err(Rejection::BadIsps { isps: self.count, duration_ms: self.duration.0 });
        }
        Ok(())
    }

    /// Checks the ranges of a profile and spreads it over the day: one entry per ISP, `None` where it names none.
    pub(super) fn spread<T: Copy>(
        self,
        entries: impl IntoIterator<Item = (u16, u16, T)>,
    ) -> Result<Vec<Option<T>>, Rejection> {
        let mut spread = vec![None; usize::from(self.count)];
        for (start, duration, value) in entries {
            let end = u32::from(start) + u32::from(duration);
            if start == 0 || duration == 0 || end > u32::from(self.count) + 1 {
                return Err(Rejection::IspOutOfRange { start, duration, isps: self.count });
            }
            for isp in start..start + duration {
                if spread[usize::from(isp) - 1].replace(value).is_some() {
                    return Err(Rejection::IspRepeated { isp });
                }
            }
        }
        Ok(spread)
    }

    /// Checks that a series has one power per ISP, each within [`POWER_LIMIT`].
    pub(super) fn check_series(self, powers: &[Power]) -> Result<(), Rejection> {
        if powers.len() != usize::from(self.count) {
            return Err(Rejection::WrongLength { given: powers.len(), isps: self.count });
        }
        check_powers(powers)
    }

    /// The powers of a profile, zero where it names none.
    pub(super) fn powers(self, isps: &[IspPower]) -> Result<Vec<Power>, Rejection> {
        let spread = self.spread(isps.iter().map(|isp| (isp.start, isp.duration, isp.power)))?;
        let powers: Vec<Power> = spread.into_iter().map(Option::unwrap_or_default).collect();
        check_powers(&powers)?;
        Ok(powers)
    }
}

/// The room of one ISP, and what is needed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Room {
    /// What has to be reached at least; negative for a reduction, zero where nothing is needed.
    pub need: Power,
    /// Lowest deviation, `None` without bound.
    pub min_power: Option<Power>,
    /// Highest deviation, `None` without bound.
    pub max_power: Option<Power>,
}

impl FlexRequest {
    /// The room of each ISP of the day; none where the request does not name the ISP.
    ///
    /// # Errors
    /// Ranges, sizes and signs that do not fit.
    pub fn rooms(&self, isps: Isps) -> Result<Vec<Room>, Rejection> {
        isps.check()?;
        let named = isps.spread(self.isps.iter().map(|isp| (isp.start, isp.duration, *isp)))?;
        let closed = Room { need: Power(0), min_power: Some(Power(0)), max_power: Some(Power(0)) };
        let rooms = named.into_iter().map(|isp| isp.map_or(Ok(closed), |isp| room(&isp)));
        let rooms: Vec<Room> = rooms.collect::<Result<_, _>>()?;
        if rooms.iter().all(|room| room.need == Power(0)) { Err(Rejection::NothingRequested) } else { Ok(rooms) }
    }
}

fn room(isp: &IspRequest) -> Result<Room, Rejection> {
    let &IspRequest { start, min_power, max_power, .. } = isp;
    let contradict = Rejection::BoundsContradict { isp: start, min_power, max_power };
    for power in [min_power, max_power].into_iter().flatten() {
        check_power(start, power)?;
    }
    if min_power.zip(max_power).is_some_and(|(min, max)| min > max) {
        return Err(contradict);
    }
    let need = match (isp.disposition, min_power, max_power) {
        (Disposition::Requested, _, Some(max)) if max < Power(0) => max,
        (Disposition::Requested, Some(min), _) if min > Power(0) => min,
        (Disposition::Available, min, max)
            if min.is_none_or(|min| min <= Power(0)) && max.is_none_or(|max| max >= Power(0)) =>
        {
            Power(0)
        }
        _ => return Err(contradict),
    };
    // The bound that is the need is a wish, not a rule: what is missing of it is a shortfall.
    let bound = |power: Option<Power>| if need != Power(0) && power == Some(need) { None } else { power };
    if need != Power(0) && min_power == max_power {
        let (min_power, max_power) = if need < Power(0) { (min_power, None) } else { (None, max_power) };
        return Ok(Room { need, min_power, max_power });
    }
    Ok(Room { need, min_power: bound(min_power), max_power: bound(max_power) })
}

/// Checks an offer against its request.
pub(super) fn check_offer(offer: &FlexOffer, request: &FlexRequest, isps: Isps, now: Time) -> Result<(), Rejection> {
    if offer.request != request.id {
        return Err(Rejection::UnknownRequest { request: offer.request });
    }
    let (given, expected) = (offer.congestion_point.0, request.congestion_point.0);
    if given != expected {
        return Err(Rejection::WrongCongestionPoint { congestion_point: given, expected });
    }
    if offer.period != request.period {
        return Err(Rejection::WrongPeriod { period: offer.period, expected: request.period });
    }
    if offer.expires <= now {
        return Err(Rejection::Expired { expires: offer.expires, now });
    }
    if offer.contract != request.contract {
        return Err(Rejection::WrongContract);
    }
    if !request.zones.is_empty() && !request.zones.contains(&offer.zone) {
        return Err(Rejection::OutsideZones { zone: offer.zone.0 });
    }
    let rooms = request.rooms(isps)?;
    let mut references = BTreeSet::new();
    for option in &offer.options {
        if !references.insert(option.reference) {
            return Err(Rejection::DuplicateOption { option: option.reference });
        }
        check_option(option, &rooms, isps)?;
        let first = option.isps.iter().map(|isp| isp.start).min().unwrap_or(1);
        let delivery = offer.period + Span(isps.duration.0 * (i64::from(first) - 1));
        if offer.expires > delivery {
            return Err(Rejection::ExpiresAfterDelivery { expires: offer.expires, delivery });
        }
    }
    if offer.options.is_empty() { Err(Rejection::NoOption) } else { Ok(()) }
}

fn check_option(option: &OfferOption, rooms: &[Room], isps: Isps) -> Result<(), Rejection> {
    let &OfferOption { reference, price, min_activation_factor: ActivationFactor(factor), .. } = option;
    if !(1..=100).contains(&factor) {
        return Err(Rejection::FactorOutOfRange { option: reference, factor });
    }
    if price > PRICE_LIMIT || price < -PRICE_LIMIT {
        return Err(Rejection::PriceTooLarge { option: reference, price });
    }
    let powers = isps.powers(&option.isps)?;
    let helps = rooms.iter().zip(&powers).any(|(room, power)| room.need.0.signum() * power.0.signum() > 0);
    if helps { Ok(()) } else { Err(Rejection::WrongSign { option: reference }) }
}

/// Checks the powers of a prognosis.
pub(super) fn check_prognosis(prognosis: &DPrognosis, isps: Isps) -> Result<(), Rejection> {
    isps.check_series(&prognosis.powers)
}

fn check_powers(powers: &[Power]) -> Result<(), Rejection> {
    (1..).zip(powers).try_for_each(|(isp, &power)| check_power(isp, power))
}

fn check_power(isp: u16, power: Power) -> Result<(), Rejection> {
    if power > POWER_LIMIT || power < Power(-POWER_LIMIT.0) {
        return Err(Rejection::PowerTooLarge { isp, power });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(disposition: Disposition, min: Option<i64>, max: Option<i64>) -> Result<Room, Rejection> {
        let (min_power, max_power) = (min.map(Power), max.map(Power));
        room(&IspRequest { disposition, start: 1, duration: 1, min_power, max_power })
    }

    #[test]
    fn the_bound_nearer_to_zero_is_the_need_and_the_other_one_is_kept() {
        let room = |need, min: Option<i64>, max: Option<i64>| {
            Ok(Room { need: Power(need), min_power: min.map(Power), max_power: max.map(Power) })
        };
        assert_eq!(asked(Disposition::Requested, Some(-5), Some(-2)), room(-2, Some(-5), None));
        assert_eq!(asked(Disposition::Requested, None, Some(-2)), room(-2, None, None));
        assert_eq!(asked(Disposition::Requested, Some(2), Some(5)), room(2, None, Some(5)));
        assert_eq!(asked(Disposition::Requested, Some(-2), Some(-2)), room(-2, Some(-2), None));
        assert_eq!(asked(Disposition::Requested, Some(2), Some(2)), room(2, None, Some(2)));
        assert_eq!(asked(Disposition::Available, Some(-5), None), room(0, Some(-5), None));
    }

    #[test]
    fn bounds_without_a_direction_are_refused() {
        let refused = |result| matches!(result, Err(Rejection::BoundsContradict { .. }));
        assert!(refused(asked(Disposition::Requested, Some(-5), Some(2))));
        assert!(refused(asked(Disposition::Requested, None, None)));
        assert!(refused(asked(Disposition::Available, Some(1), None)));
        assert!(refused(asked(Disposition::Available, Some(3), Some(-3))));
        assert!(matches!(asked(Disposition::Available, Some(i64::MIN), None), Err(Rejection::PowerTooLarge { .. })));
    }

    #[test]
    fn isps_outside_the_day_or_named_twice_are_refused() {
        let isps = Isps { count: 4, duration: Span::HOUR };
        let spread =
            |entries: &[(u16, u16)]| isps.spread(entries.iter().map(|&(start, duration)| (start, duration, ())));
        assert!(spread(&[(1, 4)]).is_ok());
        for outside in [(0, 1), (1, 0), (4, 2), (u16::MAX, u16::MAX)] {
            assert!(matches!(spread(&[outside]), Err(Rejection::IspOutOfRange { .. })), "{outside:?}");
        }
        assert_eq!(spread(&[(1, 2), (2, 1)]), Err(Rejection::IspRepeated { isp: 2 }));
    }
}
