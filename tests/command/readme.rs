//! Runs the commands in README.md and in the book, and compares their exit codes and verdicts with the page.
//!
//! The rules for blocks of ```` ```console ````, ```` ```sh ```` and ```` ```bash ````:
//!
//! - The test runs each line that begins with `$ onewinner` or `onewinner`.
//! - It runs each line `go build …` if Go is installed; otherwise it skips that line and the built program.
//! - Words are split and quoted as in a shell. No other shell syntax is allowed.
//! - A trailing `# exits N` is the exit code; without it, 0.
//! - The lines below the command are its output, up to an empty line before the next command or to the end of the block.
//!   Figures vary from run to run. So a line that begins with a word of [`VERDICTS`] must match the beginning of a printed
//!   line, and each outcome must be printed with its grade.
//!
//! The commands of one page run one after another in one temporary directory, so one can replay what another saved. It
//! holds a copy of `examples`. A command that several pages show runs once, on the first of them. If tracing is forbidden, or a program is not installed, the commands that need it are
//! skipped. Output that depends on the machine belongs in blocks of ```` ```text ````.

use crate::harness::{Test, tests, workspace};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The time limit of one command.
const LIMIT: Duration = Duration::from_secs(600);
/// The words that begin the line with the result of a run.
const VERDICTS: &[&str] = &[
    "holds:",
    "violated:",
    "inconclusive:",
    "reproduced:",
    "not reproduced:",
    "diverged:",
    "Both locks do what is claimed:",
    "as claimed:",
    "not as claimed:",
];
const GRADES: &[&str] = &["acceptable", "interesting", "forbidden"];

/// A command as a page shows it.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    arguments: Vec<String>,
    exit: i32,
    output: Vec<String>,
}

/// The commands of a page, in their order.
fn shown(readme: &str) -> Result<Vec<Shown>, String> {
    let mut found: Vec<Shown> = Vec::new();
    let mut block: Option<bool> = None;
    for line in readme.lines() {
        if let Some(language) = line.strip_prefix("```") {
            block = match block {
                Some(_) => None,
                None => Some(matches!(language.trim(), "console" | "sh" | "bash")),
            };
            // Lines of another block are not the output of this command.
            found.push(Shown::nothing());
        } else if block == Some(true) {
            if let Some(command) = Shown::of(line)? {
                found.push(command);
            } else if let Some(command) = found.last_mut() {
                command.output.push(line.trim().to_owned());
            }
        }
    }
    found.retain(|command| !command.arguments.is_empty());
    Ok(found)
}

impl Shown {
    fn nothing() -> Self {
        Self {
            arguments: Vec::new(),
            exit: 0,
            output: Vec::new(),
        }
    }

