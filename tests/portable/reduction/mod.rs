//! The reduction against the exhaustive search: the same classes, one execution each, none blocked; and the traps that
//! lose classes.

mod bounded;
mod cells;
mod counting;
mod estimates;
mod kills;
mod minimise;
mod program;
mod random;
mod rounds;
mod script;
mod sleep_sets;
mod sleeps;
mod traps;
mod zoo;
