//! xfs, which needs an image of at least 300 MiB; the file stays sparse.

use super::image::Image;

pub(super) const XFS: Image = Image {
    name: "xfs",
    kind: "xfs",
    programs: &["mkfs.xfs", "mount"],
    arguments: &["-q", "-f"],
    bytes: 300 << 20,
};
