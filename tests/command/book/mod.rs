//! The book and the README as files: their links lead somewhere, the reference names each option, and the
//! picture is the one that a real run makes.
//!
//! The commands in them are run by `readme.rs`.

mod links;
mod options;
mod picture;
