//! Numbers as the page gets them: no digit more than can be seen.

use serde_json::{Number, Value};

/// A number to so many decimals; null if there is none or it is not finite. Whole numbers have no point.
pub(crate) fn rounded(value: Option<f64>, decimals: i32) -> Value {
    let scale = 10_f64.powi(decimals);
    // A negative zero becomes one without sign.
    exact(value.map(|value| (value * scale).round() / scale + 0.0))
}

/// A number as it is; whole ones have no point.
pub(crate) fn exact(value: Option<f64>) -> Value {
    match value {
        Some(value) if value == value.trunc() && value.abs() < 9e15 => Value::from(value as i64),
        value => original(value.unwrap_or(f64::NAN)),
    }
}

/// A number to so many significant digits.
pub(crate) fn significant(value: Option<f64>, digits: i32) -> Value {
    let magnitude = |value: f64| if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    rounded(value, value.filter(|value| value.is_finite()).map_or(0, |value| digits - 1 - magnitude(value)))
}

/// All of them to so many decimals.
pub(crate) fn all(values: impl IntoIterator<Item = Option<f64>>, decimals: i32) -> Value {
    values.into_iter().map(|value| rounded(value, decimals)).collect()
}

/// All of them to about a five-thousandth of the largest: finer than a line is drawn.
pub(crate) fn for_drawing(values: &[Option<f64>]) -> Value {
    let largest = values.iter().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
    let decimals = if largest > 0.0 { (3 - largest.log10().floor() as i32).clamp(0, 6) } else { 0 };
    all(values.iter().copied(), decimals)
}

fn original(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_too_many_and_none_too_few() {
        assert_eq!(rounded(Some(12.0), 3).to_string(), "12");
        assert_eq!(rounded(Some(-0.0001), 3).to_string(), "0");
        assert_eq!(rounded(Some(1.23456), 2).to_string(), "1.23");
        assert_eq!(rounded(None, 2), Value::Null);
        assert_eq!(rounded(Some(f64::INFINITY), 2), Value::Null);
        assert_eq!(significant(Some(123_456.7), 3).to_string(), "123000");
        assert_eq!(significant(Some(0.001_234_5), 3).to_string(), "0.00123");
        assert_eq!(for_drawing(&[Some(169_449.61), None, Some(3.2)]).to_string(), "[169450,null,3]");
        assert_eq!(for_drawing(&[Some(0.123_456), Some(0.0)]).to_string(), "[0.1235,0]");
    }
}
