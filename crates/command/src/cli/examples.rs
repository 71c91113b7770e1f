//! The examples at the end of each command's help. Each line is a command that works in a checkout of the repository.

pub(super) const ALL: &str = "\
Examples:
  onewinner                                             # a first look, in about ten seconds
  onewinner explore create-new --quick                  # check a lock that comes with onewinner
  onewinner explore --wrap 'flock -n {lock} {hold}'     # check your own program

Exit codes: 0 as claimed, 1 not as claimed, 2 wrong use, 3 inconclusive, 101 bug in onewinner,
130 interrupted. The claim is \"exactly one winner\", unless you give --expect.";

pub(super) const CONFIRM: &str = "\
Examples:
  onewinner confirm
  onewinner confirm --seed 1 --json     # the same numbers again, as JSON";

pub(super) const EXPLORE: &str = "\
By default several configurations run. --scenario chooses one; for a LOCK so does -n or a fault.

Examples:
  onewinner explore stat-then-write -n 2
  onewinner explore --driver 'python3 examples/driver.py {lock}' --quick
  onewinner explore --wrap 'flock -n {lock} {hold}' --kills 1";

pub(super) const RACE: &str = "\
Examples:
  onewinner race create-new --rounds 2000 --dir .
  onewinner race stat-then-write --rounds 200 --align     # finds the bug on any machine";

pub(super) const REPLAY: &str = "\
Exit codes: 1 the violation occurs again, 0 it does not, 3 a call differs.

Examples:
  onewinner replay onewinner-stat-then-write-at-most-one-winner.json
  onewinner replay onewinner-stat-then-write-at-most-one-winner.json --svg race.svg";

pub(super) const LIST: &str = "\
Examples:
  onewinner list
  onewinner list --verdicts flock flock-half-fix";

pub(super) const DOCTOR: &str = "\
Examples:
  onewinner doctor
  onewinner doctor --dir /dev/shm";

pub(super) const GATE: &str = "\
Examples:
  onewinner gate examples/gate
  onewinner gate specs --baseline specs/baseline.toml --junit gate.xml";

pub(super) const MATRIX: &str = "\
Examples:
  onewinner matrix create-new mkdir flock --quick --dir . --dir /dev/shm
  onewinner matrix create-new flock --quick --make tmpfs,overlay --html matrix.html";

pub(super) const BENCH: &str = "\
Examples:
  onewinner bench create-new flock --quick --dir .
  onewinner bench create-new --quick --measure uncontended,losing --csv cost.csv";

pub(super) const MODEL: &str = "\
Examples:
  onewinner model create-new -n 3
  onewinner model stat-then-write -n 2 --rounds 2";
