//! Parses a spec file: the lock it names, and the claims on it.
//!
//! Does not run anything, and does not check whether a program exists.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use super::claim_parser::ClaimParser;
use super::front_matter::{FrontMatter, SpecText};
use super::spec::{Claim, Spec};
use super::spec_error::SpecError;
use onewinner_core::primitive;
use onewinner_core::scenario::{Program, ProgramKind, Subject};

impl Spec {
    /// Reads and parses a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or its front matter is malformed; the book has the reference.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        let text = std::fs::read_to_string(path).map_err(|source| SpecError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Parses the text of a file.
    ///
    /// # Errors
    ///
    /// If its front matter is malformed; the book has the reference.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SpecError> {
        let text = SpecText::new(path, text)?;
        let front_matter = text.parse_front_matter()?;
        let (subject, place) = parse_subject(&text, &front_matter)?;
        let mut claims: Vec<Claim> = Vec::new();
        let mut keys = BTreeSet::new();
        for table in &front_matter.claim {
            let parser = ClaimParser {
                text: &text,
                subject: &subject,
                table,
            };
            let claim = parser.parse()?;
            if !keys.insert(claim.key()) {
                let message = format!("the claim `{}` is a duplicate; remove one of the two", claim.key());
                return Err(text.error_at(&table.expect.span(), message));
            }
            claims.push(claim);
        }
        if claims.is_empty() {
            return Err(text.error_at(&place, "the spec has no claim; add a table `[[claim]]`"));
        }
        let name = text
            .path()
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            path: text.path().to_owned(),
            name,
            line: text.line_of(&place),
            subject,
            claims,
        })
    }
}

/// The lock, from exactly one of the three keys, and its place.
fn parse_subject(text: &SpecText<'_>, front_matter: &FrontMatter) -> Result<(Subject, Range<usize>), SpecError> {
    let lock_at = front_matter.lock_at.as_ref();
    let program = |kind, line: &Spanned<String>| {
        Subject::Program(Program {
            lock_at: lock_at.map(|place| place.get_ref().clone()),
            ..Program::new(kind, line.get_ref().clone())
        })
    };
    let given = [&front_matter.lock, &front_matter.driver, &front_matter.wrap];
    let mut given = given.into_iter().flatten();
    let (Some(first), second) = (given.next(), given.next()) else {
        return Err(text.error_at(
            &(0..0),
            "the spec names no lock; add one of the keys `lock`, `driver` and `wrap`",
        ));
    };
    if let Some(second) = second {
        let later = if second.span().start > first.span().start {
            second
        } else {
            first
        };
        return Err(text.error_at(
            &later.span(),
            "the spec names a second lock; keep one of `lock`, `driver` and `wrap`",
        ));
    }
    if let Some(place) = lock_at {
        if front_matter.driver.is_none() {
            return Err(text.error_at(
                &place.span(),
                "only a driver can have a lock at a fixed path; remove `lock-at`",
            ));
        }
        if !place.get_ref().is_absolute() || place.get_ref().file_name().is_none() {
            return Err(text.error_at(
                &place.span(),
                "`lock-at` must be the path of the lock's file, from the root",
            ));
        }
    }
    let subject = match (&front_matter.lock, &front_matter.driver, &front_matter.wrap) {
        (_, Some(line), _) => program(ProgramKind::Driver, line),
        (_, _, Some(line)) => program(ProgramKind::Wrap, line),
        _ => {
            let named = primitive::by_name(first.get_ref());
            let unknown = || format!("unknown lock `{}`; run `onewinner list` for the names", first.get_ref());
            Subject::Primitive(named.ok_or_else(|| text.error_at(&first.span(), unknown()))?)
        }
    };
    Ok((subject, first.span()))
}
