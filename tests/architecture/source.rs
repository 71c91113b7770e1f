//! The source files and the module that each one is. Knows no rule.

use std::fs;
use std::path::Path;

/// One file of `src`.
pub(crate) struct Source {
    /// From the root of the package, with slashes: `src/fs/sim/path.rs`.
    pub(crate) path: String,
    /// The text.
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// All files in `src` of the package at `root`.
    pub(crate) fn all_below(root: &Path) -> Vec<Self> {
        let (mut folders, mut sources) = (vec![root.join("src")], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder of the package") {
                let path = entry.expect("readable").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).expect("UTF-8");
                    let below = path.strip_prefix(root).expect("below the root");
                    let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
                    sources.push(Self::new(&names.join("/"), &text));
                }
            }
        }
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources
    }

    /// Whether it is the root of a crate, which may name every module.
    pub(crate) fn is_root(&self) -> bool {
        matches!(self.path.as_str(), "src/lib.rs" | "src/main.rs")
    }

    /// The path of the module from the root of the crate: `fs`, `sim`, `path`.
    pub(crate) fn module(&self) -> Vec<String> {
        if self.is_root() {
            return Vec::new();
        }
        let inner = self.path.strip_prefix("src/").expect("a file of src");
        let inner = inner.strip_suffix(".rs").expect("a Rust file");
        let inner = inner.strip_suffix("/mod").unwrap_or(inner);
        inner.split('/').map(str::to_owned).collect()
    }

    /// Whether it is one of these files, or of one of these modules, which end in a slash.
    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| match place.strip_suffix('/') {
            Some(module) => self.path.starts_with(place) || self.path == format!("{module}.rs"),
            None => self.path == *place,
        })
    }
}
