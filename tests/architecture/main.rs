//! The shape of the code, as data, checked on the syntax tree: who may import whom, and what may be where.
//!
//! Each rule is seen red in `architecture/red.rs`. Doc comments are free: a link is not an import. Tests inside `src` may
//! import what they like; the other rules hold for them too, but printing and `nix` or `libc`.

mod circles;
mod known;
mod names;
mod plain_words;
mod red;
mod red_circles;
mod rules;
mod scopes;
mod source;
mod suites;
mod words;

use std::path::Path;

use circles::{Circle, circles};
use known::KNOWN;
use rules::{Module, faults};
use scopes::{Crate, Scopes};
use source::Source;

/// A crate of the workspace.
struct Layers {
    /// Where its package is, from the root of the workspace, with a slash behind it.
    package: &'static str,
    /// Its name, and the folder of its sources.
    sources: Crate,
    /// Its modules, from the lowest to the highest.
    modules: &'static [Module],
}

/// The crates. Each module may import those above it in its crate, or fewer; which crate may use which one is in the manifests.
///
/// Of a shorter list, `fs` stands for the module with all that is in it, `fs::_` for the types and traits that
/// `fs/mod.rs` names, `fs::call` for one item. Modules of other crates are named as if they were in the same one.
const LAYERS: &[Layers] = &[
    Layers {
        package: "crates/core/",
        sources: Crate {
            name: "onewinner_core",
            root: "crates/core/src",
        },
        modules: CORE,
    },
    Layers {
        package: "crates/linux/",
        sources: Crate {
            name: "onewinner_linux",
            root: "crates/linux/src",
        },
        modules: LINUX,
    },
    Layers {
        package: "crates/check/",
        sources: Crate {
            name: "onewinner_check",
            root: "crates/check/src",
        },
        modules: CHECK,
    },
    Layers {
        package: "crates/command/",
        sources: Crate {
            name: "onewinner_command",
            root: "crates/command/src",
        },
        modules: COMMAND,
    },
    Layers {
        package: "",
        sources: Crate {
            name: "onewinner",
            root: "src",
        },
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
    Module::above("blame"),
    Module::above("sys"),
    Module::above("real_fs"),
    Module::above("pid_table"),
    Module::above("phaser"),
    Module::above("run_directory"),
    Module::above("one_store"),
    Module::above("race"),
    Module::above("tracer"),
];

/// From a plan to its verdict, in the order of the stages.
const CHECK: &[Module] = &[
    Module::above("event"),
    Module::above("error"),
    Module::above("plan"),
    Module::above("preset"),
    Module::above("program_preset"),
    Module::above("progress"),
    Module::above("violation"),
    Module::above("results"),
    Module::above("plan_results"),
    Module::above("session"),
    Module::above("search"),
    Module::above("parallel_search"),
    Module::above("fault_sweep"),
    Module::above("plan_searches"),
    Module::above("loom_run"),
    Module::above("race_run"),
    Module::above("sampled"),
    Module::above("replayer"),
    Module::above("decisive_pair"),
    Module::above("program_context"),
    Module::above("counterexample"),
    Module::above("shrink"),
    Module::above("replay"),
    Module::above("conclude"),
    Module::above("exit"),
    Module::above("check"),
    Module::above("together"),
    Module::above("jobs"),
    Module::above("confirm"),
    Module::above("verdicts"),
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

/// The sources of a crate.
fn sources_of(part: &Layers) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(part.package);
    let sources = Source::all_below(&root);
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"));
    sources
}

#[test]
fn the_code_keeps_its_shape() {
    let mut wrong = Vec::new();
    for part in LAYERS {
        let faults = faults(&sources_of(part), part.modules);
        wrong.extend(faults.iter().map(|fault| format!("{}{fault}", part.package)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other() {
    let mut sources = Vec::new();
    for part in LAYERS {
        let below = sources_of(part).into_iter();
        sources.extend(below.map(|source| Source::new(&format!("{}{}", part.package, source.path), &source.text)));
    }
    let crates: Vec<Crate> = LAYERS.iter().map(|part| part.sources).collect();
    let scopes = Scopes::of(&sources, &crates).expect("the sources parse");
    let circles = circles(&scopes.imports());
    let is_known = |circle: &Circle| KNOWN.iter().any(|known| circle.files.iter().eq(known.iter()));
    let new: Vec<String> = circles
        .iter()
        .filter(|circle| !is_known(circle))
        .map(Circle::to_string)
        .collect();
    assert!(new.is_empty(), "files import each other:\n{}", new.join("\n"));
    let is_there = |known: &[&str]| circles.iter().any(|circle| circle.files.iter().eq(known.iter()));
    let gone: Vec<_> = KNOWN.iter().filter(|known| !is_there(known)).collect();
    assert!(gone.is_empty(), "no circles any more, take them off the list: {gone:?}");
}
