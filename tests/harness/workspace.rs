//! Where the files of this repository are.

use std::path::Path;

/// The root of the workspace, whichever of its packages this test belongs to.
pub(crate) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.expect("a package is in the workspace")
}
