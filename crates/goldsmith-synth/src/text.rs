//! Writing identifiers into a reused buffer, without formatting machinery in the hot loops.

use crate::rng::Rng;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends bytes that are known to be ASCII.
fn push_ascii(buffer: &mut String, bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        buffer.push_str(text);
    }
}

/// Appends the lowest `digits` (at most 16) hexadecimal digits of a number.
pub(crate) fn push_hex(buffer: &mut String, value: u64, digits: usize) {
    let mut out = [0u8; 16];
    let digits = digits.min(16);
    for (place, byte) in out[..digits].iter_mut().rev().enumerate() {
        *byte = HEX[((value >> (4 * place)) & 15) as usize];
    }
    push_ascii(buffer, &out[..digits]);
}

/// Appends a number in decimal.
pub(crate) fn push_number(buffer: &mut String, value: u64) {
    let mut out = [0u8; 20];
    let mut at = out.len();
    let mut rest = value;
    loop {
        at -= 1;
        out[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    push_ascii(buffer, &out[at..]);
}

/// Appends a random UUID (version 4).
pub(crate) fn push_uuid(buffer: &mut String, rng: &mut Rng) {
    let high = (rng.bits() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
    let low = (rng.bits() >> 2) | 0x8000_0000_0000_0000;
    let mut out = [b'-'; 36];
    let mut at = 0;
    for nibble in 0..32 {
        if matches!(nibble, 8 | 12 | 16 | 20) {
            at += 1;
        }
        let word = if nibble < 16 { high } else { low };
        out[at] = HEX[((word >> (60 - 4 * (nibble % 16))) & 15) as usize];
        at += 1;
    }
    push_ascii(buffer, &out);
}

/// A random UUID (version 4) of its own.
pub(crate) fn uuid(rng: &mut Rng) -> String {
    let mut buffer = String::with_capacity(36);
    push_uuid(&mut buffer, rng);
    buffer
}

/// A random UUID of the place (seed, salt, number), appended: the same place gives the same one.
pub(crate) fn push_uuid_at(buffer: &mut String, seed: u64, salt: u64, number: u64) {
    push_uuid(buffer, &mut Rng::at(seed, salt, number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_their_shape() {
        let text = uuid(&mut Rng::at(1, 1, 1));
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        for place in [8, 13, 18, 23] {
            assert_eq!(text.as_bytes()[place], b'-');
        }
    }

    #[test]
    fn numbers_are_written_whole() {
        let mut buffer = String::new();
        push_number(&mut buffer, 0);
        push_number(&mut buffer, u64::MAX);
        push_hex(&mut buffer, 0xAB, 4);
        assert_eq!(buffer, "01844674407370955161500ab");
    }
}
