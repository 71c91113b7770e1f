//! Every recipe, as one list.

use super::ways::Ways;
use super::{
    Recipe, bind, bindfs, bindfs_forwarding, btrfs, disorderfs, encfs, exfat_fuse, ext, fuse_overlayfs, fuse2fs,
    gocryptfs, mergerfs, ntfs_3g, overlay, ramfs, rclone, sshfs, tmpfs, unionfs, xfs,
};

/// Every recipe, in the order in which they are listed.
pub const ALL: &[&dyn Recipe] = &[
    &ext::EXT4,
    &ext::EXT3,
    &ext::EXT2,
    &xfs::XFS,
    &btrfs::BTRFS,
    &tmpfs::Tmpfs,
    &ramfs::Ramfs,
    &overlay::Overlay::Alone,
    &overlay::Overlay::Shared,
    &bind::Bind,
    &bindfs::Bindfs,
    &bindfs_forwarding::BindfsForwarding,
    &mergerfs::Mergerfs,
    &fuse_overlayfs::FuseOverlayfs,
    &unionfs::Unionfs,
    &gocryptfs::Gocryptfs,
    &encfs::Encfs(Ways::One),
    &encfs::Encfs(Ways::Two),
    &disorderfs::Disorderfs(Ways::One),
    &disorderfs::Disorderfs(Ways::Two),
    &fuse2fs::Fuse2fs,
    &ntfs_3g::Ntfs3g,
    &exfat_fuse::ExfatFuse,
    &sshfs::Sshfs(Ways::One),
    &sshfs::Sshfs(Ways::Two),
    &rclone::Rclone(Ways::One),
    &rclone::Rclone(Ways::Two),
];

/// The recipe of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Recipe> {
    ALL.iter().copied().find(|recipe| recipe.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for recipe in ALL {
            let found = by_name(recipe.name()).expect("listed");
            assert_eq!((found.kind(), found.programs()), (recipe.kind(), recipe.programs()));
        }
        assert!(by_name("no-such-file-system").is_none());
    }
}
