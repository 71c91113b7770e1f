//! What `explore` needs of the kernel to run real processes, and what is lost without it: a row each.
//!
//! A container refuses some of it, and so may the settings of the machine. Tries nothing: [`Findings`] holds what was found.

use std::fs;
use std::path::Path;

use super::row::Row;
use onewinner_linux::sys::abilities::{Abilities, Namespace};

/// What was found.
pub(super) struct Findings {
    abilities: Abilities,
    /// The settings that refuse something, as `sysctl` arguments that allow it.
    refusing: Vec<&'static str>,
}

/// A setting of the kernel, and when it refuses something: [sysctl(8)](https://man7.org/linux/man-pages/man8/sysctl.8.html).
struct Setting {
    /// Its path below `/proc/sys`.
    path: &'static str,
    /// Whether it refuses, with this value.
    refuses: fn(i64) -> bool,
    /// The argument of `sysctl` that allows it.
    allow: &'static str,
}

/// Yama's limit on tracing: `Documentation/admin-guide/LSM/Yama.rst` of the kernel.
const TRACING: &[Setting] = &[Setting {
    path: "kernel/yama/ptrace_scope",
    refuses: |scope| scope > 1,
    allow: "kernel.yama.ptrace_scope=1",
}];

/// The limits on namespaces: namespaces(7), and the additions of Debian and Ubuntu.
const NAMESPACES: &[Setting] = &[
    Setting {
        path: "user/max_user_namespaces",
        refuses: |most| most == 0,
        allow: "user.max_user_namespaces=10000",
    },
    Setting {
        path: "kernel/unprivileged_userns_clone",
        refuses: |allowed| allowed == 0,
        allow: "kernel.unprivileged_userns_clone=1",
    },
    Setting {
        path: "kernel/apparmor_restrict_unprivileged_userns",
        refuses: |restricted| restricted != 0,
        allow: "kernel.apparmor_restrict_unprivileged_userns=0",
    },
];

/// The name of a kind, and what is lost without it.
fn namespace(kind: Namespace) -> (&'static str, &'static str) {
    match kind {
        Namespace::User => ("user", "a normal user can make no other namespace"),
        Namespace::Process => (
            "process",
            "process numbers differ from one execution to the next, and programs see the processes of the machine",
        ),
        Namespace::Mount => ("mount", "programs can change files of the machine beside the lock"),
        Namespace::Network => ("network", "programs share the ports of the machine"),
        Namespace::Ipc => ("ipc", "programs share the message queues and semaphores of the machine"),
    }
}

impl Findings {
    /// Tries what the kernel allows, and reads its settings.
    pub(super) fn look() -> Self {
        let settings = TRACING.iter().chain(NAMESPACES);
        let refusing = settings.filter(|setting| {
            let text = fs::read_to_string(Path::new("/proc/sys").join(setting.path)).ok();
            let value = text.and_then(|text| text.trim().parse().ok());
            value.is_some_and(setting.refuses)
        });
        Self {
            refusing: refusing.map(|setting| setting.allow).collect(),
            abilities: Abilities::look(),
        }
    }

    /// A row for each feature.
    pub(super) fn rows(&self) -> Vec<Row> {
        let Abilities {
            ptrace,
            seccomp,
            fixed_addresses,
            ..
        } = &self.abilities;
        let no_processes = "`explore` cannot run real processes";
        let mut rows = vec![
            Row {
                hinders: ptrace.is_err(),
                ..feature(
                    "ptrace",
                    ptrace
                        .as_ref()
                        .map(|()| "allowed")
                        .map_err(|why| format!("refused: {why}")),
                    no_processes,
                    &self.advice(TRACING, "--cap-add=SYS_PTRACE"),
                )
            },
            Row {
                hinders: seccomp.is_err(),
                ..feature(
                    "seccomp",
                    seccomp
                        .as_ref()
                        .map(|()| "allowed")
                        .map_err(|why| format!("refused: {why}")),
                    no_processes,
                    "in a container, add `--security-opt seccomp=unconfined`; otherwise use a kernel with CONFIG_SECCOMP_FILTER",
                )
            },
            feature(
                "addresses",
                fixed_addresses
                    .as_ref()
                    .map(|()| "the same in each execution")
                    .map_err(|why| format!("random: {why}")),
                "a program that depends on addresses may not replay",
                "in a container, add `--security-opt seccomp=unconfined`",
            ),
        ];
        rows.extend(self.namespaces());
        rows.push(self.last_pid());
        rows
    }

    /// The namespaces that can be made, then a row for each that cannot; the last says how to allow them.
    fn namespaces(&self) -> Vec<Row> {
        let tried = || Namespace::ALL.into_iter().zip(&self.abilities.namespaces);
        let made: Vec<&str> = tried()
            .filter(|(_, tried)| tried.is_ok())
            .map(|(kind, _)| namespace(kind).0)
            .collect();
        let made = if made.is_empty() {
            "none".to_owned()
        } else {
            made.join(", ")
        };
        let refused = tried().filter_map(|(kind, tried)| Some((namespace(kind), tried.as_ref().err()?)));
        let mut rows = vec![Row::supported("namespaces", made)];
        rows.extend(refused.map(|((name, lost), why)| Row {
            lost: Some(lost.to_owned()),
            ..Row::supported("namespace", format!("{name} refused: {why}"))
        }));
        if let [_, .., last] = &mut rows[..] {
            let flags = "--cap-add=SYS_ADMIN --security-opt apparmor=unconfined";
            last.change = Some(self.advice(NAMESPACES, flags));
        }
        rows
    }

