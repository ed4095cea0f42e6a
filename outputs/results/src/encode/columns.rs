//! One encoder per type of column: values in, pages out.

use std::collections::BTreeMap;
use std::sync::Arc;

use agents::Time;
use parquet::basic::Encoding;
use parquet::file::statistics::Statistics;

use super::hybrid;
use super::interner::Interner;

/// A column of more distinct numbers in a chunk than this is written plainly from there on.
const DICTIONARY_VALUES: usize = 1 << 17;

/// Collects the values of a column.
pub(crate) trait Encoder {
    /// Appends the body of a data page with all values since the last page; returns how they are encoded.
    fn page(&mut self, body: &mut Vec<u8>) -> Encoding;

    /// Ends the chunk: what is to be said of it as a whole.
    fn end_chunk(&mut self) -> ChunkEnd;
}

/// What is known of a chunk at its end.
#[derive(Debug, Default)]
pub(crate) struct ChunkEnd {
    /// The dictionary in plain encoding and the number of its values.
    pub(super) dictionary: Option<(Vec<u8>, u32)>,
    pub(super) statistics: Option<Statistics>,
}

/// A column of words from a list, given by their place in it.
#[derive(Debug)]
pub(crate) struct NameColumn {
    words: Arc<[String]>,
    /// First place of the word at each place: readers rely on the words of a dictionary being distinct.
    first_place: Vec<u32>,
    /// Keys since the last page.
    keys: Vec<u32>,
    /// Index in the chunk's dictionary of each word; [`UNSEEN`] if it is not there yet.
    index_of: Vec<u32>,
    /// Keys of the words in the chunk's dictionary, in the order of appearance.
    dictionary: Vec<u32>,
    indices: Vec<u32>,
}

const UNSEEN: u32 = u32::MAX;

impl NameColumn {
    pub(crate) fn new(words: &Arc<[String]>) -> Self {
        let mut first_places = BTreeMap::new();
        let places = words.iter().zip(0..);
        Self {
            first_place: places.map(|(word, place)| *first_places.entry(word).or_insert(place)).collect(),
            words: Arc::clone(words),
            keys: Vec::new(),
            index_of: vec![UNSEEN; words.len()],
            dictionary: Vec::new(),
            indices: Vec::new(),
        }
    }

    /// Appends the word at place `key`, which is in the list.
    pub(crate) fn push(&mut self, key: usize) {
        self.keys.push(key as u32);
    }
}

impl Encoder for NameColumn {
    fn page(&mut self, body: &mut Vec<u8>) -> Encoding {
        self.indices.clear();
        for key in self.keys.drain(..) {
            let key = self.first_place[key as usize];
            let index = &mut self.index_of[key as usize];
            if *index == UNSEEN {
                *index = self.dictionary.len() as u32;
                self.dictionary.push(key);
            }
            self.indices.push(*index);
        }
        write_indices(&self.indices, self.dictionary.len(), body)
    }

    fn end_chunk(&mut self) -> ChunkEnd {
        let mut page = Vec::new();
        for &key in &self.dictionary {
            write_bytes(self.words[key as usize].as_bytes(), &mut page);
        }
        let dictionary = Some((page, self.dictionary.len() as u32));
        self.dictionary.clear();
        self.index_of.fill(UNSEEN);
        ChunkEnd { dictionary, statistics: None }
    }
}

/// A column of a few words that are met on the way.
#[derive(Debug, Default)]
pub(crate) struct WordColumn {
    /// Every word met so far; the dictionary of every chunk.
    words: Vec<&'static str>,
    /// Indices since the last page.
    indices: Vec<u32>,
}

impl WordColumn {
    pub(crate) fn push(&mut self, word: &'static str) {
        let known = self.words.iter().position(|&other| other == word);
        let index = known.unwrap_or_else(|| {
            self.words.push(word);
            self.words.len() - 1
        });
        self.indices.push(index as u32);
    }
}

impl Encoder for WordColumn {
    fn page(&mut self, body: &mut Vec<u8>) -> Encoding {
        let encoding = write_indices(&self.indices, self.words.len(), body);
        self.indices.clear();
        encoding
    }

    fn end_chunk(&mut self) -> ChunkEnd {
        let mut page = Vec::new();
        self.words.iter().for_each(|word| write_bytes(word.as_bytes(), &mut page));
        ChunkEnd { dictionary: Some((page, self.words.len() as u32)), statistics: None }
    }
}

/// A number of 64 bits.
pub(crate) trait Number: Copy + PartialOrd {
    /// As stored.
    fn bits(self) -> u64;
    /// From what is stored.
    fn of_bits(bits: u64) -> Self;
    /// Statistics of a chunk: least and greatest value, number of nulls.
    fn statistics(range: Option<(Self, Self)>, nulls: u64) -> Statistics;
}

impl Number for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }

    fn of_bits(bits: u64) -> Self {
        Self::from_bits(bits)
    }

    fn statistics(range: Option<(Self, Self)>, nulls: u64) -> Statistics {
        // Parquet wants zeros of both signs within the range, whichever were there.
        let min = range.map(|(min, _)| if min == 0.0 { -0.0 } else { min });
        let max = range.map(|(_, max)| if max == 0.0 { 0.0 } else { max });
        Statistics::double(min, max, None, Some(nulls), false)
    }
}

impl Number for i64 {
    fn bits(self) -> u64 {
        self as u64
    }

    fn of_bits(bits: u64) -> Self {
        bits as i64
    }

    fn statistics(range: Option<(Self, Self)>, nulls: u64) -> Statistics {
        Statistics::int64(range.map(|range| range.0), range.map(|range| range.1), None, Some(nulls), false)
    }
}

impl Number for u64 {
    fn bits(self) -> u64 {
        self
    }

