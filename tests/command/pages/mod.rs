//! Pages in a real browser: they render at every width, on paper and in the dark; counterexamples step, cells open, by key and by
//! click. Ignored where there is no Chromium.

mod browser;
mod files;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::{Test, modules, tests};
use browser::{Browser, browser};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_onewinner");
/// A screen, and a phone.
const WIDTHS: [u32; 2] = [1_280, 360];
/// How often a key is pressed at most until something has the focus.
const MOST_TABS: u32 = 60;

/// The page that a command writes in a directory of its own, and its exit code.
fn page_of(arguments: &[&str], directory: &Path) -> (i32, String) {
    let output = Command::new(BINARY)
        .args(arguments)
        .args(["--html", "page.html", "--seed", "1"])
        .current_dir(directory)
        .env("TMPDIR", directory)
        .output()
        .expect("onewinner starts");
    let code = output.status.code().expect("it exits");
    let page = fs::read_to_string(directory.join("page.html"));
    let page = page.unwrap_or_else(|error| panic!("no page: {error}: {output:?}"));
    (code, page)
}

fn explored(arguments: &str) -> String {
    let directory = TempDir::new().expect("a temporary directory");
    let words: Vec<&str> = arguments.split(' ').collect();
    let (code, page) = page_of(&words, directory.path());
    assert!(code < 2, "{arguments} exits with {code}");
    page
}

/// Three locks on a file system that is well, on one where nobody can write, and on one that is not there for everybody.
fn raced() -> String {
    let directory = TempDir::new().expect("a temporary directory");
    let hostile = directory.path().join("<script>document.title = 1<");
    fs::create_dir(&hostile).expect("any name will do");
    let hostile = hostile.to_str().expect("it is text");
    let locks = ["matrix", "create-new", "stat-then-write", "break-unlink"];
    let few = ["--quick", "--rounds", "60", "-n", "4", "--make", "tmpfs"];
    let (code, page) = page_of(
        &[&locks[..], &few, &["--dir", hostile, "--dir", "/sys"]].concat(),
        directory.path(),
    );
    assert_eq!(code, 3, "nobody makes files in sysfs, root neither");
    page
}

/// Tables that are wider than their place, so that their rows have to be scrolled.
const SCROLLED: &str = "[...document.querySelectorAll('.wide')].filter(wide =>
    wide.checkVisibility() && wide.scrollWidth > wide.clientWidth && !wide.querySelector('svg')).length";

/// That the page fits its window, a phone's without scrolling tables, complained of nothing, and wanted nothing from elsewhere.
#[track_caller]
fn is_well(browser: &mut Browser) {
    if browser.value("window.innerWidth") == WIDTHS[1] {
        assert_eq!(browser.value(SCROLLED), 0, "tables have to be scrolled");
    }
    let widths = "[document.documentElement.scrollWidth, window.innerWidth]";
    let measured = browser.value(widths);
    assert!(
        measured[0].as_u64() <= measured[1].as_u64(),
        "it is wider than its window: {measured}"
    );
    let inside = "[...document.querySelectorAll('table:has(caption):has(thead)')].filter(table =>
        table.caption.getBoundingClientRect().top > table.tHead.getBoundingClientRect().top).length";
    assert_eq!(browser.value(inside), 0, "captions are above their tables");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Presses the tabulator until this expression is true.
#[track_caller]
fn tab_until(browser: &mut Browser, condition: &str) {
    for _ in 0..MOST_TABS {
        if browser.value(condition) == true {
            return;
        }
        browser.press("Tab");
    }
    panic!("{MOST_TABS} tabulators do not lead to {condition}");
}

fn a_page_says_in_words_what_was_found_and_needs_nothing_from_elsewhere() {
    let page = explored("explore stat-then-write --backend sim -n 2");
    for text in [
        "stat-then-write: does it let only one process in?",
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
        assert!(page.contains(text), "{text} is missing");
    }
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside} is there");
    }
    let page = explored("explore stat-then-write --backend sim -n 3");
    assert!(page.contains("2 processes suffice: contend 2"));
    let page = explored("explore break-unlink --backend sim --kills 1");
    assert!(page.contains("<dt>crash</dt><dd>class auto, as declared"));
    assert!(explored("explore create-new --backend sim -n 2").contains("✓ holds"));
}

