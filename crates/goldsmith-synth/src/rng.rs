//! A counter-based random source: a row's numbers depend on its place, never on what came before.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes 64 bits so that near inputs give unrelated outputs.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A stream of random numbers that starts from a place (seed, salt, number).
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of one place.
    pub(crate) fn at(seed: u64, salt: u64, number: u64) -> Self {
        let base = mix(seed ^ mix(salt.wrapping_add(GOLDEN)));
        Self(mix(base.wrapping_add(number.wrapping_mul(GOLDEN))))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// An index of a slice of `len` elements.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A number in `low..high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as u64) as i64
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the elements, each equally likely.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.index(items.len())]
    }

    /// An index below `len`, where low ones are much more likely: few are heavy, many are light.
    pub(crate) fn skewed(&mut self, len: usize) -> usize {
        let unit = self.unit();
        ((len as f64 * unit * unit * unit) as usize).min(len.saturating_sub(1))
    }

    /// A positive number around `middle` with a long tail to the right, at most 64 times `middle`.
    pub(crate) fn long_tail(&mut self, middle: i64) -> i64 {
        let doublings = self.below(4) + self.below(4);
        let base = (middle << doublings) >> 3;
        base + self.below(base.max(1) as u64) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_gives_the_same_numbers_and_others_differ() {
        assert_eq!(Rng::at(1, 2, 3).bits(), Rng::at(1, 2, 3).bits());
        assert_ne!(Rng::at(1, 2, 3).bits(), Rng::at(1, 2, 4).bits());
        assert_ne!(Rng::at(1, 2, 3).bits(), Rng::at(1, 3, 3).bits());
        assert_ne!(Rng::at(1, 2, 3).bits(), Rng::at(2, 2, 3).bits());
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut rng = Rng::at(7, 0, 0);
        for _ in 0..1000 {
            assert!(rng.below(3) < 3);
            assert!((-5..5).contains(&rng.between(-5, 5)));
            assert!(rng.skewed(4) < 4);
            assert!((0.0..1.0).contains(&rng.unit()));
        }
        assert_eq!(rng.below(0), 0);
    }
}
