//! Cutting subjects into buckets by hash.

use std::num::NonZeroU32;

use crate::wire;
use crate::wire::ShardRange;

/// The bucket of a targeting key: the first four bytes of `MD5(salt + "-" + targeting_key)` as a big-endian number,
/// modulo `total_shards`. This is the sharder of every UFC reader.
///
/// With `total_shards` 0 there is no bucket to be in and the answer is 0; no compiled flag has such a shard.
pub fn shard(salt: &str, targeting_key: &str, total_shards: u32) -> u32 {
    hash(salt, targeting_key).checked_rem(total_shards).unwrap_or(0)
}

fn hash(salt: &str, targeting_key: &str) -> u32 {
    let mut context = md5::Context::new();
    context.consume(salt);
    context.consume("-");
    context.consume(targeting_key);
    let [a, b, c, d, ..] = context.finalize().0;
    u32::from_be_bytes([a, b, c, d])
}

/// A slice of the subjects that does not hold everybody.
#[derive(Debug)]
pub struct Shard {
    salt: Box<str>,
    total_shards: NonZeroU32,
    ranges: Box<[ShardRange]>,
    /// Which of the flag's salts this is, to hash each only once; see [`Buckets`].
    slot: u8,
}

impl Shard {
    /// Makes this slice independent of slices with other salts.
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// Number of buckets.
    pub fn total_shards(&self) -> u32 {
        self.total_shards.get()
    }

    /// Buckets that belong to the slice; any range is enough.
    pub fn ranges(&self) -> &[ShardRange] {
        &self.ranges
    }

    /// `None` for a slice that holds everybody: nothing needs to be hashed to know that.
    pub(crate) fn compile<'w>(
        shard: &'w wire::Shard,
        total_shards: NonZeroU32,
        salts: &mut Salts<'w>,
    ) -> Option<Shard> {
        (!covers(&shard.ranges, total_shards.get())).then(|| Shard {
            salt: shard.salt.as_str().into(),
            total_shards,
            ranges: shard.ranges.as_slice().into(),
            slot: salts.slot(&shard.salt),
        })
    }

    pub(crate) fn holds(&self, bucket: u32) -> bool {
        self.ranges.iter().any(|range| range.contains(bucket))
    }
}

fn covers(ranges: &[ShardRange], total_shards: u32) -> bool {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable_by_key(|range| range.start);
    let reached = ranges
        .iter()
        .fold(0, |reached, range| if range.start <= reached { reached.max(range.end) } else { reached });
    reached >= total_shards
}

/// How many salts of one flag are remembered during a decision. A flag rarely has more than two that one subject
/// meets; what does not fit is hashed again.
const REMEMBERED: usize = 8;

/// The distinct salts of one flag, numbered while it is compiled.
#[derive(Default)]
pub(crate) struct Salts<'w>(Vec<&'w str>);

impl<'w> Salts<'w> {
    fn slot(&mut self, salt: &'w str) -> u8 {
        let at = self.0.iter().take(REMEMBERED).position(|known| *known == salt).unwrap_or_else(|| {
            self.0.push(salt);
            self.0.len() - 1
        });
        u8::try_from(at).unwrap_or(u8::MAX)
    }
}

/// Hashes of one targeting key under the salts of one flag: the splits of an allocation share salts.
#[derive(Default)]
pub(crate) struct Buckets {
    hashes: [Option<u32>; REMEMBERED],
}

impl Buckets {
    pub(crate) fn bucket(&mut self, shard: &Shard, targeting_key: &str) -> u32 {
        let hash = match self.hashes.get_mut(usize::from(shard.slot)) {
            Some(known) => *known.get_or_insert_with(|| hash(&shard.salt, targeting_key)),
            None => hash(&shard.salt, targeting_key),
        };
        hash % shard.total_shards
    }
}
