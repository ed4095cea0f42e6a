//! The fields of an order, and how the cell of a file becomes one: the same in JSON, CSV and Parquet.

use agents::Time;
use scenarios::nearest;
use std::borrow::Cow;
use std::fmt;

/// No limit is higher: a billion euro per kilowatt-hour. What lies beyond is a mistake of units, and premiums on
/// what lies below still fit the integers.
pub(crate) const HIGHEST_LIMIT_UEUR_PER_KWH: i64 = 1_000_000_000_000_000;

/// Largest premium, in percent.
const HIGHEST_PREMIUM_PERCENT: f64 = 10_000.0;

/// Integers up to here are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A field of an order, or one that says to which book it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    /// The order's name.
    Id,
    /// Whose it is.
    Agent,
    /// `bid` or `offer`.
    Side,
    /// Watt-hours.
    Quantity,
    /// The limit in micro-euro per kWh.
    LimitUeur,
    /// The limit in euro per MWh.
    LimitEur,
    /// The limit in the unit that a golden file names.
    LimitUnits,
    /// Level of quality.
    Quality,
    /// What a bid adds for quality.
    Premium,
    /// When it was handed in.
    Submitted,
    /// The book.
    Book,
    /// First instant of the delivery slot.
    Slot,
    /// The market area.
    Area,
    /// Known, and without meaning here.
    Ignored,
}

/// Names of fields in our own format, and those of the table `orders` of a run.
const NAMES: [(&str, Field); 21] = [
    ("id", Field::Id),
    ("agent", Field::Agent),
    ("side", Field::Side),
    ("quantity_wh", Field::Quantity),
    ("limit_ueur_per_kwh", Field::LimitUeur),
    ("limit_eur_per_mwh", Field::LimitEur),
    ("quality", Field::Quality),
    ("premium_percent", Field::Premium),
    ("submitted", Field::Submitted),
    ("book", Field::Book),
    ("slot", Field::Slot),
    ("area", Field::Area),
    ("order_id", Field::Id),
    ("participant", Field::Agent),
    ("energy_wh", Field::Quantity),
    ("product", Field::Book),
    ("slot_start", Field::Slot),
    ("time", Field::Submitted),
    ("slot_end", Field::Ignored),
    ("filled_wh", Field::Ignored),
    ("__index_level_0__", Field::Ignored),
];

/// Names of fields in the golden books.
pub(crate) const GOLDEN_NAMES: [(&str, Field); 6] = [
    ("id", Field::Id),
    ("agent", Field::Agent),
    ("qty_wh", Field::Quantity),
    ("price", Field::LimitUnits),
    ("quality", Field::Quality),
    ("premium_pct", Field::Premium),
];

/// The fields of an order in a JSON book: book, slot and area are the book's, the side is that of its list.
pub(crate) const JSON_NAMES: [(&str, Field); 8] = [
    ("id", Field::Id),
    ("agent", Field::Agent),
    ("quantity_wh", Field::Quantity),
    ("limit_ueur_per_kwh", Field::LimitUeur),
    ("limit_eur_per_mwh", Field::LimitEur),
    ("quality", Field::Quality),
    ("premium_percent", Field::Premium),
    ("submitted", Field::Submitted),
];

/// The field a column is, in CSV and Parquet.
///
/// # Errors
/// The remedy, for an unknown name.
pub(crate) fn column(name: &str) -> Result<Field, String> {
    named(name, &NAMES)
}

