//! The command line.
#[test]
fn stub() {
    let _ = snapbox::cmd::Command::new("true");
}
