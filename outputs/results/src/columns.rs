//! Columns being filled: values in, Arrow arrays out.

use std::mem::take;
use std::sync::Arc;

use agents::Time;
use arrow_array::builder::{StringBuilder, StringDictionaryBuilder};
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, UInt64Type};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Int32Array, PrimitiveArray, StringArray, TimestampMillisecondArray,
};

/// Collects the values of a column.
pub(crate) trait Column {
    /// All values since the last call.
    fn take(&mut self) -> ArrayRef;
}

/// A column of words from a list, given by their place in it.
#[derive(Debug)]
pub(crate) struct NameColumn {
    words: ArrayRef,
    keys: Vec<Option<i32>>,
}

impl NameColumn {
    pub(crate) fn new(words: &Arc<[String]>) -> Self {
        Self { words: Arc::new(StringArray::from_iter_values(words.iter())), keys: Vec::new() }
    }

    /// Appends the word at place `key`, which is in the list.
    pub(crate) fn push(&mut self, key: usize) {
        self.keys.push(Some(key as i32));
    }

    /// Appends the word at place `key`, or nothing.
    pub(crate) fn push_or_null(&mut self, key: Option<usize>) {
        self.keys.push(key.map(|key| key as i32));
    }
}

impl Column for NameColumn {
    fn take(&mut self) -> ArrayRef {
        let keys = Int32Array::from(take(&mut self.keys));
        Arc::new(DictionaryArray::new(keys, Arc::clone(&self.words)))
    }
}

/// A column of a few words that are met on the way.
#[derive(Default)]
pub(crate) struct WordColumn(StringDictionaryBuilder<Int32Type>);

impl WordColumn {
    pub(crate) fn push(&mut self, word: &str) {
        self.0.append_value(word);
    }

    pub(crate) fn push_or_null(&mut self, word: Option<&str>) {
        self.0.append_option(word);
    }
}

impl Column for WordColumn {
    fn take(&mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// A column of free text.
#[derive(Debug, Default)]
pub(crate) struct TextColumn(StringBuilder);

impl TextColumn {
    pub(crate) fn push(&mut self, text: &str) {
        self.0.append_value(text);
    }
}

impl Column for TextColumn {
    fn take(&mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// A column of instants.
#[derive(Debug, Default)]
pub(crate) struct TimeColumn(Vec<i64>);

impl TimeColumn {
    pub(crate) fn push(&mut self, time: Time) {
        self.0.push(time.0);
    }
}

impl Column for TimeColumn {
    fn take(&mut self) -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from(take(&mut self.0)).with_timezone("UTC"))
    }
}

/// A column of instants, some of which are not there.
#[derive(Debug, Default)]
pub(crate) struct OptionalTimeColumn(Vec<Option<i64>>);

impl OptionalTimeColumn {
    pub(crate) fn push(&mut self, time: Option<Time>) {
        self.0.push(time.map(|time| time.0));
    }
}

impl Column for OptionalTimeColumn {
    fn take(&mut self) -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from(take(&mut self.0)).with_timezone("UTC"))
    }
}

/// A number of 64 bits, and its type in Arrow.
pub(crate) trait Number: Copy {
    /// The type in Arrow.
    type Arrow: ArrowPrimitiveType<Native = Self>;
}

impl Number for f64 {
    type Arrow = Float64Type;
}

impl Number for i64 {
    type Arrow = Int64Type;
}

impl Number for u64 {
    type Arrow = UInt64Type;
}

/// A column of numbers.
#[derive(Debug)]
pub(crate) struct NumberColumn<T>(Vec<T>);

impl<T> Default for NumberColumn<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Number> NumberColumn<T> {
    pub(crate) fn push(&mut self, value: T) {
        self.0.push(value);
    }
}

impl<T: Number> Column for NumberColumn<T> {
    fn take(&mut self) -> ArrayRef {
        Arc::new(PrimitiveArray::<T::Arrow>::from_iter_values(self.0.drain(..)))
    }
}

/// A column of numbers, some of which are not there.
#[derive(Debug)]
pub(crate) struct OptionalColumn<T>(Vec<Option<T>>);

impl<T> Default for OptionalColumn<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Number> OptionalColumn<T> {
    pub(crate) fn push(&mut self, value: Option<T>) {
        self.0.push(value);
    }
}

impl<T: Number> Column for OptionalColumn<T> {
    fn take(&mut self) -> ArrayRef {
        Arc::new(self.0.drain(..).collect::<PrimitiveArray<T::Arrow>>())
    }
}

/// A column of flags.
#[derive(Debug, Default)]
pub(crate) struct FlagColumn(Vec<bool>);

impl FlagColumn {
    pub(crate) fn push(&mut self, flag: bool) {
        self.0.push(flag);
    }
}

impl Column for FlagColumn {
    fn take(&mut self) -> ArrayRef {
        Arc::new(BooleanArray::from(take(&mut self.0)))
    }
}
