//! Calls as they are shown: with symbols instead of process numbers, and paths that begin at the directory of the lock.

use std::path::Path;

use super::decode::Decoded;
use super::programs::Programs;
use super::watched_tree::without_detours;
use crate::sys::syscalls::SyscallClass;
use onewinner_core::fs::call::{Argument, Call};

/// Replaces process numbers by symbols, because they differ between executions. They also differ in length: so the length of
/// a write is that of the text shown.
fn symbolise(arguments: &mut [Argument], class: SyscallClass, canonical: impl Fn(&str) -> String) {
    let of_a_process = matches!(class, SyscallClass::Kill | SyscallClass::Ask);
    let mut bytes = None;
    for argument in arguments {
        let Argument::Text(text) = argument else { continue };
        // Descriptors and flags are numbers too.
        if of_a_process || text.starts_with('"') {
            let shown = canonical(text);
            bytes = (class == SyscallClass::Write).then_some((text.len(), shown.len()));
            *text = shown;
        } else if let Some((asked, shown)) = bytes.take()
            && let Ok(length) = text.parse::<usize>()
        {
            *text = (length + shown).saturating_sub(asked).to_string();
        }
    }
}

impl Programs {
    /// The call as it is shown: without what differs between executions.
    pub(super) fn shown(&self, decoded: &Decoded) -> Call {
        let mut call = decoded.call.clone();
        if let Call::Foreign { arguments, .. } = &mut call {
            for argument in arguments.iter_mut() {
                // Such a path begins at the root of the machine; one inside begins at the watched directory.
                if let Argument::Path(path) = argument
                    && !self.is_shown_as_a_path(&without_detours(path))
                {
                    *argument = Argument::Text(format!("{:?}", self.tree.shown(path)));
                } else if let Argument::Text(text) = argument {
                    *text = self.tree.without_roots(text);
                }
            }
            symbolise(arguments, decoded.system.class, |text| self.tree.canonical(text));
        }
        for path in call.paths_mut() {
            *path = self.tree.shown(path);
        }
        call
    }

    /// Whether a path is shown as one: others begin at the root of the machine.
    fn is_shown_as_a_path(&self, path: &Path) -> bool {
        self.tree.leads_from_roots(path) || self.sharing.is_of_the_lock(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_shown_alike_however_long_the_numbers_of_processes_are() {
        let shown = |class, texts: &[&str]| {
            let mut arguments: Vec<_> = texts.iter().map(|text| Argument::Text((*text).to_owned())).collect();
            symbolise(&mut arguments, class, |text| {
                text.replace("99999", "<P1>").replace("999", "<P1>")
            });
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            arguments.join(", ")
        };
        for number in ["999", "99999"] {
            let (bytes, length) = (format!("{number:?}"), number.len().to_string());
            assert_eq!(
                shown(SyscallClass::Write, &["3", &bytes, &length, "0"]),
                r#"3, "<P1>", 4, 0"#
            );
            assert_eq!(shown(SyscallClass::Ask, &[number]), "<P1>");
        }
        // Neither a descriptor nor a length is a process number.
        assert_eq!(shown(SyscallClass::Write, &["999", "\"a\"", "999"]), "999, \"a\", 999");
    }
}
