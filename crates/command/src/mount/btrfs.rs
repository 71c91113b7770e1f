//! btrfs, in an image of a size with which it does not mix data and metadata, which is slow.

use super::image::Image;

pub(super) const BTRFS: Image = Image {
    name: "btrfs",
    kind: "btrfs",
    programs: &["mkfs.btrfs", "mount"],
    arguments: &["-q", "-f"],
    bytes: 128 << 20,
};
