//! The bytes of deletion vectors, as the Delta protocol lays them out (section "Deletion Vector Format").

use std::io;

use roaring::RoaringTreemap;

/// Begins every vector.
const MAGIC: u32 = 1_681_511_377;
/// Bytes of the magic number.
const MAGIC_BYTES: usize = 4;
/// Version of the file format, its first byte.
const VERSION: u8 = 1;
/// Where the first vector of a file begins.
pub(super) const FIRST_OFFSET: i32 = 1;
/// Bytes around a vector in a file: its length before it, its checksum after it.
pub(super) const FRAME_BYTES: usize = 8;

/// Magic number and bitmap.
pub(super) fn encode(bitmap: &RoaringTreemap) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(MAGIC_BYTES + bitmap.serialized_size());
    bytes.extend(MAGIC.to_le_bytes());
    bitmap.serialize_into(&mut bytes)?;
    Ok(bytes)
}

/// Inverse of [`encode`].
pub(super) fn decode(bytes: &[u8]) -> Result<RoaringTreemap, String> {
    let (magic, bitmap) = bytes.split_first_chunk().ok_or("it is empty")?;
    let magic = u32::from_le_bytes(*magic);
    if magic != MAGIC {
        return Err(format!("it begins with {magic}, which is no format known here"));
    }
    RoaringTreemap::deserialize_from(bitmap).map_err(|error| error.to_string())
}

/// Fills up to whole groups of four bytes, the unit of the text encoding.
pub(super) fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Decodes a vector of `size` bytes with its frame.
pub(super) fn decode_framed(bytes: &[u8], size: usize) -> Result<RoaringTreemap, String> {
    let too_short = || "its file is too short".to_owned();
    let (length, rest) = bytes.split_first_chunk().ok_or_else(too_short)?;
    let (data, checksum) = rest.split_at_checked(size).ok_or_else(too_short)?;
    let checksum = checksum.first_chunk().ok_or_else(too_short)?;
    if usize::try_from(u32::from_be_bytes(*length)) != Ok(size) {
        return Err("its length in the file is not that in the log".to_owned());
    }
    if u32::from_be_bytes(*checksum) != crc32fast::hash(data) {
        return Err("its checksum is wrong".to_owned());
    }
    decode(data)
}

/// A file of vectors under construction.
pub(super) struct File(Vec<u8>);

impl File {
    pub(super) fn new() -> Self {
        Self(vec![VERSION])
    }

    /// Adds an encoded vector and returns its offset.
    pub(super) fn push(&mut self, vector: &[u8]) -> io::Result<i32> {
        let offset = i32::try_from(self.0.len()).map_err(io::Error::other)?;
        let length = u32::try_from(vector.len()).map_err(io::Error::other)?;
        self.0.extend(length.to_be_bytes());
        self.0.extend(vector);
        self.0.extend(crc32fast::hash(vector).to_be_bytes());
        Ok(offset)
    }

    /// The bytes of the file; none when it holds nothing.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (self.0.len() > 1).then_some(self.0)
    }
}
