//! Numbers the distinct values of a column chunk in the order of their appearance.

/// Odd, with well-spread bits: 2^64 over the golden ratio, as in Fibonacci hashing (Knuth, TAOCP 6.4).
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// A hash table by linear probing, at most half full.
#[derive(Debug)]
pub(super) struct Interner {
    /// Index + 1 of a value, 0 where free; the length is a power of two.
    slots: Vec<u32>,
    /// Distinct values by index.
    values: Vec<u64>,
}

impl Interner {
    pub(super) fn new() -> Self {
        Self { slots: vec![0; 64], values: Vec::new() }
    }

    /// The distinct values by index.
    pub(super) fn values(&self) -> &[u64] {
        &self.values
    }

    /// The index of `bits`.
    pub(super) fn intern(&mut self, bits: u64) -> u32 {
        let mut slot = self.first_slot(bits);
        loop {
            match self.slots[slot] {
                0 => break,
                taken if self.values[taken as usize - 1] == bits => return taken - 1,
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
        self.values.push(bits);
        self.slots[slot] = self.values.len() as u32;
        if self.values.len() * 2 > self.slots.len() {
            self.grow();
        }
        self.values.len() as u32 - 1
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
        self.values.clear();
    }

    fn first_slot(&self, bits: u64) -> usize {
        let shift = 64 - self.slots.len().trailing_zeros();
        // Round numbers have zeros in all low bits; fold the high half onto them.
        ((bits ^ (bits >> 32)).wrapping_mul(MULTIPLIER) >> shift) as usize
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for index in 0..self.values.len() {
            let mut slot = self.first_slot(self.values[index]);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = index as u32 + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_as_they_appear_and_found_again() {
        let mut interner = Interner::new();
        for round in 0..3 {
            for i in 0..10_000_u64 {
                let bits = (i as f64 / 1000.0).to_bits();
                assert_eq!(interner.intern(bits), i as u32, "round {round}");
            }
        }
        assert_eq!(interner.values().len(), 10_000);
        interner.clear();
        assert_eq!(interner.intern(7), 0);
        assert_eq!(interner.values(), [7]);
    }
}
