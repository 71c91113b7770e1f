//! btrfs, in an image large enough that it does not mix data and metadata, which would be slow.

use super::image::Image;

pub(super) const BTRFS: Image = Image {
    name: "btrfs",
    kind: "btrfs",
    programs: &["mkfs.btrfs", "mount"],
    arguments: &["-q", "-f"],
    bytes: 128 << 20,
};