    fn of_bits(bits: u64) -> Self {
        bits
    }

    fn statistics(range: Option<(Self, Self)>, nulls: u64) -> Statistics {
        Statistics::int64(
            range.map(|range| range.0 as i64),
            range.map(|range| range.1 as i64),
            None,
            Some(nulls),
            false,
        )
    }
}

/// A column of numbers.
#[derive(Debug)]
pub(crate) struct NumberColumn<T> {
    /// Values since the last page.
    values: Vec<T>,
    interner: Interner,
    indices: Vec<u32>,
    /// The dictionary is full: pages are plain until the end of the chunk.
    plain: bool,
    /// Least and greatest value of plain pages.
    range: Option<(T, T)>,
}

impl<T: Number> NumberColumn<T> {
    pub(crate) fn new() -> Self {
        Self { values: Vec::new(), interner: Interner::new(), indices: Vec::new(), plain: false, range: None }
    }

    pub(crate) fn push(&mut self, value: T) {
        self.values.push(value);
    }

    fn write_plain(&mut self, body: &mut Vec<u8>) -> Encoding {
        for value in self.values.drain(..) {
            body.extend_from_slice(&value.bits().to_le_bytes());
            self.range = widened(self.range, value);
        }
        Encoding::PLAIN
    }

    fn end_chunk_with_nulls(&mut self, nulls: u64) -> ChunkEnd {
        let values = self.interner.values();
        let range = values.iter().map(|&bits| T::of_bits(bits)).fold(self.range, widened);
        let page = values.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let dictionary = Some((page, values.len() as u32));
        self.interner.clear();
        self.plain = false;
        self.range = None;
        ChunkEnd { dictionary, statistics: Some(T::statistics(range, nulls)) }
    }
}

/// The range that also covers `value`, unless that is not a number.
fn widened<T: Number>(range: Option<(T, T)>, value: T) -> Option<(T, T)> {
    match range {
        Some((min, max)) => Some((if value < min { value } else { min }, if value > max { value } else { max })),
        None => (value.partial_cmp(&value).is_some()).then_some((value, value)),
    }
}

impl<T: Number> Encoder for NumberColumn<T> {
    fn page(&mut self, body: &mut Vec<u8>) -> Encoding {
        if self.plain {
            return self.write_plain(body);
        }
        self.indices.clear();
        let mut last = None;
        for value in self.values.drain(..) {
            let bits = value.bits();
            let index = match last {
                Some((last, index)) if last == bits => index,
                _ => self.interner.intern(bits),
            };
            self.indices.push(index);
            last = Some((bits, index));
        }
        let count = self.interner.values().len();
        self.plain = count > DICTIONARY_VALUES;
        write_indices(&self.indices, count, body)
    }

    fn end_chunk(&mut self) -> ChunkEnd {
        self.end_chunk_with_nulls(0)
    }
}

/// A column of instants.
#[derive(Debug)]
pub(crate) struct TimeColumn(NumberColumn<i64>);

impl TimeColumn {
    pub(crate) fn new() -> Self {
        Self(NumberColumn::new())
    }

    pub(crate) fn push(&mut self, time: Time) {
        self.0.push(time.0);
    }
}

impl Encoder for TimeColumn {
    fn page(&mut self, body: &mut Vec<u8>) -> Encoding {
        self.0.page(body)
    }

    fn end_chunk(&mut self) -> ChunkEnd {
        self.0.end_chunk()
    }
}

/// A column of numbers that may be null.
#[derive(Debug)]
pub(crate) struct OptionalColumn<T> {
    /// 1 where there is a value, 0 where there is none, since the last page.
    levels: Vec<u32>,
    present: NumberColumn<T>,
    nulls: u64,
}

impl<T: Number> OptionalColumn<T> {
    pub(crate) fn new() -> Self {
        Self { levels: Vec::new(), present: NumberColumn::new(), nulls: 0 }
    }

    pub(crate) fn push(&mut self, value: Option<T>) {
        self.levels.push(u32::from(value.is_some()));
        if let Some(value) = value {
            self.present.push(value);
        }
    }
}

impl<T: Number> Encoder for OptionalColumn<T> {
    fn page(&mut self, body: &mut Vec<u8>) -> Encoding {
        self.nulls += (self.levels.len() - self.present.values.len()) as u64;
        let start = body.len();
        body.extend_from_slice(&[0; 4]);
        hybrid::encode(&self.levels, 1, body);
        let length = (body.len() - start - 4) as u32;
        body[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self.levels.clear();
        self.present.page(body)
    }

    fn end_chunk(&mut self) -> ChunkEnd {
        self.present.end_chunk_with_nulls(std::mem::take(&mut self.nulls))
    }
}

/// A column of free text.
#[derive(Debug, Default)]
pub(crate) struct TextColumn {
    /// Lengths and bytes since the last page.
    plain: Vec<u8>,
}

impl TextColumn {
    pub(crate) fn push(&mut self, text: &str) {
        write_bytes(text.as_bytes(), &mut self.plain);
    }
}

impl Encoder for TextColumn {
    fn page(&mut self, body: &mut Vec<u8>) -> Encoding {
        body.append(&mut self.plain);
        Encoding::PLAIN
    }

    fn end_chunk(&mut self) -> ChunkEnd {
        ChunkEnd::default()
    }
}

/// Appends indices into a dictionary of `count` values so far.
fn write_indices(indices: &[u32], count: usize, body: &mut Vec<u8>) -> Encoding {
    let bit_width = hybrid::bit_width(count);
    body.push(bit_width as u8);
    hybrid::encode(indices, bit_width, body);
    Encoding::RLE_DICTIONARY
}

/// Appends a byte array in plain encoding.
fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
