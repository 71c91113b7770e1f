//! The next system call of a stopped process, and the memory that its arguments point to.
//!
//! Knows no call by name.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// A call that a traced process is about to make:
/// [`PTRACE_GET_SYSCALL_INFO`](https://man7.org/linux/man-pages/man2/ptrace.2.html), the same for every architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `AUDIT_ARCH_*`: its calling convention, which may differ from the machine's native one.
    pub architecture: u32,
    /// The number of the call in that convention.
    pub number: u64,
    /// Six arguments; the call may take fewer.
    pub arguments: [u64; 6],
}

/// The entry of a task that is stopped at no call.
pub const NO_CALL: Entry = Entry {
    architecture: 0,
    number: u64::MAX,
    arguments: [0; 6],
};

/// The memory of a stopped process.
#[derive(Debug)]
pub struct Memory(File);

/// The size of one read: most strings lie within one page.
const CHUNK_BYTES: usize = 256;
/// The size of one read of the stack: a usual environment and the vectors around it.
const STACK_BYTES: usize = 2048;

impl Memory {
    /// The memory of the process or thread `task`, usable until that calls execve.
    ///
    /// # Errors
    ///
    /// When the task has ended, or may not be traced.
    pub fn of(task: i32) -> io::Result<Self> {
        let path = format!("/proc/{task}/mem");
        Ok(Self(File::options().read(true).write(true).open(path)?))
    }

    /// Reads bytes, fewer where the mapping ends.
    ///
    /// # Errors
    ///
    /// `EIO` where nothing is mapped.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(buffer, address)
    }

    /// Writes all the bytes.
    ///
    /// # Errors
    ///
    /// `EIO` where nothing is mapped.
    pub fn write(&self, address: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, address)
    }

    /// Reads a string up to its terminating zero byte, at most `most` bytes.
    ///
    /// # Errors
    ///
    /// `EIO` where nothing is mapped.
    pub fn string(&self, address: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut string = Vec::new();
        while string.len() < most {
            let mut chunk = [0; CHUNK_BYTES];
            let read = self.read(address + string.len() as u64, &mut chunk)?;
            let end = chunk[..read].iter().position(|byte| *byte == 0);
            string.extend_from_slice(&chunk[..end.unwrap_or(read)]);
            if end.is_some() || read == 0 {
                break;
            }
        }
        string.truncate(most);
        Ok(string)
    }
}

/// `AT_NULL`, `AT_IGNORE` and `AT_SYSINFO_EHDR` of the auxiliary vector
/// ([getauxval(3)](https://man7.org/linux/man-pages/man3/getauxval.3.html)).
const VECTOR_ENDS: u64 = 0;
/// See [`VECTOR_ENDS`].
const IGNORED: u64 = 1;
/// See [`VECTOR_ENDS`].
const KERNEL_CODE: u64 = 33;
/// `AT_RANDOM`: where the kernel has put random bytes for the program.
const RANDOM: u64 = 25;
/// `AT_BASE`: where the dynamic loader is in memory.
const LOADER: u64 = 7;
/// How many random bytes there are.
pub const RANDOM_BYTES: u64 = 16;
/// An ELF header and its program headers ([elf(5)](https://man7.org/linux/man-pages/man5/elf.5.html)): sizes in bytes, and the
/// places of `e_phoff`, `e_phentsize`, `e_phnum`, `p_vaddr` and `p_memsz`. `PT_LOAD` is the type of what is in memory.
const HEADER_BYTES: usize = 64;
/// See [`HEADER_BYTES`].
const SEGMENTS_AT: usize = 32;
/// See [`HEADER_BYTES`].
const SEGMENT_SIZE_AT: usize = 54;
/// See [`HEADER_BYTES`].
const SEGMENT_COUNT_AT: usize = 56;
/// See [`HEADER_BYTES`].
const SEGMENT_BYTES: usize = 56;
/// See [`HEADER_BYTES`].
const SEGMENT_ADDRESS_AT: usize = 16;
/// See [`HEADER_BYTES`].
const SEGMENT_LENGTH_AT: usize = 40;
/// See [`HEADER_BYTES`].
const LOADED: u32 = 1;
/// The most program headers that are read: a dynamic loader has about ten.
const MOST_SEGMENTS: u64 = 64;
/// The most words between the beginning of the stack and the auxiliary vector.
const MOST_WORDS: u64 = 1 << 20;

