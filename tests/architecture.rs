//! The shape of the code, as data, checked on the syntax tree: who may import whom, and what may stand where.
//!
//! Each rule is seen red in `architecture/red.rs`. Doc comments are free: a link is no import. Tests inside `src` may
//! import what they like; the other rules hold for them too, but printing and `nix` or `libc`.

#[path = "architecture/names.rs"]
mod names;
#[path = "architecture/red.rs"]
mod red;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/words.rs"]
mod words;

use std::path::Path;

use rules::{Module, faults};
use source::Source;

/// Each module may import those above it, or fewer.
///
/// Of a shorter list, `fs` stands for the module with all that is in it, `fs::_` for the types and traits that
/// `fs/mod.rs` names, `fs::call` for one item.
const TABLE: &[Module] = &[
    Module::above("id"),
    Module::above("access"),
    Module::above("schedule"),
    Module::above("happens_before"),
    Module::above("fs"),
    Module::only("primitive", &["fs::_", "fs::call"]),
    Module::only("workload", &["fs::_", "fs::call", "primitive::_"]),
    Module::above("scenario"),
    Module::above("history"),
    Module::only("explore", &["id", "access", "schedule", "happens_before"]),
    Module::above("sys"),
    Module::above("backend"),
    Module::only(
        "property",
        &[
            "id",
            "access",
            "happens_before",
            "history",
            "fs::call",
            "fs::Flock",
            "fs::RecordLock",
        ],
    ),
    Module::above("verdict"),
    Module::above("statistics"),
    Module::above("check"),
    Module::above("claim"),
    Module::above("mount"),
    Module::above("cost"),
    Module::above("matrix"),
    Module::only(
        "report",
        &[
            "id",
            "access",
            "schedule",
            "fs::call",
            "fs::Errno",
            "primitive::Expectation",
            "scenario",
            "history",
            "verdict",
            "statistics",
            "check",
            "claim",
            "cost",
            "matrix",
        ],
    ),
    Module::above("own"),
    Module::above("cli"),
];

#[test]
fn the_code_keeps_its_shape() {
    let sources = Source::all_below(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"));
    let faults = faults(&sources, TABLE);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
