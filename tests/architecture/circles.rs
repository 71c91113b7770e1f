//! Circles: files that import each other, directly or through others. Knows no names, only which file imports which.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::scopes::Imports;

/// Files that all import each other, directly or through others.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Circle {
    /// The files, in order of their names.
    pub(crate) files: BTreeSet<String>,
    /// A shortest way around, and the names that cause each step.
    pub(crate) way: String,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
        write!(f, "{}\n  all files of the circle: {}", self.way, files.join(", "))
    }
}

/// All of them, each file in one at most: the strongly connected components of more than one file.
pub(crate) fn circles(imports: &Imports) -> BTreeSet<Circle> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|file| (file, reached(imports, file))).collect();
    let both = |a: &String, b: &String| reached[a].contains(b) && reached.get(b).is_some_and(|back| back.contains(a));
    let on_one = imports.keys().filter(|file| both(file, file));
    on_one
        .map(|file| {
            let files: BTreeSet<String> = reached[file]
                .iter()
                .filter(|other| both(file, other))
                .copied()
                .cloned()
                .collect();
            let ways = files.iter().filter_map(|start| way_around(imports, &files, start));
            let shortest = ways.min_by_key(Vec::len).expect("a circle has a way around");
            let way = shown(imports, &shortest);
            Circle { files, way }
        })
        .collect()
}

/// The files that `from` imports, and those that they import, and so on.
fn reached<'a>(imports: &'a Imports, from: &'a String) -> BTreeSet<&'a String> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(file) = open.pop() {
        let targets = imports.get(file).into_iter().flat_map(BTreeMap::keys);
        open.extend(targets.filter(|target| reached.insert(*target)));
    }
    reached
}

/// A shortest way from `start` back to it.
fn way_around<'a>(imports: &'a Imports, files: &BTreeSet<String>, start: &'a String) -> Option<Vec<&'a String>> {
    let (mut queue, mut seen) = (VecDeque::from([vec![start]]), BTreeSet::new());
    while let Some(way) = queue.pop_front() {
        let last = way.last().expect("a way has a start");
        for target in imports.get(*last)?.keys().filter(|target| files.contains(*target)) {
            if target == start {
                return Some(way);
            }
            if seen.insert(target) {
                queue.push_back([way.as_slice(), &[target]].concat());
            }
        }
    }
    None
}

fn shown(imports: &Imports, way: &[&String]) -> String {
    let mut shown = String::new();
    for (place, file) in way.iter().enumerate() {
        let next = way[(place + 1) % way.len()];
        let names: Vec<&str> = imports[*file][next].iter().map(String::as_str).collect();
        shown += &format!("{file} -({})-> ", names.join(", "));
    }
    shown + way[0]
}
