//! Links in Markdown: each one inside the repository leads to a file that is there, and to a heading that is there.

use crate::harness::{Test, tests, workspace};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> &'static Path {
    workspace()
}

/// Every Markdown file below a folder.
fn markdown_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the package").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(markdown_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines outside of code blocks, and without inline code.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            let spoken = line.split('`').step_by(2);
            prose.push_str(&spoken.collect::<Vec<_>>().join("`"));
            prose.push('\n');
        }
    }
    prose
}

/// The targets of the links and images in a text.
fn targets(text: &str) -> Vec<String> {
    let prose = prose(text);
    let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let html = ["src=\"", "href=\""]
        .iter()
        .flat_map(|key| prose.split(key).skip(1).filter_map(|rest| rest.split('"').next()));
    inline.chain(html).map(str::to_owned).collect()
}

/// The anchors of a page: what GitHub and mdBook make of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        let heading = line.trim_start_matches('#');
        if code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let letters = heading.trim().to_lowercase();
        let kept = letters.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        });
        let anchor: String = kept.collect();
        let again = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone())
            .chain(again)
            .find(|name| !found.contains(name));
        found.extend(free);
    }
    found
}

/// What is wrong with the links of a page.
fn faults(page: &Path, text: &str) -> Vec<String> {
    let fault = |target: &str| {
        if target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = match file {
            "" => page.to_owned(),
            _ => page.parent().expect("a file has a folder").join(file),
        };
        if !path.exists() {
            return Some(format!("{}: {target}: there is no such file", page.display()));
        }
        if anchor.is_empty() {
            return None;
        }
        let there = fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(anchor));
        (!there).then(|| format!("{}: {target}: there is no such heading", page.display()))
    };
    targets(text).iter().filter_map(|target| fault(target)).collect()
}

/// The pages that are checked: those at the top, and those of the folders with text.
fn pages() -> Vec<PathBuf> {
    let top = fs::read_dir(root())
        .expect("the package")
        .flatten()
        .map(|entry| entry.path());
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let below = ["book/src", "specs", "fuzz", "benches", "examples"];
    let below = below.iter().flat_map(|folder| markdown_below(&root().join(folder)));
    let mut pages: Vec<PathBuf> = top.filter(is_page).chain(below).collect();
    pages.sort();
    pages
}

fn each_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    assert!(pages.len() > 50, "where are the pages? {pages:?}");
    let faults: Vec<String> = pages
        .iter()
        .flat_map(|page| faults(page, &fs::read_to_string(page).expect("UTF-8")))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn each_page_of_the_book_is_in_its_summary_and_links_to_nothing_outside_the_book() {
    let book = root().join("book/src");
    let summary = book.join("SUMMARY.md");
    let listed: BTreeSet<PathBuf> = targets(&fs::read_to_string(&summary).expect("the book has a summary"))
        .iter()
        .map(|target| book.join(target))
        .collect();
    let pages = markdown_below(&book);
    let missing: Vec<_> = pages
        .iter()
        .filter(|page| **page != summary && !listed.contains(*page))
        .collect();
    assert!(missing.is_empty(), "SUMMARY.md does not list {missing:?}");
    for page in &pages {
        // A page is read on its own site, where the rest of the repository is not beside it.
        let depth = page.strip_prefix(&book).expect("it is below").components().count() - 1;
        for target in targets(&fs::read_to_string(page).expect("UTF-8")) {
            let up = target.matches("../").count();
            assert!(up <= depth, "{}: {target} leaves the book", page.display());
        }
    }
}

fn the_readme_has_at_most_150_lines_and_its_picture_stands_above_any_table() {
    let text = fs::read_to_string(root().join("README.md")).expect("the package has a README");
    assert!(text.lines().count() <= 150, "{} lines", text.lines().count());
    let picture = text.find("book/src/images/stat-then-write.svg").expect("the picture");
    assert!(
        text.find("\n|").is_none_or(|table| picture < table),
        "a table stands above the picture"
    );
}

fn a_link_that_leads_nowhere_is_a_fault() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let page = folder.path().join("page.md");
    let other = folder.path().join("other.md");
    let text = "# One thing: `a`, *b*\n\n```text\n# No heading\n```\n\n## Again\n## Again\n";
    fs::write(&page, text).expect("it is ours");
    fs::write(&other, "# Other\n").expect("it is ours");
    for sound in [
        "[a](other.md)",
        "![a](other.md#other)",
        "[a](#one-thing-a-b)",
        "[a](#again-1)",
        "[a](https://example.org/none)",
        "`[a](none.md)`",
    ] {
        assert_eq!(faults(&page, sound), [""; 0], "{sound}");
    }
    for (broken, why) in [
        ("[a](none.md)", "no such file"),
        ("![a](none.svg)", "no such file"),
        ("<img src=\"none.svg\">", "no such file"),
        ("[a](other.md#others)", "no such heading"),
        ("[a](#no-heading)", "no such heading"),
        ("[a](#again-2)", "no such heading"),
    ] {
        let found = faults(&page, broken);
        assert!(found.len() == 1 && found[0].contains(why), "{broken}: {found:?}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_link_leads_to_a_file_and_a_heading,
        each_page_of_the_book_is_in_its_summary_and_links_to_nothing_outside_the_book,
        the_readme_has_at_most_150_lines_and_its_picture_stands_above_any_table,
        a_link_that_leads_nowhere_is_a_fault,
    ]
}
