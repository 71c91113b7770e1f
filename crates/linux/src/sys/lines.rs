//! Lines from a pipe, each awaited for a limited time.
//!
//! Knows nothing of what they mean.

use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::process::is_readable;

/// How much is read from the pipe in one call, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;

/// What came from the pipe.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A line, with its end.
    Line(Vec<u8>),
    /// The line is longer than the reader allows. Its first bytes.
    TooLong(Vec<u8>),
    /// The other side closed the pipe. What it wrote since the last whole line.
    End(Vec<u8>),
    /// No whole line came in time.
    Nothing,
}

/// Reads lines from a pipe.
#[derive(Debug)]
pub struct Lines<R> {
    reader: BufReader<R>,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
}

impl<R: Read + AsFd> Lines<R> {
    /// Reads from a pipe that nothing else reads.
    pub fn new(pipe: R) -> Self {
        Self {
            reader: BufReader::with_capacity(CHUNK_BYTES, pipe),
            begun: Vec::new(),
        }
    }

    /// The next line, if it comes within `limit` and has at most `longest` bytes.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be read.
    pub fn next_within(&mut self, limit: Duration, longest: usize) -> io::Result<Received> {
        let deadline = Instant::now().checked_add(limit);
        loop {
            if self.reader.buffer().is_empty() {
                let left = deadline.map_or(limit, |deadline| deadline.saturating_duration_since(Instant::now()));
                if !is_readable(self.reader.get_ref(), left) {
                    if left.is_zero() {
                        return Ok(Received::Nothing);
                    }
                    // A signal may have ended the wait.
                    continue;
                }
            }
            let available = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                available => available?,
            };
            if available.is_empty() {
                return Ok(Received::End(std::mem::take(&mut self.begun)));
            }
            let end = available.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
            let used = end.unwrap_or(available.len());
            self.begun.extend_from_slice(&available[..used]);
            self.reader.consume(used);
            if self.begun.len() > longest {
                return Ok(Received::TooLong(std::mem::take(&mut self.begun)));
            }
            if end.is_some() {
                return Ok(Received::Line(std::mem::take(&mut self.begun)));
            }
        }
    }

    /// The next line as text without its end, if all of it was written. Does not wait.
    ///
    /// A reader that waits for the end of the pipe may wait for ever: a program that the writer left in the background keeps
    /// the pipe open.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be read, or the line is not UTF-8.
    pub fn next_if_written(&mut self) -> io::Result<Option<String>> {
        let Received::Line(mut line) = self.next_within(Duration::ZERO, usize::MAX)? else {
            return Ok(None);
        };
        line.pop();
        let text = String::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Some(text))
    }

    /// Whether something has come, be it the end of the pipe. Does not wait.
    pub fn has_more(&self) -> bool {
        !self.reader.buffer().is_empty() || is_readable(self.reader.get_ref(), Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn lines_come_whole_and_every_wait_ends() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut lines = Lines::new(reader);
        writer.write_all(b"one\ntwo\nthr").unwrap();
        assert!(lines.has_more());
        assert_eq!(lines.next_within(LONG, 100).unwrap(), Received::Line(b"one\n".to_vec()));
        assert_eq!(lines.next_within(LONG, 100).unwrap(), Received::Line(b"two\n".to_vec()));
        // The rest of the line does not come.
        assert_eq!(lines.next_within(SHORT, 100).unwrap(), Received::Nothing);
        assert!(!lines.has_more());
        writer.write_all(b"ee\n").unwrap();
        assert_eq!(
            lines.next_within(LONG, 100).unwrap(),
            Received::Line(b"three\n".to_vec())
        );
        writer.write_all(b"0123456789").unwrap();
        assert_eq!(
            lines.next_within(LONG, 4).unwrap(),
            Received::TooLong(b"0123456789".to_vec())
        );
        writer.write_all(b"end").unwrap();
        drop(writer);
        assert!(lines.has_more());
        assert_eq!(lines.next_within(LONG, 100).unwrap(), Received::End(b"end".to_vec()));
    }

    #[test]
    fn a_line_that_is_not_there_is_not_waited_for_while_the_pipe_stays_open() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut lines = Lines::new(reader);
        assert_eq!(lines.next_if_written().unwrap(), None);
        let long = "x".repeat(20_000);
        write!(writer, "first\n{long}\nthe beginning of").unwrap();
        assert_eq!(lines.next_if_written().unwrap().as_deref(), Some("first"));
        assert_eq!(lines.next_if_written().unwrap(), Some(long));
        assert_eq!(lines.next_if_written().unwrap(), None);
    }

    #[test]
    fn the_end_of_the_pipe_is_not_a_line() {
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        assert_eq!(Lines::new(reader).next_if_written().unwrap(), None);
    }
}