    fn last_pid(&self) -> Row {
        let advice = if self.abilities.namespaces.iter().all(Result::is_ok) {
            "in a container, add `--security-opt systempaths=unconfined`"
        } else {
            "allow the namespaces above"
        };
        feature(
            "ns_last_pid",
            self.abilities
                .last_pid
                .as_ref()
                .map(|()| "writable in a process namespace")
                .map_err(|why| format!("not writable: {why}")),
            "a program that shows its process number is started anew for each execution, which takes longer",
            advice,
        )
    }

    /// The `sysctl` command if a setting refuses it, otherwise what to add to the command that starts a container.
    fn advice(&self, settings: &[Setting], flags: &str) -> String {
        let own = |allow: &&&str| settings.iter().any(|setting| setting.allow == **allow);
        let refusing: Vec<&str> = self.refusing.iter().filter(own).copied().collect();
        if refusing.is_empty() {
            format!("in a container, add `{flags}`")
        } else {
            format!("as root, run `sysctl {}`", refusing.join(" "))
        }
    }
}

/// The row of a feature that is there, or why it is not.
fn feature(what: &str, found: Result<&str, String>, lost: &str, change: &str) -> Row {
    match found {
        Ok(found) => Row::supported(what, found.to_owned()),
        Err(found) => Row {
            lost: Some(lost.to_owned()),
            change: Some(change.to_owned()),
            ..Row::supported(what, found)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(findings: &Findings, expected: &str) {
        let mut text = Vec::new();
        for row in findings.rows() {
            row.write(&mut text).expect("it is memory");
        }
        assert_eq!(String::from_utf8(text).expect("UTF-8"), expected);
    }

    fn everything() -> Abilities {
        Abilities {
            ptrace: Ok(()),
            seccomp: Ok(()),
            fixed_addresses: Ok(()),
            namespaces: Namespace::ALL.map(|_| Ok(())),
            last_pid: Ok(()),
        }
    }

    const REFUSED: &str = "operation not permitted (EPERM)";

    #[test]
    fn what_is_there_has_a_line_each_and_nothing_to_change() {
        let (abilities, refusing) = (everything(), Vec::new());
        check(
            &Findings { abilities, refusing },
            "\
ptrace       allowed
seccomp      allowed
addresses    the same in each execution
namespaces   user, process, mount, network, ipc
ns_last_pid  writable in a process namespace
",
        );
    }

    #[test]
    fn what_is_missing_has_what_it_costs_and_how_to_allow_it() {
        let refused = || Err(REFUSED.to_owned());
        let abilities = Abilities {
            ptrace: refused(),
            seccomp: refused(),
            fixed_addresses: refused(),
            namespaces: Namespace::ALL.map(|_| refused()),
            last_pid: refused(),
        };
        let refusing = Vec::new();
        check(
            &Findings { abilities, refusing },
            "\
ptrace       refused: operation not permitted (EPERM); `explore` cannot run real processes
             → in a container, add `--cap-add=SYS_PTRACE`
seccomp      refused: operation not permitted (EPERM); `explore` cannot run real processes
             → in a container, add `--security-opt seccomp=unconfined`; otherwise use a kernel with CONFIG_SECCOMP_FILTER
addresses    random: operation not permitted (EPERM); a program that depends on addresses may not replay
             → in a container, add `--security-opt seccomp=unconfined`
namespaces   none
namespace    user refused: operation not permitted (EPERM); a normal user can make no other namespace
namespace    process refused: operation not permitted (EPERM); process numbers differ from one execution to the next, and \
programs see the processes of the machine
namespace    mount refused: operation not permitted (EPERM); programs can change files of the machine beside the lock
namespace    network refused: operation not permitted (EPERM); programs share the ports of the machine
namespace    ipc refused: operation not permitted (EPERM); programs share the message queues and semaphores of the machine
             → in a container, add `--cap-add=SYS_ADMIN --security-opt apparmor=unconfined`
ns_last_pid  not writable: operation not permitted (EPERM); a program that shows its process number is started anew for \
each execution, which takes longer
             → allow the namespaces above
",
        );
    }

    #[test]
    fn a_setting_that_refuses_is_named_instead_of_the_flags_of_a_container() {
        let mut abilities = everything();
        abilities.ptrace = Err(REFUSED.to_owned());
        abilities.namespaces[0] = Err(REFUSED.to_owned());
        let refusing = vec![
            "kernel.yama.ptrace_scope=1",
            "user.max_user_namespaces=10000",
            "kernel.unprivileged_userns_clone=1",
        ];
        check(
            &Findings { abilities, refusing },
            "\
ptrace       refused: operation not permitted (EPERM); `explore` cannot run real processes
             → as root, run `sysctl kernel.yama.ptrace_scope=1`
seccomp      allowed
addresses    the same in each execution
namespaces   process, mount, network, ipc
namespace    user refused: operation not permitted (EPERM); a normal user can make no other namespace
             → as root, run `sysctl user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1`
ns_last_pid  writable in a process namespace
",
        );
    }
}
