//! The random numbers with which SciPy makes designs: those of the first generator that NumPy's `default_rng(seed)` spawns.
//!
//! The seed is spread by NumPy's `SeedSequence`, which is O'Neill's `seed_seq` proposal; the generator is PCG XSL RR
//! 128/64 (O'Neill 2014, PCG: A family of simple fast space-efficient statistically good algorithms for random number
//! generation, HMC-CS-2014-0905). Both are fixed by NumPy's promise of stable streams for a seed.

/// Multiplier of the 128-bit linear congruential step (O'Neill 2014).
const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;
/// Words of the pool in which a seed is mixed.
const POOL: usize = 4;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    state: u128,
    increment: u128,
    /// The upper half of a number of which the lower one has been given.
    upper_half: Option<u32>,
}

impl Generator {
    /// The stream of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let words = spread(seed);
        let wide = |index: usize| {
            let long = |index: usize| u128::from(words[index]) | u128::from(words[index + 1]) << 32;
            long(index) << 64 | long(index + 2)
        };
        let (initial, stream) = (wide(0), wide(4));
        let mut generator = Self { state: 0, increment: stream << 1 | 1, upper_half: None };
        generator.step();
        generator.state = generator.state.wrapping_add(initial);
        generator.step();
        generator
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    fn next_u64(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    /// Of each 64-bit number the lower half, then the upper one.
    fn next_u32(&mut self) -> u32 {
        self.upper_half.take().unwrap_or_else(|| {
            let both = self.next_u64();
            self.upper_half = Some((both >> 32) as u32);
            both as u32
        })
    }

    /// A number of [0, 1), a multiple of 2⁻⁵³.
    pub(super) fn uniform(&mut self) -> f64 {
        const ULP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.next_u64() >> 11) as f64 * ULP
    }

    /// 0 or 1: the highest bit, which is what Lemire's multiplication leaves of a range of two.
    pub(super) fn bit(&mut self) -> u32 {
        self.next_u32() >> 31
    }

    /// A whole number from 0 to `most`, by drawing as many bits as it has until they are not too large.
    fn up_to(&mut self, most: u32) -> u32 {
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let drawn = self.next_u32() & mask;
            if drawn <= most {
                return drawn;
            }
        }
    }

    /// Brings a list into random order (Fisher and Yates), from its end.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.up_to(u32::try_from(last).expect("designs have fewer than 2^32 points"));
            list.swap(last, other as usize);
        }
    }
}

/// Eight words made of a seed for its first child.
fn spread(seed: u64) -> [u32; 8] {
    const MIX: [u32; 2] = [0xCA01_F9DD, 0x4973_F715];
    let mut into_pool = Hash { constant: 0x43B0_D7E5, multiplier: 0x931E_8875 };
    let mix = |known: u32, hashed: u32| {
        let mixed = MIX[0].wrapping_mul(known).wrapping_sub(MIX[1].wrapping_mul(hashed));
        mixed ^ mixed >> 16
    };
    let entropy = [seed as u32, (seed >> 32) as u32, 0, 0];
    let mut pool = entropy.map(|word| into_pool.of(word));
    for from in 0..POOL {
        for to in (0..POOL).filter(|to| *to != from) {
            pool[to] = mix(pool[to], into_pool.of(pool[from]));
        }
    }
    // The number of the child comes last.
    const CHILD: u32 = 0;
    pool = pool.map(|word| mix(word, into_pool.of(CHILD)));
    let mut out_of_pool = Hash { constant: 0x8B51_F9DD, multiplier: 0x58F3_8DED };
    std::array::from_fn(|index| out_of_pool.of(pool[index % POOL]))
}

/// A hash of words that changes with each of them.
struct Hash {
    constant: u32,
    multiplier: u32,
}

impl Hash {
    fn of(&mut self, word: u32) -> u32 {
        let word = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.multiplier);
        let word = word.wrapping_mul(self.constant);
        word ^ word >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_spread_as_numpy_spreads_them() {
        // np.random.SeedSequence(seed, spawn_key=(0,)).generate_state(8), NumPy 2.4.6
        let of_7 = [1201125462, 788422957, 1855184853, 4093114059, 3542767659, 855162923, 1313985831, 3783694410];
        let of_long = [678232507, 1681322, 2557180174, 49546552, 2711882242, 3088445286, 3129483149, 3572542284];
        assert_eq!((spread(7), spread((1 << 40) + 5)), (of_7, of_long));
    }

    #[test]
    fn numbers_orders_and_bits_are_those_of_numpy() {
        // g = np.random.default_rng(7).spawn(1)[0]; g.random(3); g.shuffle(np.arange(10)); g.integers(2, size=8, dtype=np.uint32)
        let mut generator = Generator::new(7);
        let uniform: Vec<f64> = (0..3).map(|_| generator.uniform()).collect();
        assert_eq!(uniform, [0.797_859_186_843_356_3, 0.053_093_883_256_404_07, 0.591_351_117_429_896_7]);
        let mut list: Vec<usize> = (0..10).collect();
        generator.shuffle(&mut list);
        assert_eq!(list, [9, 6, 2, 1, 4, 7, 0, 3, 8, 5]);
        assert_eq!((0..8).map(|_| generator.bit()).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 0, 1]);
    }
}
