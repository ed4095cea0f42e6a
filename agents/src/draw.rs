//! Random draws that depend on nothing but what they are for.
//!
//! A draw is a function of (seed, participant's string id, purpose, the model's own index: day, trip,
//! cloud minute). It knows no tick length, no thread and no dense id, so that adding a battery changes
//! no other draw, and ticks of 1 s, 60 s and 900 s see the same world.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The scheme by which keys are derived; a new scheme needs a new name.
const SCHEME: &str = "cariflex draws v1";

/// The source of one participant's draws for one purpose.
///
/// ChaCha8 keyed by BLAKE3 of (seed, string id, purpose), one stream per model index. Re-keying costs
/// about 130 ns: draw what a day needs from one stream, and keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draws {
    key: [u8; 32],
}

impl Draws {
    /// The draws of participant `id` for `purpose` under `seed`.
    pub fn new(seed: u64, id: &str, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(SCHEME);
        hasher.update(&seed.to_le_bytes());
        // Lengths first: ("ab", "c") and ("a", "bc") are different draws.
        hasher.update(&(id.len() as u64).to_le_bytes());
        hasher.update(id.as_bytes());
        hasher.update(purpose.as_bytes());
        Self { key: *hasher.finalize().as_bytes() }
    }

    /// The generator of the model's index `index`; always the same, in whatever order indices are asked.
    pub fn at(&self, index: i64) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::from_seed(self.key);
        generator.set_stream(index as u64);
        generator
    }

    /// A 64-bit ticket derived from this source: the same for the same (seed, id, purpose).
    pub fn ticket(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.key;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The lot of the holder of `ticket` in the lottery numbered `index`: cheap, and independent of who else draws.
///
/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014), applied to the ticket and the index in turn.
pub fn lot(ticket: u64, index: i64) -> u64 {
    fn mix(mut z: u64) -> u64 {
        z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    mix(ticket ^ mix(index as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn first(seed: u64, id: &str, purpose: &str, index: i64) -> u64 {
        Draws::new(seed, id, purpose).at(index).random()
    }

    #[test]
    fn a_draw_is_a_function_of_its_four_arguments() {
        let reference = first(1, "ev_01", "trip", 7);
        assert_eq!(reference, first(1, "ev_01", "trip", 7));
        for other in [
            first(2, "ev_01", "trip", 7),
            first(1, "ev_02", "trip", 7),
            first(1, "ev_01", "trips", 7),
            first(1, "ev_01t", "rip", 7),
            first(1, "ev_01", "trip", 8),
            first(1, "ev_01", "trip", -7),
        ] {
            assert_ne!(reference, other);
        }
    }

    #[test]
    fn draws_keep_their_values_across_versions() {
        // Golden values: if this fails, every seeded result of every user changes. Make it a new scheme.
        assert_eq!(first(42, "bat_03", "bid", 0), 10_288_348_736_245_164_793);
        assert_eq!(lot(Draws::new(42, "bat_03", "lottery").ticket(), 3), 12_831_382_763_878_959_658);
    }
}
