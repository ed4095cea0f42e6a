//! A column of a batch as values of one type.

use agents::Time;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::{Batch, Holds, holds};
use crate::error::ResultsError;
use crate::series::{dictionary, number, string_at, time_ms, whole_number};

/// Strings of a batch, of which few differ: rows hold the places of their values in a list.
///
/// Places hold within the batch only; another batch may have another list.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    places: Vec<Option<usize>>,
    values: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// The values, among them all that occur.
    pub fn values(&self) -> &[&'a str] {
        &self.values
    }

    /// Where the value of a row stands among the [`values`](Self::values); none if it is null.
    pub fn place(&self, row: usize) -> Option<usize> {
        self.places[row]
    }

    /// The value of a row; none if it is null.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        self.places[row].map(|place| self.values[place])
    }
}

impl Batch {
    /// A column of instants.
    ///
    /// # Errors
    /// If the column holds something else. So do the others.
    pub fn times(&self, column: &str) -> Result<Vec<Option<Time>>, ResultsError> {
        let array = self.holding(column, &[Holds::Times], "instants")?;
        let DataType::Timestamp(unit, _) = array.data_type() else { unreachable!("it holds times") };
        Ok(each(array, |row| Time(time_ms(array.as_ref(), *unit, row))))
    }

    /// A column of numbers of any type, as doubles.
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>, ResultsError> {
        let array = self.holding(column, &[Holds::Numbers, Holds::Integers], "numbers")?;
        Ok(match array.data_type() {
            DataType::Float64 => array.as_primitive::<arrow_array::types::Float64Type>().iter().collect(),
            _ => each(array, |row| number(array.as_ref(), row)),
        })
    }

    /// A column of whole numbers, exact.
    pub fn integers(&self, column: &str) -> Result<Vec<Option<i64>>, ResultsError> {
        let array = self.holding(column, &[Holds::Integers], "whole numbers")?;
        let too_large = |row| self.problem(column, format!("{} is too large", number(array.as_ref(), row)));
        (0..array.len())
            .map(|row| match array.is_null(row) {
                true => Ok(None),
                false => whole_number(array.as_ref(), row).map(Some).ok_or_else(|| too_large(row)),
            })
            .collect()
    }

    /// A column of numbers that count or seed, exact: unsigned integers of 64 bits, which [`integers`](Self::integers)
    /// can not all hold.
    pub fn seeds(&self, column: &str) -> Result<Vec<Option<u64>>, ResultsError> {
        let array = self.holding(column, &[Holds::Integers], "whole numbers")?;
        if let DataType::UInt64 = array.data_type() {
            return Ok(array.as_primitive::<UInt64Type>().iter().collect());
        }
        let negative = |value: i64| self.problem(column, format!("{value} is negative"));
        let unsigned = |value: i64| u64::try_from(value).map_err(|_| negative(value));
        self.integers(column)?.into_iter().map(|value| value.map(unsigned).transpose()).collect()
    }

    /// A column of yes and no.
    pub fn booleans(&self, column: &str) -> Result<Vec<Option<bool>>, ResultsError> {
        Ok(self.holding(column, &[Holds::Booleans], "yes or no")?.as_boolean().iter().collect())
    }

    /// A column of strings, each on its own.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<&str>>, ResultsError> {
        let array = self.holding(column, &[Holds::Words], "text")?;
        Ok((0..array.len()).map(|row| text(array.as_ref(), row)).collect())
    }

    /// A column of strings of which few differ; cheap if the file holds them as a dictionary.
    pub fn names(&self, column: &str) -> Result<Names<'_>, ResultsError> {
        let array = self.holding(column, &[Holds::Words], "text")?;
        if let Some((places, values)) = dictionary(array.as_ref()) {
            // A value that is null stands for rows that are.
            let is_there = |place: &usize| !values.is_null(*place);
            let values: Vec<&str> = (0..values.len()).map(|place| text(values, place).unwrap_or_default()).collect();
            return Ok(Names { places: places.into_iter().map(|place| place.filter(is_there)).collect(), values });
        }
        let mut values: Vec<&str> = Vec::new();
        let mut known = std::collections::BTreeMap::new();
        let mut place = |value| {
            *known.entry(value).or_insert_with(|| {
                values.push(value);
                values.len() - 1
            })
        };
        let places = (0..array.len()).map(|row| text(array.as_ref(), row).map(&mut place)).collect();
        Ok(Names { places, values })
    }

    fn holding(&self, column: &str, wanted: &[Holds], what: &str) -> Result<&ArrayRef, ResultsError> {
        let array = self.column(column)?;
        if wanted.contains(&holds(array.data_type())) {
            return Ok(array);
        }
        Err(self.problem(column, format!("it holds {}, not {what}", array.data_type())))
    }
}

fn text(array: &dyn Array, row: usize) -> Option<&str> {
    if array.is_null(row) { None } else { string_at(array, row) }
}

fn each<T>(array: &ArrayRef, value: impl Fn(usize) -> T) -> Vec<Option<T>> {
    (0..array.len()).map(|row| (!array.is_null(row)).then(|| value(row))).collect()
}
