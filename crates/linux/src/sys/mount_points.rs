//! Where something is mounted in this mount namespace. Mounts nothing.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Where something is mounted: the fifth field of
/// [proc_pid_mountinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html).
pub(super) fn mount_points() -> io::Result<Vec<PathBuf>> {
    let table = fs::read("/proc/self/mountinfo")?;
    let fields = table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    Ok(fields
        .map(|field| PathBuf::from(OsString::from_vec(unescape(field))))
        .collect())
}

/// The kernel writes a space as `\040`, and other separators likewise.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..3).filter(|_| *first == b'\\');
        let byte = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[3..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_read_as_the_kernel_escapes_it() {
        for (field, path) in [
            ("/a\\040b", "/a b"),
            ("/a\\134", "/a\\"),
            ("/a\\9", "/a\\9"),
            ("/a\\04", "/a\\04"),
        ] {
            assert_eq!(unescape(field.as_bytes()), path.as_bytes(), "{field}");
        }
        assert!(mount_points().unwrap().contains(&PathBuf::from("/proc")));
    }
}
