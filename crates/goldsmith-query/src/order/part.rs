//! Parts of all keys, by hash, for work that cannot hold all of them at once.

/// One of `of` about equal parts of all keys, by the hash of a key.
///
/// `of` is a power of two, so that a part that turns out too large can be halved without touching the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    number: u64,
    of: u64,
}

impl Part {
    /// All keys.
    pub const ALL: Self = Self { number: 0, of: 1 };

    /// A part is not halved beyond this number of parts: what is still too large then is one key, or a few.
    const MOST: u64 = 1 << 16;

    /// All keys in at least so many parts.
    pub fn at_least(parts: u64) -> Vec<Self> {
        let of = parts.clamp(1, Self::MOST).next_power_of_two();
        (0..of).map(|number| Self { number, of }).collect()
    }

    /// Whether a key with this hash belongs to the part.
    pub fn has(self, hash: u64) -> bool {
        hash & (self.of - 1) == self.number
    }

    /// Whether every key belongs to the part.
    pub fn is_all(self) -> bool {
        self.of == 1
    }

    /// The two halves of the part; none when it is as small as it goes.
    pub fn halves(self) -> Option<[Self; 2]> {
        let of = self.of * 2;
        (of <= Self::MOST).then(|| [Self { number: self.number, of }, Self { number: self.number + self.of, of }])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_one_part_however_often_parts_are_halved() {
        let mut parts = Part::at_least(3);
        assert_eq!(parts.len(), 4);
        for _ in 0..3 {
            for hash in (0..10_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
                assert_eq!(parts.iter().filter(|part| part.has(hash)).count(), 1, "{hash}");
            }
            let halved = parts.remove(0);
            parts.extend(halved.halves().unwrap());
        }
        assert!(Part::ALL.is_all() && Part::ALL.has(7) && !parts.iter().any(|part| part.is_all()));
    }

    #[test]
    fn a_part_is_not_halved_for_ever() {
        let mut part = Part::ALL;
        let mut times = 0;
        while let Some([half, _]) = part.halves() {
            part = half;
            times += 1;
        }
        assert_eq!(times, 16);
    }
}
