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

/// A crate of the workspace: where it is, and its modules from the lowest to the highest.
struct Crate {
    directory: &'static str,
    modules: &'static [Module],
}

/// The crates. Each module may import those above it in its crate, or fewer; which crate may use which one is in the manifests.
///
/// Of a shorter list, `fs` stands for the module with all that is in it, `fs::_` for the types and traits that
/// `fs/mod.rs` names, `fs::call` for one item. Modules of other crates are named as if they were in the same one.
const CRATES: &[Crate] = &[
    Crate {
        directory: "crates/core",
        modules: CORE,
    },
    Crate {
        directory: "crates/linux",
        modules: LINUX,
    },
    Crate {
        directory: "crates/check",
        modules: CHECK,
    },
    Crate {
        directory: "crates/command",
        modules: COMMAND,
    },
    Crate {
        directory: ".",
        modules: LIBRARY,
    },
];

const CORE: &[Module] = &[
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
];

const LINUX: &[Module] = &[
    Module::above("sys"),
    Module::above("real_fs"),
    Module::above("pid_table"),
    Module::above("phaser"),
    Module::above("run_directory"),
    Module::above("one_store"),
    Module::above("race"),
    Module::above("tracer"),
];

/// Files beside each other: the crate is one stage.
const CHECK: &[Module] = &[
    Module::anywhere("plan"),
    Module::anywhere("preset"),
    Module::anywhere("watch"),
    Module::anywhere("parts"),
    Module::anywhere("tally"),
    Module::anywhere("searches"),
    Module::anywhere("rounds"),
    Module::anywhere("modelled"),
    Module::anywhere("raced"),
    Module::anywhere("sampled"),
    Module::anywhere("follow"),
    Module::anywhere("counterexample"),
    Module::anywhere("replay"),
    Module::anywhere("decisive"),
    Module::anywhere("shown"),
    Module::anywhere("jobs"),
    Module::anywhere("confirm"),
    Module::anywhere("verdicts"),
    Module::only(
        "text",
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
        ],
    ),
];

const COMMAND: &[Module] = &[
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
    Module::above("cli"),
];

const LIBRARY: &[Module] = &[Module::above("testing")];

#[test]
fn the_code_keeps_its_shape() {
    let mut wrong = Vec::new();
    for part in CRATES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(part.directory);
        let sources = Source::all_below(&root);
        assert!(sources.iter().any(|source| source.path == "src/lib.rs"));
        let faults = faults(&sources, part.modules);
        wrong.extend(faults.iter().map(|fault| format!("{}/{fault}", part.directory)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