/// The field of this name, of those given.
///
/// # Errors
/// The remedy, for an unknown name.
pub(crate) fn named(name: &str, names: &[(&'static str, Field)]) -> Result<Field, String> {
    if let Some((_, field)) = names.iter().find(|(known, _)| *known == name) {
        return Ok(*field);
    }
    let listed = || {
        let shown = names.iter().filter(|(_, field)| *field != Field::Ignored).map(|(name, _)| format!("`{name}`"));
        format!("the fields are {}", shown.collect::<Vec<_>>().join(", "))
    };
    let near = nearest(name, names.iter().map(|(name, _)| *name));
    let remedy = other_unit(name)
        .map_or_else(|| near.map_or_else(listed, |near| format!("did you mean `{near}`?")), str::to_owned);
    Err(format!("the field `{name}` is unknown: {remedy}"))
}

/// The way out for a name that is right but for its unit.
fn other_unit(name: &str) -> Option<&'static str> {
    const ENERGY: &str = "energies are whole watt-hours: write `quantity_wh`, 1 kWh is 1000";
    const PRICE: &str = "prices are whole micro-euro per kWh or decimal euro per MWh: write `limit_ueur_per_kwh` \
                         (0.25 EUR/kWh is 250000) or `limit_eur_per_mwh` (0.25 EUR/kWh is 250)";
    let (head, unit) = name.split_once('_').unwrap_or((name, ""));
    match head {
        "quantity" | "energy" | "qty" | "volume" => Some(ENERGY),
        "limit" | "price" if !unit.starts_with("ueur_per_k") && !unit.starts_with("eur_per_m") => Some(PRICE),
        _ => None,
    }
}

/// What stands at a place of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Nothing.
    Missing,
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// An instant.
    Instant(Time),
    /// Something no field can be.
    Other(&'static str),
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Integer(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Text(text) => write!(f, "`{text}`"),
            Self::Instant(time) => time.fmt(f),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl<'a> Cell<'a> {
    /// The text of a CSV file: a number where it reads as one.
    pub(crate) fn of_text(text: &'a str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Missing;
        }
        let number = text.parse().ok().map(Self::Integer);
        number.or_else(|| text.parse().ok().map(Self::Real)).unwrap_or(Self::Text(text.into()))
    }

    /// A name; numbers are taken as they are written where a file has no strings.
    pub(crate) fn name(&self) -> Result<String, String> {
        match self {
            Self::Text(text) if text.is_empty() => Err("is empty: give it a name".into()),
            Self::Text(text) => Ok(text.clone().into_owned()),
            Self::Integer(number) => Ok(number.to_string()),
            Self::Missing => Err("is missing".into()),
            other => Err(format!("is {other}: write a name")),
        }
    }

    /// A whole number.
    pub(crate) fn whole(&self) -> Option<i64> {
        match *self {
            Self::Integer(number) => Some(number),
            Self::Real(number) if number.fract() == 0.0 && number.abs() <= EXACT => Some(number as i64),
            _ => None,
        }
    }

    /// Watt-hours.
    pub(crate) fn quantity_wh(&self) -> Result<i64, String> {
        match self.whole() {
            Some(quantity) if quantity < 0 => Err(format!(
                "is {quantity}: quantities are positive on both sides, so make it {} and choose the side, `bid` buys and \
                 `offer` sells",
                quantity.unsigned_abs()
            )),
            Some(quantity) => Ok(quantity),
            None => Err(format!("is {self}: write whole watt-hours within 64 bits, 1 kWh is 1000")),
        }
    }

    /// A price in whole micro-euro per kWh, or in another unit of that price.
    pub(crate) fn limit_whole(&self, unit_ueur_per_kwh: i64) -> Result<i64, String> {
        let limit = self.whole().ok_or_else(|| format!("is {self}: write a whole number within 64 bits"))?;
        bounded(limit, unit_ueur_per_kwh)
    }

    /// A decimal price in euro per MWh, as micro-euro per kWh.
    pub(crate) fn limit_eur_per_mwh(&self) -> Result<i64, String> {
        let ueur = self.scaled(1e3).map_err(|problem| {
            format!("{problem} with at most three decimals, as limits are whole micro-euro per kWh (0.001 EUR/MWh)")
        })?;
        bounded(ueur, 1)
    }

    /// A premium in percent, as basis points.
    pub(crate) fn premium_bp(&self) -> Result<u32, String> {
        if *self == Self::Missing {
            return Ok(0);
        }
        let remedy = format!("between 0 and {HIGHEST_PREMIUM_PERCENT} with at most two decimals");
        let bp = self.scaled(1e2).map_err(|problem| format!("{problem} {remedy}"))?;
        match u32::try_from(bp) {
            Ok(bp) if f64::from(bp) <= 100.0 * HIGHEST_PREMIUM_PERCENT => Ok(bp),
            _ => Err(format!("is {self}: write a number {remedy}")),
        }
    }

    /// A level of quality.
    pub(crate) fn quality(&self) -> Result<u8, String> {
        if *self == Self::Missing {
            return Ok(0);
        }
        let level = self.whole().and_then(|level| u8::try_from(level).ok());
        level.ok_or_else(|| {
            format!("is {self}: write a level from 0 to 255, for example 0 grey, 1 green, 2 green and local")
        })
    }

    /// An instant.
    pub(crate) fn instant(&self) -> Result<Time, String> {
        match self {
            Self::Instant(time) => Ok(*time),
            Self::Text(text) => text
                .parse::<jiff::Timestamp>()
                .map(|instant| Time(instant.as_millisecond()))
                .map_err(|_| format!("is `{text}`: write an instant with its offset, as 2026-03-20T18:00:00-04:00")),
            other => Err(format!("is {other}: write an instant with its offset, as 2026-03-20T18:00:00-04:00")),
        }
    }

    /// The number times `factor`, which is whole if the number has no more decimals than the factor zeros.
    fn scaled(&self, factor: f64) -> Result<i64, String> {
        let number = match *self {
            Self::Integer(number) => number as f64,
            Self::Real(number) if number.is_finite() => number,
            Self::Missing => return Err("is missing: write a number".into()),
            _ => return Err(format!("is {self}: write a number")),
        };
        let scaled = (number * factor).round();
        // The nearest double of a decimal number with that many places is what the division gives again.
        let is_exact = scaled.abs() <= EXACT && scaled / factor == number;
        if is_exact { Ok(scaled as i64) } else { Err(format!("is {self}: write a number")) }
    }
}

fn bounded(limit: i64, unit_ueur_per_kwh: i64) -> Result<i64, String> {
    let is_within = limit
        .checked_abs()
        .and_then(|size| size.checked_mul(unit_ueur_per_kwh))
        .is_some_and(|size| size <= HIGHEST_LIMIT_UEUR_PER_KWH);
    let problem = || {
        format!(
            "is {limit}, beyond a billion euro per kWh: check the unit; a bid that takes any price may give \
             {HIGHEST_LIMIT_UEUR_PER_KWH} in `limit_ueur_per_kwh`"
        )
    };
    if is_within { Ok(limit) } else { Err(problem()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_prices_are_exact_or_refused() {
        for (price, ueur) in [(0.1, 100), (250.0, 250_000), (-0.001, -1), (123_456.789, 123_456_789), (0.3, 300)] {
            assert_eq!(Cell::Real(price).limit_eur_per_mwh(), Ok(ueur), "{price}");
        }
        assert_eq!(Cell::Integer(-4).limit_eur_per_mwh(), Ok(-4000));
        for price in [0.0001, f64::NAN, f64::INFINITY, 1e300, 0.12345] {
            assert!(Cell::Real(price).limit_eur_per_mwh().is_err(), "{price}");
        }
    }

    #[test]
    fn limits_and_premiums_have_bounds_that_leave_room() {
        assert_eq!(Cell::Integer(HIGHEST_LIMIT_UEUR_PER_KWH).limit_whole(1), Ok(HIGHEST_LIMIT_UEUR_PER_KWH));
        assert!(Cell::Integer(HIGHEST_LIMIT_UEUR_PER_KWH + 1).limit_whole(1).is_err());
        assert!(Cell::Integer(HIGHEST_LIMIT_UEUR_PER_KWH).limit_whole(100).is_err());
        assert!(Cell::Integer(i64::MIN).limit_whole(1).is_err());
        assert_eq!(Cell::Real(12.34).premium_bp(), Ok(1234));
        assert_eq!(Cell::Missing.premium_bp(), Ok(0));
        assert!(Cell::Real(12.345).premium_bp().is_err() && Cell::Integer(-1).premium_bp().is_err());
    }

    #[test]
    fn a_wrong_unit_is_told_from_a_slip_of_the_pen() {
        assert!(column("quantity_kwh").expect_err("kWh").contains("whole watt-hours"));
        assert!(column("limit_eur_per_kwh").expect_err("EUR/kWh").contains("micro-euro per kWh"));
        assert!(column("agnet").expect_err("a slip").contains("did you mean `agent`?"));
        assert!(column("colour").expect_err("nothing like it").contains("the fields are `id`"));
        assert_eq!(column("participant"), Ok(Field::Agent));
    }

    #[test]
    fn texts_of_a_csv_file_are_numbers_where_they_read_as_such() {
        assert_eq!(Cell::of_text(" 12 "), Cell::Integer(12));
        assert_eq!(Cell::of_text("1.5"), Cell::Real(1.5));
        assert_eq!(Cell::of_text(""), Cell::Missing);
        assert_eq!(Cell::of_text("b1"), Cell::Text("b1".into()));
        assert_eq!(Cell::Real(500.0).quantity_wh(), Ok(500));
        assert!(Cell::Integer(-5).quantity_wh().expect_err("negative").contains("make it 5"));
    }
}
