//! Builds the book, and checks that the file and the anchor of each link exist.
//!
//! `cargo run --manifest-path book/build/Cargo.toml` builds into `target/book`. Links to other sites are not checked.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use mdbook_driver::MDBook;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the crate is in the book's folder")?;
    let book = MDBook::load(folder)?;
    book.build()?;
    let built = book.build_dir_for("html");
    let pages = pages(&built)?;
    let faults = faults(&pages);
    for fault in &faults {
        eprintln!("error: {fault}");
    }
    println!("{} pages in {}", pages.len(), built.display());
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The HTML files below a folder with their text.
fn pages(folder: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(pages(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let text = fs::read_to_string(&path)?;
            found.insert(path, text);
        }
    }
    Ok(found)
}

/// The broken links, one per line.
fn faults(pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let anchors: BTreeMap<&Path, BTreeSet<&str>> = pages
        .iter()
        .map(|(path, text)| (path.as_path(), values(text, " id=\"").collect()))
        .collect();
    let mut faults = Vec::new();
    for (page, text) in pages {
        // These two pages may be served at any depth, so their links begin at the root of the site.
        if page.ends_with("404.html") || page.ends_with("toc.html") {
            continue;
        }
        for link in values(text, " href=\"").chain(values(text, " src=\"")) {
            if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                _ => resolved(page, file),
            };
            let there = match anchors.get(target.as_path()) {
                Some(known) => anchor.is_empty() || known.contains(anchor),
                None => anchor.is_empty() && target.is_file(),
            };
            if !there {
                faults.push(format!("{}: the link {link} leads nowhere", page.display()));
            }
        }
    }
    faults
}

/// The values of an attribute.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(key).skip(1).filter_map(|rest| rest.split('"').next())
}

/// A relative link as a path, seen from a page.
fn resolved(page: &Path, link: &str) -> PathBuf {
    let mut path = page.to_path_buf();
    path.pop();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_a_fault() {
        let page = |text: &str| {
            BTreeMap::from([
                (PathBuf::from("/none/a/b.html"), text.to_owned()),
                (PathBuf::from("/none/c.html"), "<h1 id=\"top\">".to_owned()),
            ])
        };
        for (text, number) in [
            ("<a href=\"../c.html\">", 0),
            ("<a href=\"../c.html#top\">", 0),
            ("<h1 id=\"x\"><a href=\"#x\">", 0),
            ("<a href=\"https://example.org\">", 0),
            ("<a href=\"c.html\">", 1),
            ("<a href=\"../c.html#none\">", 1),
            ("<a href=\"#x\">", 1),
            ("<img src=\"../none.svg\">", 1),
        ] {
            assert_eq!(faults(&page(text)).len(), number, "{text}");
        }
    }
}
