//! The programs in `drivers/` as command lines: interpreted, or compiled once. Deliberately speaks to none of them.
//!
//! If the machine lacks the interpreter or the compiler, the caller gets its name.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The name of an interpreter or compiler that the machine lacks.
pub(crate) type Missing = String;

/// The words that start a program, or why there is none.
type Words = Result<Vec<String>, Missing>;

/// Where the sources are.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/command/explored/drivers");
/// Cargo's directory for what tests make; `cargo clean` removes it.
const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Where the compiled programs go.
const BUILT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/drivers");

/// What was made ready, or why it was not, by the name of the source.
static READY: Mutex<BTreeMap<String, Words>> = Mutex::new(BTreeMap::new());

/// The command line of a driver with these arguments.
///
/// # Errors
///
/// When the machine has no interpreter or compiler for it.
pub(crate) fn line(source: &str, arguments: &str) -> Result<String, Missing> {
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    let words = ready.entry(source.to_owned()).or_insert_with(|| prepare(source));
    let quoted = shlex::try_join(words.clone()?.iter().map(String::as_str)).expect("paths have no zero byte");
    Ok(format!("{quoted} {arguments}"))
}

/// Whether there is such a command.
///
/// # Errors
///
/// When there is none.
pub(crate) fn found(command: &str) -> Result<(), Missing> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&paths).any(|folder| folder.join(command).is_file()) {
        Ok(())
    } else {
        Err(command.to_owned())
    }
}

/// The words that start it.
fn prepare(source: &str) -> Words {
    let path = Path::new(SOURCES).join(source);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let text = path.to_str().expect("UTF-8");
    match path
        .extension()
        .and_then(OsStr::to_str)
        .expect("the extension names the language")
    {
        "sh" => Ok(words(&["sh", text])),
        "py" => Ok(words(&[&python()?, text])),
        "js" => found("node").map(|()| words(&["node", text])),
        "pl" => found("perl").map(|()| words(&["perl", text])),
        "java" => {
            let classes = compiled(source, "javac", &["-d"])?;
            let class = path.file_stem().and_then(OsStr::to_str).expect("UTF-8");
            // What a small program is started with: no second compiler, one collector thread.
            let quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];
            Ok(words(&[&["java"], &quick[..], &["-cp", &classes, class]].concat()))
        }
        "c" => Ok(vec![compiled(
            source,
            "cc",
            &["-std=gnu11", "-O1", "-Wall", "-pthread", "-o"],
        )?]),
        "rs" => Ok(vec![compiled(source, &rustc(), &["--edition=2024", "-O", "-o"])?]),
        "go" => Ok(vec![compiled(source, "go", &["build", "-o"])?]),
        other => panic!("{source}: how is a program in .{other} run?"),
    }
}

/// What the compiler makes of the source; the last of its arguments is that which names the output.
///
/// It is compiled once: its name is a hash of its sources. Two tests that compile it simultaneously make the same file.
///
/// # Errors
///
/// When there is no such compiler. That it refuses the source is a failure.
fn compiled(source: &str, compiler: &str, arguments: &[&str]) -> Result<String, Missing> {
    if !compiler.contains('/') {
        found(compiler)?;
    }
    let from = format!("{SOURCES}/{source}");
    let mut hasher = DefaultHasher::new();
    let headers = ["driver.h", "../adversarial/adversarial.h"].map(|header| format!("{SOURCES}/{header}"));
    for part in headers.iter().chain([&from]) {
        fs::read(part).expect("a file of the package").hash(&mut hasher);
    }
    (compiler, arguments).hash(&mut hasher);
    let name = Path::new(source).file_name().and_then(OsStr::to_str).expect("UTF-8");
    let made = format!("{BUILT}/{name}-{:016x}", hasher.finish());
    if Path::new(&made).exists() {
        return Ok(made);
    }
    let fresh = tempfile::tempdir_in(TEMPORARY).expect("cargo made it");
    let to = fresh.path().join("made");
    if compiler == "javac" {
        fs::create_dir(&to).expect("it is fresh");
    }
    let output = Command::new(compiler)
        .args(arguments)
        .arg(&to)
        .arg(&from)
        .env("GOCACHE", fresh.path().join("cache"))
        .env("GO111MODULE", "off")
        .stdin(Stdio::null())
        .output()
        .expect("it was found");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{compiler} {source}: {said}");
    fs::create_dir_all(BUILT).expect("the target directory is ours");
    if let Err(error) = fs::rename(&to, &made) {
        assert!(Path::new(&made).exists(), "{made}: {error}");
    }
    Ok(made)
}

/// The compiler of the cargo that runs this.
fn rustc() -> String {
    PathBuf::from(env!("CARGO"))
        .with_file_name("rustc")
        .display()
        .to_string()
}

/// The interpreter itself: `python3` may be a version manager's script, which starts others first.
fn python() -> Result<String, Missing> {
    found("python3")?;
    let asked = ["-c", "import sys; print(sys.executable)"];
    let output = Command::new("python3").args(asked).output().expect("it was found");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
