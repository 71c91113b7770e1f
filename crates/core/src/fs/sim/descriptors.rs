//! Descriptors: opening, closing, and the open file descriptions that they refer to.

use super::State;
use super::tables::{Actor, Description, Member, Owner, Table};
use crate::access::{Accesses, InodeId, Object};
use crate::fs::{Errno, Fd};
use crate::id::ProcessId;

impl State {
    pub(super) fn table(&self, process: Option<ProcessId>) -> &Table {
        &self.tables[process.map_or(0, |process| process.index() + 1)]
    }

    pub(super) fn table_mut(&mut self, process: Option<ProcessId>) -> &mut Table {
        &mut self.tables[process.map_or(0, |process| process.index() + 1)]
    }

    /// The descriptors of the caller; a child that does not exist has none.
    pub(super) fn descriptors(&self, actor: Actor) -> &[Option<usize>] {
        let table = self.table(actor.process);
        match actor.member {
            Member::Parent => &table.descriptors,
            Member::Child => table.child.as_deref().unwrap_or_default(),
        }
    }

    fn descriptors_mut(&mut self, actor: Actor) -> &mut Vec<Option<usize>> {
        let table = self.table_mut(actor.process);
        match actor.member {
            Member::Parent => &mut table.descriptors,
            Member::Child => table.child.as_mut().expect("a child that does not exist makes no call"),
        }
    }

    /// The identity of the next inode of this process. It does not depend on what others created.
    pub(super) fn next_id(&mut self, actor: Actor) -> InodeId {
        let table = self.table_mut(actor.process);
        table.created += 1;
        InodeId {
            creator: actor.process,
            serial: table.created,
        }
    }

    /// Assigns the lowest free descriptor to a new description.
    pub(super) fn install(&mut self, actor: Actor, description: Description, touched: &mut Accesses) -> Fd {
        self.pin(description.inode, touched);
        let place = match self.descriptions.iter().position(Option::is_none) {
            Some(place) => place,
            None => {
                self.descriptions.push(None);
                self.descriptions.len() - 1
            }
        };
        self.descriptions[place] = Some(description);
        let descriptors = self.descriptors_mut(actor);
        let number = match descriptors.iter().position(Option::is_none) {
            Some(number) => number,
            None => {
                descriptors.push(None);
                descriptors.len() - 1
            }
        };
        descriptors[number] = Some(place);
        Fd(u32::try_from(number).expect("a simulated process opens few files"))
    }

    /// Any close releases the record lock of the process on the inode (`fs/open.c`, `filp_flush`). The last close of a
    /// description releases the locks of the description (`fs/file_table.c`, `__fput`).
    pub(super) fn close(&mut self, actor: Actor, fd: Fd, touched: &mut Accesses) -> Result<(), Errno> {
        let place = self.place(actor, fd)?;
        self.descriptors_mut(actor)[fd.0 as usize] = None;
        let inode = self.opened(place).inode;
        self.drop_record(inode, Owner::Process(actor), touched);
        let description = self.opened_mut(place);
        description.descriptors -= 1;
        if description.descriptors > 0 {
            return Ok(());
        }
        if description.lock.is_some() {
            touched.store(Object::Locks(inode));
        }
        self.descriptions[place] = None;
        self.drop_record(inode, Owner::Description(place), touched);
        self.unpin(inode, touched);
        Ok(())
    }

    pub(super) fn description(&self, actor: Actor, fd: Fd) -> Result<&Description, Errno> {
        self.place(actor, fd).map(|place| self.opened(place))
    }

    pub(super) fn description_mut(&mut self, actor: Actor, fd: Fd) -> Result<&mut Description, Errno> {
        self.place(actor, fd).map(|place| self.opened_mut(place))
    }

    /// The description at an index that some descriptor refers to.
    pub(super) fn opened(&self, place: usize) -> &Description {
        let description = self.descriptions[place].as_ref();
        description.expect("a descriptor refers to an open description")
    }

    pub(super) fn opened_mut(&mut self, place: usize) -> &mut Description {
        let description = self.descriptions[place].as_mut();
        description.expect("a descriptor refers to an open description")
    }

    pub(super) fn place(&self, actor: Actor, fd: Fd) -> Result<usize, Errno> {
        let descriptors = self.descriptors(actor);
        descriptors.get(fd.0 as usize).copied().flatten().ok_or(Errno::EBADF)
    }
}