fn a_counterexample_steps_by_key_and_button() {
    let mut browser = browser();
    let page = explored("explore stat-then-write --backend sim -n 2 --scenario cycle");
    for width in WIDTHS {
        browser.open(&page, width);
        is_well(&mut browser);
        let state = "{ const figure = document.querySelector('.stepper');
            [figure.querySelectorAll('[aria-current]').length, figure.querySelector('[aria-current] th')?.textContent ?? '',
             figure.querySelectorAll('.later').length].join(' ') }";
        assert_eq!(browser.value(state), "0  0", "at first all is shown");
        tab_until(&mut browser, "document.activeElement.matches('.stepper')");
        for (key, expected) in [
            ("ArrowRight", "1 0 9"),
            ("ArrowDown", "1 1 8"),
            ("ArrowRight", "1 2 7"),
            ("ArrowUp", "1 1 8"),
            ("End", "1 9 0"),
            ("ArrowRight", "1 9 0"),
            ("ArrowLeft", "1 8 1"),
            ("Home", "1 0 9"),
            ("ArrowLeft", "1 0 9"),
            ("Escape", "0  0"),
        ] {
            browser.press(key);
            browser.becomes(state, &expected.into(), &format!("after {key} at {width} pixels"));
        }
        for (button, expected) in [("first", "1 0 9"), ("on", "1 1 8"), ("back", "1 0 9"), ("all", "0  0")] {
            browser.click(&format!("document.querySelector('[data-go={button}]')"));
            browser.becomes(state, &expected.into(), &format!("after {button} at {width} pixels"));
        }
        tab_until(&mut browser, "document.activeElement.matches('[data-go=on]')");
        browser.press("Enter");
        browser.becomes(state, &"1 0 9".into(), "by the keyboard, from button to button");
        let shown = browser.value("document.querySelector('output').textContent");
        assert!(
            shown.as_str().is_some_and(|text| text.starts_with("step 0 of 9: P")),
            "{shown}"
        );
        is_well(&mut browser);
    }
}

fn two_holders_at_once_are_marked_differently_from_a_single_holder() {
    let mut browser = browser();
    browser.open(&explored("explore stat-then-write --backend sim -n 2"), 1_280);
    let marked = "[...document.querySelectorAll('.steps tbody tr')].map(row =>
        row.querySelectorAll('.together').length || -row.querySelectorAll('.holding').length).join(' ')";
    assert_eq!(browser.value(marked), "0 0 0 0 -1 -1 -1 2");
}

fn pages_of_every_kind_fit_a_phone_and_paper_and_the_dark() {
    let mut browser = browser();
    for arguments in [
        "explore stat-then-write --backend sim",
        "explore create-new --backend sim",
        "explore lease-unlink --backend sim --expiry",
        "explore create-new --backend sim --search random --max-executions 2 --expect several-winners",
    ] {
        let directory = TempDir::new().expect("a temporary directory");
        let (_, page) = page_of(&arguments.split(' ').collect::<Vec<_>>(), directory.path());
        for width in WIDTHS {
            browser.open(&page, width);
            is_well(&mut browser);
        }
        fits_paper_and_the_dark(&mut browser);
    }
}

/// On paper all steps are as dark as each other although some come later; in the dark, text is light on dark.
#[track_caller]
fn fits_paper_and_the_dark(browser: &mut Browser) {
    browser.value("document.querySelector('.stepper')?.focus()");
    browser.press("ArrowRight");
    browser.media("print", "light");
    let faint = "[...document.querySelectorAll('tr *')].filter(each => getComputedStyle(each).opacity !== '1').length";
    assert_eq!(browser.value(faint), 0);
    let controls = "[...document.querySelectorAll('.controls, .close')].filter(each => each.checkVisibility()).length";
    assert_eq!(browser.value(controls), 0, "paper has no buttons");
    assert!(browser.printed().len() > 1_000);
    browser.media("screen", "dark");
    let lights = "['color', 'backgroundColor'].map(name =>
        getComputedStyle(document.body)[name].match(/\\d+/g).map(Number).reduce((a, b) => a + b))";
    let lights = browser.value(lights);
    assert!(
        lights[0].as_u64() > Some(600) && lights[1].as_u64() < Some(150),
        "{lights}"
    );
    browser.media("screen", "light");
}