    /// The command on a line, if there is one.
    fn of(line: &str) -> Result<Option<Self>, String> {
        let line = line.strip_prefix("$ ").unwrap_or(line);
        let program = ["onewinner", "go build"].into_iter().find(|program| {
            line.strip_prefix(program)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        if program.is_none() {
            return Ok(None);
        }
        let (arguments, comment) = line.split_once('#').unwrap_or((line, ""));
        let exit = match comment.trim().strip_prefix("exits ") {
            None => 0,
            Some(code) => code
                .split([' ', ',', ':', ';'])
                .next()
                .unwrap_or_default()
                .parse()
                .map_err(|_| format!("no exit code: {line}"))?,
        };
        if arguments.contains(['|', '>', '<', '`', '$', '&', ';', '\\']) {
            return Err(format!("only a shell understands: {line}"));
        }
        let arguments = shlex::split(arguments).ok_or_else(|| format!("a quote is open: {line}"))?;
        Ok(Some(Self {
            arguments,
            exit,
            output: Vec::new(),
        }))
    }

    /// Runs the command in `directory`, with more arguments.
    fn run(&self, directory: &Path, more: &[&str]) -> Result<Output, String> {
        let mut command = if self.arguments[0] == "go" {
            Command::new("go")
        } else {
            Command::new(env!("CARGO_BIN_EXE_onewinner"))
        };
        command
            .args(&self.arguments[1..])
            .args(more)
            .current_dir(directory)
            .env("GOCACHE", directory.join("go-cache"))
            .env("GO111MODULE", "off")
            .env("TMPDIR", directory)
            .stdin(Stdio::null());
        let command = snapbox::cmd::Command::from_std(command).timeout(LIMIT);
        command.output().map_err(|error| error.to_string())
    }

    /// Runs the command in `directory`, unless it is among those that were run before; the error says what differs from the page.
    fn check(&self, directory: &Path, before: &mut BTreeMap<Vec<String>, Output>) -> Result<(), String> {
        let go = self.arguments[0] == "go";
        let built = self.arguments.iter().any(|argument| argument.starts_with("./my-lock "));
        if (go || built) && !is_installed("go") {
            println!("not covered: {}: there is no go here", self.arguments.join(" "));
            return Ok(());
        }
        let mut output = match before.remove(&self.arguments) {
            Some(output) => output,
            None => self.run(directory, &[])?,
        };
        // On a busy machine the default time may cut a search.
        let is_cut = String::from_utf8_lossy(&output.stdout).contains("the search was cut at");
        let is_timed = self.arguments.iter().any(|argument| argument == "--time");
        if output.status.code() != Some(self.exit) && is_cut && !is_timed {
            output = self.run(directory, &["--time", "300"])?;
        }
        let output = before.entry(self.arguments.clone()).or_insert(output);
        let printed = String::from_utf8_lossy(&output.stdout);
        let line = self.arguments.join(" ");
        let wrong = |what: String| format!("{line}: {what}\n{printed}{}", String::from_utf8_lossy(&output.stderr));
        let missing = String::from_utf8_lossy(&output.stderr).contains("there is no program");
        if printed.contains("failed to trace a process") || missing {
            println!(
                "not covered: {line}: {printed}{}",
                String::from_utf8_lossy(&output.stderr)
            );
            return Ok(());
        }
        if output.status.code() != Some(self.exit) {
            return Err(wrong(format!("{}, and the page says {}", output.status, self.exit)));
        }
        for expected in &self.output {
            if let Some(words) = VERDICTS.iter().find(|words| expected.starts_with(**words))
                && !printed.lines().any(|line| line.trim_start().starts_with(words))
            {
                return Err(wrong(format!("no line begins with {words:?}")));
            }
            if let Some(outcome) = outcome(expected)
                && !printed.lines().filter_map(self::outcome).any(|found| found == outcome)
            {
                return Err(wrong(format!("no outcome is {outcome:?}")));
            }
        }
        Ok(())
    }
}

/// Whether a command is on the path.
fn is_installed(command: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(command).is_file())
}

/// The winners and the grade of a line of outcomes, without its count.
fn outcome(line: &str) -> Option<String> {
    let words: Vec<&str> = line
        .split_whitespace()
        .skip_while(|word| *word == "outcomes")
        .skip(1)
        .collect();
    let winners = words.get(1).is_some_and(|word| word.starts_with("winner"));
    let graded = words.last().is_some_and(|word| GRADES.contains(word));
    (winners && graded).then(|| words.join(" "))
}

/// Runs the commands of a page that are not among those of earlier pages; what differs, a line each.
fn faults(readme: &str, before: &mut BTreeMap<Vec<String>, Output>) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // Programs that a page names are those of the checkout.
    let examples = workspace().join("examples");
    std::os::unix::fs::symlink(examples, directory.path().join("examples")).expect("the directory is ours");
    match shown(readme) {
        Err(error) => vec![error],
        Ok(commands) => commands
            .iter()
            .filter_map(|command| command.check(directory.path(), before).err())
            .collect(),
    }
}

/// The README of the package.
fn readme() -> PathBuf {
    workspace().join("README.md")
}

/// The pages of the book.
fn pages() -> Vec<PathBuf> {
    let book = workspace().join("book/src");
    let folders = ["guide", "reference", "explain"].map(|folder| book.join(folder));
    let below = |folder: &PathBuf| std::fs::read_dir(folder).expect("a folder of the book").flatten();
    let mut pages: Vec<PathBuf> = folders.iter().flat_map(below).map(|entry| entry.path()).collect();
    pages.sort();
    pages
}

