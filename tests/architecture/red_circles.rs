//! Circles seen red: small sources that have one, and near misses that have none.

use crate::circles::circles;
use crate::scopes::{Crate, Scopes};
use crate::source::Source;

const CRATES: &[Crate] = &[
    Crate {
        name: "top",
        root: "src",
    },
    Crate {
        name: "top_core",
        root: "crates/core/src",
    },
];

/// The circles of these files, each as the shortest way around it.
fn ways(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    let imports = Scopes::of(&sources, CRATES).expect("sources that parse").imports();
    circles(&imports).into_iter().map(|circle| circle.way).collect()
}

#[test]
fn two_files_that_import_each_other_are_a_circle_however_they_do_it() {
    let a = [
        "use crate::b::B; pub struct A;",
        "use super::b::B; pub struct A;",
        "use crate::b; pub struct A; fn f() { b::B; }",
        "use crate::b::*; pub struct A; fn f(_: B) {}",
        "use crate::B; pub struct A;",
        "pub struct A; fn f() -> crate::b::B { todo!() }",
        "pub struct A; fn f() { assert!(matches!(1, crate::b::B)); }",
        "pub struct A; mod inner { use super::super::b::B; }",
        "pub struct A; fn f() { use crate::b::B; }",
        "pub use crate::b::B; pub struct A;",
        "use crate::b::B as _; pub struct A;",
        "pub struct A; impl crate::b::B for A {}",
        "pub struct A; fn f() { crate::b::made_by_a_macro(); }",
        "#[cfg(not(test))] use crate::b::B; pub struct A;",
        "use top::b::B; pub struct A;",
    ];
    for a in a {
        let files = [
            ("src/lib.rs", "mod a; mod b; pub use b::B;"),
            ("src/a.rs", a),
            ("src/b.rs", "use crate::a::A; pub struct B;"),
        ];
        let ways = ways(&files);
        assert_eq!(ways.len(), 1, "{a}");
        assert!(ways[0].contains("src/b.rs -(A)-> src/a.rs"), "{ways:?}");
    }
}

#[test]
fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
    for (parent, child) in [
        (
            "mod child; pub struct P; fn f() { child::f() }",
            "use super::P; pub fn f() {}",
        ),
        (
            "mod child; pub use child::f; pub struct P; fn g() { f() }",
            "use super::P; pub fn f() {}",
        ),
        (
            "mod child; use child::f; pub struct P;",
            "pub fn f() -> super::P { todo!() }",
        ),
        (
            "mod child; pub struct P(child::C);",
            "use super::*; pub struct C; fn f(_: P) {}",
        ),
    ] {
        let found = ways(&[
            ("src/lib.rs", "mod p;"),
            ("src/p/mod.rs", parent),
            ("src/p/child.rs", child),
        ]);
        assert_eq!(found.len(), 1, "{parent} {child}");
    }
}

#[test]
fn a_longer_circle_is_reported_once_with_the_names_of_each_step() {
    let found = ways(&[
        ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
        ("src/a.rs", "use crate::b::{B, g}; pub struct A;"),
        ("src/b.rs", "use crate::c::C; pub struct B; pub fn g() {}"),
        ("src/c.rs", "use crate::a::A; pub struct C;"),
        ("src/d.rs", "use crate::a::A; pub struct D;"),
    ]);
    assert_eq!(found, ["src/a.rs -(B, g)-> src/b.rs -(C)-> src/c.rs -(A)-> src/a.rs"]);
}

#[test]
fn crates_can_be_on_one_circle() {
    let found = ways(&[
        ("src/lib.rs", "mod a;"),
        ("src/a.rs", "use top_core::b::B; pub struct A;"),
        ("crates/core/src/lib.rs", "pub mod b;"),
        ("crates/core/src/b.rs", "pub struct B(top::a::A);"),
    ]);
    assert_eq!(
        found,
        ["crates/core/src/b.rs -(A)-> src/a.rs -(B)-> crates/core/src/b.rs"]
    );
}

#[test]
fn near_misses_are_no_circles() {
    let free: &[&[(&str, &str)]] = &[
        // A re-export is followed to the child that defines the item.
        &[
            (
                "src/p/mod.rs",
                "mod child; mod types; pub use child::f; pub use types::P;",
            ),
            ("src/p/child.rs", "use super::P; pub fn f() {}"),
            ("src/p/types.rs", "pub struct P;"),
        ],
        &[
            (
                "src/p/mod.rs",
                "mod child; mod types; pub use types::*; pub fn g() { child::f() }",
            ),
            ("src/p/child.rs", "pub fn f(_: crate::p::P) {}"),
            ("src/p/types.rs", "pub struct P;"),
        ],
        // One direction only.
        &[
            ("src/p/mod.rs", "mod child; pub struct P; pub use child::C;"),
            ("src/p/child.rs", "use super::P; pub struct C;"),
        ],
        &[
            ("src/p/mod.rs", "mod child; pub struct P(child::C);"),
            ("src/p/child.rs", "use super::super::p; pub struct C;"),
        ],
        // Tests may import what they like.
        &[
            ("src/a.rs", "use crate::b::B; pub struct A;"),
            ("src/b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        ],
        &[
            ("src/a.rs", "use crate::b::B; pub struct A;"),
            ("src/b/mod.rs", "pub struct B; #[cfg(test)] mod tests;"),
            ("src/b/tests.rs", "use crate::a::A; use super::B;"),
        ],
        // Links in doc comments are free, and so is a visibility.
        &[
            ("src/a.rs", "use crate::b::B; pub struct A;"),
            ("src/b.rs", "/// [`A`](crate::a::A)\npub(in crate::a) struct B;"),
        ],
        // A module and a function of one name are two things.
        &[
            ("src/lib.rs", "mod a; mod b; pub use b::a;"),
            ("src/a.rs", "pub struct A;"),
            ("src/b.rs", "use crate::a; pub fn a(_: a::A) {}"),
            ("src/c.rs", "pub struct C;"),
        ],
        &[
            ("src/lib.rs", "mod explore; mod own; pub use own::explore;"),
            ("src/explore.rs", "pub struct Search;"),
            ("src/check.rs", "use crate::explore; pub fn f(_: explore::Search) {}"),
            ("src/own.rs", "use crate::check::f; pub fn explore() {}"),
        ],
        // A path of one crate is not that of another.
        &[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "use top_core::b::B; pub struct A;"),
            ("src/b.rs", "use crate::a::A; pub struct B;"),
            ("crates/core/src/lib.rs", "pub mod b;"),
            ("crates/core/src/b.rs", "pub struct B;"),
        ],
        // A file that uses itself.
        &[("src/a.rs", "use crate::a::A as Again; pub struct A; fn f(_: Again) {}")],
        &[
            ("src/main.rs", "fn main() { top::a::f() }"),
            ("src/a.rs", "pub fn f() {}"),
        ],
    ];
    for files in free {
        let modules = "pub mod a; pub mod b; pub mod c; pub mod check; pub mod explore; pub mod own; pub mod p;";
        let root = files
            .iter()
            .all(|(path, _)| *path != "src/lib.rs")
            .then_some(("src/lib.rs", modules));
        let files: Vec<_> = root.iter().chain(*files).copied().collect();
        let found = ways(&files);
        assert!(found.is_empty(), "{files:?}\n{found:?}");
    }
}
