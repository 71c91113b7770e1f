//! What is found by looking at tokens one after another: names and macros inside macro calls, `unsafe`, lint
//! attributes.
//!
//! The syntax tree ends at a macro call, and a rule that ends there too would be easy to slip past. Knows no rule.

use syn::buffer::{Cursor, TokenBuffer};

/// What a run of tokens mentions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Paths, segment by segment; lone words too.
    pub(crate) paths: Vec<Vec<String>>,
    /// Macros that are called, by the last segment of their path.
    pub(crate) macros: Vec<String>,
    /// Attributes, as the words in them.
    pub(crate) attributes: Vec<Vec<String>>,
}

impl Words {
    /// Those of a text.
    pub(crate) fn of_text(text: &str) -> syn::Result<Self> {
        Ok(Self::of(&TokenBuffer::new2(syn::parse_str(text)?)))
    }

    /// Those of tokens.
    pub(crate) fn of(tokens: &TokenBuffer) -> Self {
        let mut words = Self::default();
        words.scan(tokens.begin(), &[]);
        words
    }

    fn scan(&mut self, mut rest: Cursor<'_>, prefix: &[String]) {
        while !rest.eof() {
            rest = if rest.ident().is_some() {
                self.path(rest, prefix)
            } else if let Some(after) = self.attribute(rest) {
                after
            } else if let Some((inside, _, _, after)) = rest.any_group() {
                self.scan(inside, prefix);
                after
            } else {
                rest.token_tree().expect("tokens remain").1
            };
        }
    }

    /// A path from its first word on; after `::` a group continues it, as in `use`.
    fn path<'a>(&mut self, mut rest: Cursor<'a>, prefix: &[String]) -> Cursor<'a> {
        let mut segments = prefix.to_owned();
        loop {
            if let Some((word, after)) = rest.ident() {
                segments.push(word.to_string());
                rest = after;
            } else if let Some((inside, _, _, after)) = rest.any_group() {
                self.scan(inside, &segments);
                return after;
            } else {
                break;
            }
            match after_colons(rest) {
                Some(after) => rest = after,
                None => break,
            }
        }
        let call = punctuation(rest, '!').and_then(Cursor::any_group);
        if let (Some(_), Some(last)) = (call, segments.last()) {
            self.macros.push(last.clone());
        }
        self.paths.push(segments);
        rest
    }

    fn attribute<'a>(&mut self, rest: Cursor<'a>) -> Option<Cursor<'a>> {
        let after = punctuation(rest, '#')?;
        let (inside, _, _, after) = punctuation(after, '!').unwrap_or(after).any_group()?;
        let mut words = Self::default();
        words.scan(inside, &[]);
        self.attributes.push(words.paths.concat());
        // What an attribute names is named: `#[derive(crate::…)]`.
        self.paths.append(&mut words.paths);
        Some(after)
    }
}

fn punctuation(rest: Cursor<'_>, wanted: char) -> Option<Cursor<'_>> {
    let (found, after) = rest.punct()?;
    (found.as_char() == wanted).then_some(after)
}

fn after_colons(rest: Cursor<'_>) -> Option<Cursor<'_>> {
    punctuation(punctuation(rest, ':')?, ':')
}
