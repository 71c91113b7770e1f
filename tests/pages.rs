//! Pages in a real browser: they render, counterexamples step, cells open. Skipped, with a line, where there is no Chromium.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use onewinner::report::html::{Column, Grid, Place, Standing, Winners, matrix};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_onewinner");
/// The names by which the browser is known.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// How long a browser may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// The browser, or nothing and a line that says so.
fn browser() -> Option<&'static str> {
    let is_there = |name: &&str| {
        let version = Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        version.is_ok_and(|status| status.success())
    };
    let found = BROWSERS.into_iter().find(|name| is_there(name));
    if found.is_none() {
        println!("skipped: none of {BROWSERS:?} is installed");
    }
    found
}

/// The page as the browser has it after a script ran in it, at a window of this width.
fn rendered(browser: &str, directory: &Path, page: &str, script: &str, width: u32) -> String {
    let file = directory.join(format!("page-{width}.html"));
    let script = format!("<script>document.title = (() => {{ {script} }})();</script></body>");
    fs::write(&file, page.replace("</body>", &script)).expect("it may be written");
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--dump-dom",
        ])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", directory.join("profile").display()))
        .arg(format!("file://{}", file.display()));
    let output = snapbox::cmd::Command::from_std(command)
        .timeout(LIMIT)
        .output()
        .expect("the browser starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the script returned.
fn answer(dom: &str) -> &str {
    let title = dom
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    title.unwrap_or_else(|| panic!("no title in {dom:?}")).0
}

/// What the script returned, and that the page is no wider than its window.
#[track_caller]
fn answers(browser: &str, page: &str, script: &str, expected: &str) {
    let directory = TempDir::new().expect("a temporary directory");
    for width in [1_200, 500] {
        let fits = format!(
            "const fits = document.documentElement.scrollWidth <= window.innerWidth; const told = (() => {{ {script} }})(); return (fits ? '' : 'too wide; ') + told;"
        );
        let dom = rendered(browser, directory.path(), page, &fits, width);
        assert_eq!(answer(&dom), expected, "at {width} pixels");
    }
}

fn explored(arguments: &str) -> String {
    let directory = TempDir::new().expect("a temporary directory");
    let output = Command::new(BINARY)
        .args(arguments.split(' '))
        .args(["--html", "page.html", "--seed", "1"])
        .current_dir(directory.path())
        .output()
        .expect("onewinner starts");
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    fs::read_to_string(directory.path().join("page.html")).expect("the page was written")
}

#[test]
fn a_page_says_in_words_what_was_found_and_needs_nothing_from_elsewhere() {
    let page = explored("explore stat-then-write --backend sim -n 2");
    for text in [
        "stat-then-write: does it let exactly one in?",
        "not as claimed: exactly one winner",
        "✗ violated",
        "at-most-one-winner",
        "● holds the lock",
        "◄ decides",
        "reproduced 10/10",
        "✗ forbidden",
        "prefers-color-scheme: dark",
        "@media print",
    ] {
        assert!(page.contains(text), "{text} is missing:\n{page}");
    }
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside} in\n{page}");
    }
    assert!(explored("explore create-new --backend sim -n 2").contains("✓ holds"));
}

#[test]
fn a_counterexample_steps_by_key_and_button() {
    let Some(browser) = browser() else { return };
    let page = explored("explore stat-then-write --backend sim -n 2 --scenario cycle");
    let key = |name: &str| format!("press('{name}');");
    let script = format!(
        "const figure = document.querySelector('.stepper');
         const press = (key) => figure.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true }}));
         const state = () => [figure.querySelectorAll('[aria-current]').length,
             figure.querySelector('[aria-current] th')?.textContent, figure.querySelectorAll('.later').length].join(' ');
         const told = [state()];
         {} told.push(state()); {} {} told.push(state()); {} told.push(state());
         figure.querySelector('[data-go=back]').click(); told.push(state());
         figure.querySelector('[data-go=all]').click(); told.push(state());
         return told.join(', ') + (figure.querySelector('.controls').hidden ? ' hidden' : '');",
        key("ArrowRight"),
        key("ArrowDown"),
        key("ArrowRight"),
        key("End"),
    );
    answers(browser, &page, &script, "0  0, 1 0 9, 1 2 7, 1 9 0, 1 8 1, 0  0");
}

fn grid() -> Grid {
    let place = |standing, word: &str| Place {
        standing,
        word: word.to_owned(),
        figure: "3.10 µs".to_owned(),
        facts: vec![
            ("rounds".to_owned(), "2,000".to_owned()),
            ("rate".to_owned(), "below 0.15 % at 95 %".to_owned()),
        ],
        winners: vec![Winners {
            title: "natural".to_owned(),
            rounds: vec![(1, 1_900), (2, 90), (3, 10)],
        }],
    };
    let column = |name: &str| Column {
        name: name.to_owned(),
        notes: vec![format!("made for the run as {name}")],
    };
    Grid {
        conclusion: "Each cell asked for has an answer.".to_owned(),
        columns: ["ext4", "tmpfs", "two overlays of one upper directory"]
            .map(column)
            .to_vec(),
        rows: vec![
            (
                "create-new".to_owned(),
                vec![
                    place(Standing::Holds, "holds"),
                    place(Standing::Holds, "holds"),
                    place(Standing::Holds, "holds"),
                ],
            ),
            (
                "flock-kept".to_owned(),
                vec![
                    place(Standing::Holds, "holds"),
                    place(Standing::Skipped, "not run"),
                    place(Standing::Violated, "up to 16 at once"),
                ],
            ),
            (
                "ofd-kept".to_owned(),
                vec![
                    place(Standing::Inconclusive, "inconclusive"),
                    place(Standing::Inconclusive, "unsupported: ENOTSUP"),
                    place(Standing::Violated, "in turn"),
                ],
            ),
        ],
        plots: Vec::new(),
    }
}

#[test]
fn each_cell_of_a_matrix_opens_its_numbers() {
    let page = matrix(&grid());
    let Some(browser) = browser() else { return };
    let script = "
        const told = [];
        for (const button of document.querySelectorAll('td > button')) {
            const dialog = document.getElementById(button.getAttribute('popovertarget'));
            const before = dialog.matches(':popover-open');
            button.click();
            const open = dialog.matches(':popover-open') && dialog.getBoundingClientRect().height > 50
                && dialog.textContent.includes('below 0.15 %');
            dialog.querySelector('.close').click();
            told.push(!before && open && !dialog.matches(':popover-open') ? 'opens' : 'stays');
        }
        return told.join(' ');";
    answers(browser, &page, script, &["opens"; 9].join(" "));
}
