//! What contenders use beside the watched directories, where calls are no steps.
//!
//! Two contenders that use one object there, which either of them changes, may reach each other through it: the execution is
//! lost. Uses are kept over all executions of a search, because the order of calls decides what is used first.

use std::collections::{BTreeMap, BTreeSet};

use onewinner_core::access::{Access, AccessKind, InodeId, Object};
use onewinner_core::id::ProcessId;

/// Who uses which object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Elsewhere(BTreeMap<Object, Used>);

#[derive(Clone, Debug, Default)]
struct Used {
    by: BTreeSet<ProcessId>,
    changed_by: BTreeSet<ProcessId>,
}

impl Elsewhere {
    /// Records a use.
    ///
    /// # Errors
    ///
    /// When another contender uses the object too, and one of them changes it: those who use it.
    pub(crate) fn record(&mut self, process: ProcessId, access: &Access) -> Result<(), BTreeSet<ProcessId>> {
        if !self.0.contains_key(&access.object) {
            self.0.insert(access.object.clone(), Used::default());
        }
        let used = self.0.get_mut(&access.object).expect("it was added");
        used.by.insert(process);
        if access.kind == AccessKind::Store {
            used.changed_by.insert(process);
        }
        let is_shared = |used: &Used| used.by.len() > 1 && !used.changed_by.is_empty();
        if is_shared(used) {
            return Err(used.by.clone());
        }
        // A listing shows each entry that appears or goes.
        let others = match &access.object {
            Object::Entry(directory, _) if access.kind == AccessKind::Store => {
                self.0.get(&Object::Listing(*directory)).map(|used| used.by.clone())
            }
            Object::Listing(directory) => Some(self.changers(*directory)),
            _ => None,
        };
        let mut users = others.unwrap_or_default();
        users.insert(process);
        if users.len() > 1 { Err(users) } else { Ok(()) }
    }

    /// Who changes entries of a directory.
    fn changers(&self, directory: InodeId) -> BTreeSet<ProcessId> {
        let first = Object::Entry(directory, "".into());
        let entries = self
            .0
            .range(first..)
            .take_while(|(object, _)| matches!(object, Object::Entry(of, _) if *of == directory));
        entries.flat_map(|(_, used)| used.changed_by.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(object: Object, kind: AccessKind) -> Access {
        Access { object, kind }
    }

    fn entry(name: &str) -> Object {
        Object::Entry(InodeId::ROOT, name.into())
    }

    #[test]
    fn an_object_is_shared_when_one_of_two_contenders_changes_it() {
        use AccessKind::{Load, Store};
        let listing = || Object::Listing(InodeId::ROOT);
        for (one, other, shared) in [
            (access(entry("a"), Load), access(entry("a"), Load), false),
            (access(entry("a"), Load), access(entry("a"), Store), true),
            (access(entry("a"), Store), access(entry("b"), Store), false),
            (access(entry("a"), Store), access(listing(), Load), true),
            (access(listing(), Load), access(entry("a"), Store), true),
            (access(listing(), Load), access(entry("a"), Load), false),
        ] {
            let mut elsewhere = Elsewhere::default();
            assert_eq!(elsewhere.record(ProcessId(0), &one), Ok(()));
            assert_eq!(elsewhere.record(ProcessId(0), &other), Ok(()), "one contender alone");
            let mut elsewhere = Elsewhere::default();
            assert_eq!(elsewhere.record(ProcessId(0), &one), Ok(()));
            let second = elsewhere.record(ProcessId(1), &other);
            assert_eq!(second.is_err(), shared, "{one:?}, {other:?}");
        }
    }
}
