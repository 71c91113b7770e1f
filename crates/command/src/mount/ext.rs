//! The family of ext4, whose members have journals, extents and inode numbers that are used again at once.

use super::image::Image;

/// The least that both take with a journal; ext2 would run in half of it.
const BYTES: u64 = 16 << 20;

pub(super) const EXT4: Image = Image {
    name: "ext4",
    kind: "ext2/ext3/ext4",
    programs: &["mkfs.ext4", "mount"],
    arguments: &["-q", "-F"],
    bytes: BYTES,
};

pub(super) const EXT3: Image = Image {
    name: "ext3",
    programs: &["mkfs.ext3", "mount"],
    ..EXT4
};

pub(super) const EXT2: Image = Image {
    name: "ext2",
    programs: &["mkfs.ext2", "mount"],
    ..EXT4
};