fn each_cell_of_a_matrix_opens_its_numbers_by_click_and_by_keyboard() {
    let mut browser = browser();
    let page = raced();
    for width in WIDTHS {
        browser.open(&page, width);
        is_well(&mut browser);
        let cells = browser.value("document.querySelectorAll('td > button').length");
        assert_eq!(cells, 9, "three locks in three columns");
        let open = "[...document.querySelectorAll(':popover-open')].map(each => each.id).join()";
        let is_open = "document.activeElement.closest(':popover-open') !== null";
        for number in 0..9 {
            let button = format!("document.querySelectorAll('td > button')[{number}]");
            let id = browser.value(&format!("{button}.getAttribute('popovertarget')"));
            assert_eq!(browser.value(open), "");
            browser.click(&button);
            browser.becomes(open, &id, &format!("opened by a click at {width} pixels"));
            let fits = "{ const open = document.querySelector(':popover-open'), box = open.getBoundingClientRect();
                box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight && box.height > 100
                && open.scrollWidth <= open.clientWidth }";
            assert_eq!(browser.value(fits), true, "it fits the window of {width} pixels");
            assert_eq!(
                browser.value(SCROLLED),
                0,
                "tables have to be scrolled at {width} pixels"
            );
            browser.click("document.querySelector(':popover-open .close')");
            browser.becomes(open, &"".into(), "closed by a click");
        }
        // From the top, by keys alone.
        browser.open(&page, width);
        for number in 0..9 {
            let has_focus = format!("document.activeElement === document.querySelectorAll('td > button')[{number}]");
            tab_until(&mut browser, &has_focus);
            browser.press("Enter");
            browser.becomes(is_open, &true.into(), "opened by a key, with the focus in it");
            browser.press(if number % 2 == 0 { "Enter" } else { "Escape" });
            browser.becomes(open, &"".into(), "closed by a key");
            browser.becomes(&has_focus, &true.into(), "the focus is where it was");
        }
        is_well(&mut browser);
    }
}

fn a_page_of_a_matrix_says_in_words_what_was_found_and_needs_nothing_from_elsewhere() {
    let page = raced();
    for text in [
        "✓ holds",
        "✗ violated",
        "? failed",
        "? not caught",
        "known to be broken",
        "make it writable",
        "expired leases",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside} is there");
    }
}

fn each_cell_of_a_matrix_shows_what_was_measured_and_paper_shows_all_of_it() {
    let page = raced();
    let mut browser = browser();
    browser.open(&page, 1_280);
    assert_eq!(
        browser.value("document.scripts.length"),
        0,
        "the name of a directory is no script"
    );
    let numbers = browser.value("document.querySelector('#m0-0').textContent");
    let numbers = numbers.as_str().expect("it is text");
    for text in [
        "create-new on ",
        "natural60",
        "aligned60",
        "cycle60",
        "In turn",
        "excluded",
        "median",
        "99th percentile",
        "with 2",
        "with 8",
        "with 16",
        "stat-then-write violated in",
        "Winners per round",
    ] {
        assert!(numbers.contains(text), "{text} is missing in {numbers}");
    }
    let shown = "[...document.querySelectorAll('.numbers')].filter(each => each.checkVisibility() && each.getBoundingClientRect().height > 30).length";
    let plots =
        "[...document.querySelectorAll('.plot svg')].filter(each => each.checkVisibility({contentVisibilityAuto: true})
        && each.getBoundingClientRect().height > 100).length === document.querySelectorAll('.plot svg').length";
    assert!(page.matches("<svg role=\"img\"").count() >= 2, "costs are drawn");
    assert_eq!(browser.value(shown), 0, "on a screen numbers wait behind their cells");
    browser.value("document.querySelectorAll('details').forEach(details => details.open = false)");
    browser.media("print", "light");
    assert_eq!(browser.value(shown), 9);
    assert_eq!(browser.value(plots), true);
    fits_paper_and_the_dark(&mut browser);
    is_well(&mut browser);
}

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    let mut all = tests![
        a_page_says_in_words_what_was_found_and_needs_nothing_from_elsewhere,
        a_counterexample_steps_by_key_and_button,
        two_holders_at_once_are_marked_differently_from_a_single_holder,
        pages_of_every_kind_fit_a_phone_and_paper_and_the_dark,
        each_cell_of_a_matrix_opens_its_numbers_by_click_and_by_keyboard,
        a_page_of_a_matrix_says_in_words_what_was_found_and_needs_nothing_from_elsewhere,
        each_cell_of_a_matrix_shows_what_was_measured_and_paper_shows_all_of_it,
    ];
    all.extend(modules![files]);
    all
}