/// Checks that the commands of these pages do what the pages show. Together, the pages must have at least `least` commands.
fn checked(pages: &[PathBuf], least: usize) {
    let mut commands = 0;
    let mut found = Vec::new();
    let mut before = BTreeMap::new();
    for page in pages {
        let text = std::fs::read_to_string(page).expect("UTF-8");
        commands += shown(&text).map_or(0, |shown| shown.len());
        found.extend(
            faults(&text, &mut before)
                .into_iter()
                .map(|fault| format!("{}: {fault}", page.display())),
        );
    }
    assert!(commands >= least, "where are the commands? There are {commands}");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn each_command_of_the_readme_and_of_the_book_does_what_it_says() {
    let mut all = vec![readme()];
    all.extend(pages());
    checked(&all, 25);
}

fn each_file_system_that_can_be_made_is_named_in_the_book() {
    let path = workspace().join("book/src/reference/file-systems.md");
    let page = std::fs::read_to_string(path).expect("a page of the book");
    for recipe in onewinner_command::mount::ALL {
        let name = recipe.name();
        let row = page
            .lines()
            .find(|line| line.starts_with('|') && line.contains(&format!("`{name}`")));
        let row = row.unwrap_or_else(|| panic!("no row of the book names {name}"));
        assert_eq!(recipe.needs_root(), row.contains("root"), "{name}: {row}");
    }
}

const FIXTURE: &str = "\
Text with `onewinner frobnicate`.

```console
$ cargo install onewinner
$ onewinner model stat-then-write   # exits 1
  violated: at-most-one-winner: anything
  outcomes     9  2 winners, 0 busy  forbidden

$ onewinner list
stat-then-write
```

```text
onewinner frobnicate
```

```sh
onewinner explore create-new -n 2
onewinner-frobnicate
```
";

fn commands_stand_in_shell_blocks_alone_and_have_the_output_below_them() {
    let commands = shown(FIXTURE).unwrap();
    let lines: Vec<_> = commands.iter().map(|command| command.arguments.join(" ")).collect();
    assert_eq!(
        lines,
        [
            "onewinner model stat-then-write",
            "onewinner list",
            "onewinner explore create-new -n 2"
        ]
    );
    assert_eq!(
        commands.iter().map(|command| command.exit).collect::<Vec<_>>(),
        [1, 0, 0]
    );
    assert_eq!(commands[0].output[0], "violated: at-most-one-winner: anything");
    assert_eq!(commands[1].output, ["stat-then-write"]);
}

fn a_page_that_is_right_has_no_fault_and_each_untruth_is_one() {
    assert_eq!(faults(FIXTURE, &mut BTreeMap::new()), [""; 0]);
    for (from, to, complaint) in [
        ("# exits 1", "", "the page says 0"),
        ("# exits 1", "# exits 3", "the page says 3"),
        ("# exits 1", "# exits one", "no exit code"),
        ("violated: at", "holds: at", "no line begins with \"holds:\""),
        (
            "2 winners, 0 busy  forbidden",
            "2 winners, 0 busy  acceptable",
            "no outcome is",
        ),
        ("2 winners, 0 busy", "3 winners, 0 busy", "no outcome is"),
        ("onewinner list", "onewinner lists", "the page says 0"),
        ("onewinner list", "onewinner list | head -1", "only a shell understands"),
    ] {
        assert!(FIXTURE.contains(from), "{from}");
        let faults = faults(&FIXTURE.replacen(from, to, 1), &mut BTreeMap::new());
        assert!(faults.len() == 1 && faults[0].contains(complaint), "{to}: {faults:?}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_command_of_the_readme_and_of_the_book_does_what_it_says,
        each_file_system_that_can_be_made_is_named_in_the_book,
        commands_stand_in_shell_blocks_alone_and_have_the_output_below_them,
        a_page_that_is_right_has_no_fault_and_each_untruth_is_one,
    ]
}
