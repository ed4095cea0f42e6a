//! The hybrid of run-length encoding and bit-packing in which indices and levels are written.

/// Number of values that are bit-packed together.
const GROUP: usize = 8;

/// Bits needed for the values `0..count`, at least 1.
pub(super) fn bit_width(count: usize) -> u32 {
    (usize::BITS - count.saturating_sub(1).leading_zeros()).max(1)
}

/// Appends `values`, each below `2^bit_width`, to `out`.
///
/// Runs are looked for where a group of eight begins; what is no run is bit-packed.
pub(super) fn encode(values: &[u32], bit_width: u32, out: &mut Vec<u8>) {
    let mut packed_from = 0;
    let mut at = 0;
    while at < values.len() {
        let run = run_length(&values[at..]);
        if run >= GROUP {
            pack(&values[packed_from..at], bit_width, out);
            write_varint((run as u64) << 1, out);
            let bytes = values[at].to_le_bytes();
            out.extend_from_slice(&bytes[..bit_width.div_ceil(8) as usize]);
            at += run;
            packed_from = at;
        } else {
            at += GROUP;
        }
    }
    pack(&values[packed_from..], bit_width, out);
}

/// How often the first value is repeated from the start, itself included.
fn run_length(values: &[u32]) -> usize {
    values.iter().take_while(|&&value| value == values[0]).count()
}

/// Appends values as groups of eight, the least significant bit first, the last group filled with zeros.
fn pack(values: &[u32], bit_width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    write_varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * bit_width as usize;
    let (mut bits, mut count) = (0_u64, 0);
    for &value in values {
        bits |= u64::from(value) << count;
        count += bit_width;
        if count >= 32 {
            out.extend_from_slice(&(bits as u32).to_le_bytes());
            bits >>= 32;
            count -= 32;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes()[..count.div_ceil(8) as usize]);
    out.resize(end, 0);
}

/// Appends an unsigned LEB128 integer.
fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(values: &[u32], bit_width: u32) -> Vec<u8> {
        let mut out = Vec::new();
        encode(values, bit_width, &mut out);
        out
    }

    #[test]
    fn the_example_of_the_specification_is_packed_alike() {
        // "Run Length Encoding / Bit-Packing Hybrid": the numbers 0 to 7 with bit width 3.
        assert_eq!(encoded(&[0, 1, 2, 3, 4, 5, 6, 7], 3), [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }

    #[test]
    fn runs_are_written_once() {
        assert_eq!(encoded(&[300; 1000], 9), [0xD0, 0x0F, 0x2C, 0x01]); // 1000 << 1 as varint, 300 in two bytes
        assert_eq!(encoded(&[1; 7], 1), [0b11, 0x7F]);
        assert!(encoded(&[], 5).is_empty());
    }

    #[test]
    fn a_run_after_packed_values_begins_at_a_group() {
        let mut values = vec![1, 0, 1];
        values.extend([1; 20]);
        // The first group packs 1 0 1 1 1 1 1 1; fifteen ones are left.
        assert_eq!(encoded(&values, 1), [0b11, 0b1111_1101, 30, 1]);
    }

    #[test]
    fn widths_cover_the_largest_index() {
        assert_eq!([0, 1, 2, 3, 4, 5, 256, 257].map(bit_width), [1, 1, 1, 2, 2, 3, 8, 9]);
    }
}
