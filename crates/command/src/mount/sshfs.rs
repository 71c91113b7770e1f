//! sshfs: a directory through an ssh server, which is started for each mount and listens on no port.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};
use onewinner_linux::sys::namespace::mount_new;

/// The directory to which the server changes its root before login.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

pub(super) struct Sshfs(pub(super) Ways);

impl Recipe for Sshfs {
    fn name(&self) -> &'static str {
        self.0.name("sshfs", "sshfs-shared")
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["sshfs", "ssh", "ssh-keygen", "sshd"]
    }

    /// The server changes its user.
    fn needs_root(&self) -> bool {
        true
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let store = directory(place, "store")?;
        let (host, user) = (key(place, "host-key")?, key(place, "user-key")?);
        let server = serve(place, &host, &user)?;
        self.0.mount(place, |point, _| {
            let remote = format!("root@onewinner:{}", store.display());
            let options = [
                format!("ProxyCommand={server}"),
                format!("IdentityFile={}", user.display()),
                // The host key was made for this run.
                "StrictHostKeyChecking=no".to_owned(),
                "UserKnownHostsFile=/dev/null".to_owned(),
                "LogLevel=ERROR".to_owned(),
            ];
            // Without the user's configuration.
            let mut arguments: Vec<&OsStr> =
                vec![remote.as_ref(), point.as_os_str(), "-F".as_ref(), "/dev/null".as_ref()];
            for option in &options {
                arguments.extend(["-o".as_ref(), OsStr::new(option)]);
            }
            Ok(program::run(place, "sshfs", arguments)?)
        })
    }
}

/// Makes a key without a password.
fn key(place: &Path, name: &str) -> Result<PathBuf, MakeError> {
    let path = place.join(name);
    let plain: [&OsStr; 6] = ["-q", "-t", "ed25519", "-N", "", "-f"].map(AsRef::as_ref);
    program::run(place, "ssh-keygen", plain.into_iter().chain([path.as_os_str()]))?;
    Ok(path)
}

/// The command line of a server with these keys, which uses its standard streams and opens no port.
fn serve(place: &Path, host: &Path, user: &Path) -> Result<String, MakeError> {
    if !Path::new(PRIVILEGE_SEPARATION).is_dir() {
        // Only in our own namespace: a directory made on disk would stay.
        mount_new("tmpfs", Path::new("/run"), "size=1m,mode=0755").map_err(MakeError::mounting("tmpfs"))?;
        prepared(Path::new(PRIVILEGE_SEPARATION), |path| fs::create_dir(path))?;
    }
    let configuration = place.join("sshd-configuration");
    let text = format!(
        "HostKey {}\nAuthorizedKeysFile {}.pub\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n\
         Subsystem sftp internal-sftp\nLogLevel ERROR\n",
        host.display(),
        user.display()
    );
    prepared(&configuration, |path| fs::write(path, &text))?;
    // The server has to be called by its absolute path.
    let file = program::find("sshd").ok_or_else(|| program::ProgramError::Missing {
        name: "sshd".to_owned(),
    })?;
    Ok(format!("{} -i -f {}", file.display(), configuration.display()))
}

fn prepared(path: &Path, prepare: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), MakeError> {
    prepare(path).map_err(|source| MakeError::Prepare {
        path: path.to_owned(),
        source,
    })
}