/// The words of a stack, read many at a time.
struct Words<'a> {
    memory: &'a Memory,
    /// The beginning of the stack, upwards.
    stack: u64,
    /// Those that were read.
    read: Vec<u8>,
}

impl<'a> Words<'a> {
    fn new(memory: &'a Memory, stack: u64) -> Self {
        let read = Vec::new();
        Self { memory, stack, read }
    }

    /// The word at this place, counted from the beginning of the stack.
    fn get(&mut self, place: u64) -> io::Result<u64> {
        const WORD: usize = 8;
        let begin = usize::try_from(place).map_or(usize::MAX, |place| place.saturating_mul(WORD));
        while self.read.len() < begin.saturating_add(WORD) {
            let known = self.read.len();
            self.read.resize(known + STACK_BYTES, 0);
            let read = self.memory.read(self.stack + known as u64, &mut self.read[known..])?;
            self.read.truncate(known + read);
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(u64::from_ne_bytes(std::array::from_fn(|byte| self.read[begin + byte])))
    }
}

/// What the kernel gives to a program that has not begun, in the auxiliary vector of its stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Auxiliary {
    /// The place of the entry for the vDSO.
    kernel_code: Option<u64>,
    /// The address of the random bytes.
    pub random: Option<u64>,
    /// The address of the dynamic loader; 0 or `None` if there is none.
    loader: Option<u64>,
}

impl Auxiliary {
    /// Reads the vector. `stack` is the beginning of the stack.
    ///
    /// # Errors
    ///
    /// When the memory does not look as execve leaves it.
    pub fn of(memory: &Memory, stack: u64) -> io::Result<Self> {
        let mut words = Words::new(memory, stack);
        let mut word = |place: u64| words.get(place);
        // The number of arguments, the arguments, a zero, the environment, a zero; then pairs.
        let mut place = 1 + word(0)? + 1;
        while place < MOST_WORDS && word(place)? != 0 {
            place += 1;
        }
        place += 1;
        let mut found = Self::default();
        while place < MOST_WORDS {
            match word(place)? {
                VECTOR_ENDS => return Ok(found),
                KERNEL_CODE => found.kernel_code = Some(stack + 8 * place),
                RANDOM => found.random = Some(word(place + 1)?),
                LOADER => found.loader = Some(word(place + 1)?),
                _ => {}
            }
            place += 2;
        }
        Err(io::Error::from(io::ErrorKind::InvalidData))
    }

    /// Where the dynamic loader is in memory; `None` if the program has none.
    ///
    /// # Errors
    ///
    /// When its memory cannot be read.
    pub fn loader(&self, memory: &Memory) -> io::Result<Option<Range<u64>>> {
        let Some(start) = self.loader.filter(|start| *start != 0) else {
            return Ok(None);
        };
        let mut header = [0; HEADER_BYTES];
        memory.read(start, &mut header)?;
        let half = |place: usize| u64::from(u16::from_ne_bytes([header[place], header[place + 1]]));
        let segments = u64::from_ne_bytes(std::array::from_fn(|byte| header[SEGMENTS_AT + byte]));
        let (size, count) = (half(SEGMENT_SIZE_AT), half(SEGMENT_COUNT_AT).min(MOST_SEGMENTS));
        let mut table = vec![0; usize::try_from(size * count).unwrap_or(0)];
        memory.read(start.saturating_add(segments), &mut table)?;
        let mut end = start;
        for entry in table.chunks_exact(usize::try_from(size).unwrap_or(0).max(SEGMENT_BYTES)) {
            let word = |place: usize| u64::from_ne_bytes(std::array::from_fn(|byte| entry[place + byte]));
            if u32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]) == LOADED {
                end = end.max(
                    start
                        .saturating_add(word(SEGMENT_ADDRESS_AT))
                        .saturating_add(word(SEGMENT_LENGTH_AT)),
                );
            }
        }
        Ok(Some(start..end))
    }

    /// Hides the vDSO from the program. It then reads the time through system calls, which a tracer can answer.
    ///
    /// # Errors
    ///
    /// When its memory cannot be written.
    pub fn hide_kernel_code(&self, memory: &Memory) -> io::Result<()> {
        match self.kernel_code {
            Some(place) => memory.write(place, &IGNORED.to_ne_bytes()),
            None => Ok(()),
        }
    }
}
