//! Reports: events and verdicts as text, JSON, HTML and other formats; one file per format.
//!
//! A report decides nothing and opens no file: it writes to the given output.

pub mod cost;
pub mod csv;
pub mod gate;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod matrix;
pub mod strace;
pub mod summary;
pub mod svg;
pub mod verdicts;
