//! ext2, ext3 and ext4, which reuse inode numbers immediately.

use super::image::Image;

/// The smallest size with a journal; ext2 would need half.
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
