//! Every name that a file uses, as a path from the root of its crate: `use` trees, paths in any place, macro calls.
//!
//! `crate`, `self` and `super` are followed, and so are the names that `use` gives. Knows no rule.

use std::collections::BTreeSet;

use syn::buffer::TokenBuffer;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use crate::source::Source;
use crate::words::Words;

/// How many `use` in a row are followed from one name to the next.
const LONGEST_CHAIN: usize = 4;

/// A name, from the root of a crate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    /// Of this crate: `crate::fs::Errno` without `crate`. A glob ends in `*`.
    Inside(Vec<String>),
    /// Of another crate, or of the file itself.
    Outside(Vec<String>),
}

/// What a file mentions outside of its tests.
#[derive(Default)]
pub(crate) struct Mentions {
    /// The names.
    pub(crate) names: BTreeSet<Name>,
    /// The macros that it calls.
    pub(crate) macros: BTreeSet<String>,
    /// The modules in files of their own that are there for tests only.
    pub(crate) test_modules: Vec<Vec<String>>,
}

impl Mentions {
    pub(crate) fn of(source: &Source) -> syn::Result<Self> {
        let mut survey = Survey {
            module: source.module(),
            ..Survey::default()
        };
        survey.visit_file(&syn::parse_file(&source.text)?);
        let names = survey.found.iter().flat_map(|path| survey.names(path, LONGEST_CHAIN));
        Ok(Self {
            names: names.collect(),
            macros: survey.macros,
            test_modules: survey.test_modules,
        })
    }
}

/// A path as it is written, and the module in which it is.
#[derive(Clone)]
struct Written {
    segments: Vec<String>,
    module: Vec<String>,
}

#[derive(Default)]
struct Survey {
    module: Vec<String>,
    found: Vec<Written>,
    given: Vec<(String, Written)>,
    macros: BTreeSet<String>,
    test_modules: Vec<Vec<String>>,
}

impl Survey {
    fn find(&mut self, segments: Vec<String>) -> Written {
        let module = self.module.clone();
        let written = Written { segments, module };
        self.found.push(written.clone());
        written
    }

    fn find_use(&mut self, tree: &UseTree, mut prefix: Vec<String>) {
        let (segments, given) = match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                return self.find_use(&path.tree, prefix);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.find_use(tree, prefix.clone()));
            }
            UseTree::Name(name) => (with(prefix, &name.ident.to_string()), None),
            UseTree::Rename(name) => (with(prefix, &name.ident.to_string()), Some(name.rename.to_string())),
            UseTree::Glob(_) => (with(prefix, "*"), None),
        };
        let given = given.or_else(|| segments.last().cloned());
        let written = self.find(segments);
        self.given.extend(given.map(|given| (given, written)));
    }

    /// What a written path may mean: a name given by `use` in any place of the file counts for the whole file.
    fn names(&self, path: &Written, depth: usize) -> Vec<Name> {
        let (first, rest) = path.segments.split_first().expect("a path has a segment");
        match first.as_str() {
            "crate" => vec![Name::Inside(rest.to_owned())],
            "self" | "super" => {
                let steps = path.segments.iter().take_while(|segment| *segment == "super").count();
                let kept = path.module.len().saturating_sub(steps);
                let rest = path.segments.iter().skip(steps.max(1)).cloned().collect::<Vec<_>>();
                let module = path.module[..kept].to_owned();
                // `self::super` climbs too.
                if rest.first().is_some_and(|segment| segment == "super") {
                    return self.names(&Written { segments: rest, module }, depth);
                }
                vec![Name::Inside([module, rest].concat())]
            }
            _ => {
                let given = self.given.iter().filter(|(name, _)| name == first && depth > 0);
                let through = given.map(|(_, target)| Written {
                    segments: [&target.segments, rest].concat(),
                    module: target.module.clone(),
                });
                let mut names = vec![Name::Outside(path.segments.clone())];
                names.extend(through.flat_map(|path| self.names(&path, depth - 1)));
                names
            }
        }
    }
}

impl<'ast> Visit<'ast> for Survey {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        } else if let Item::Mod(module) = item {
            self.test_modules
                .push(with(self.module.clone(), &module.ident.to_string()));
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.find_use(&item.tree, Vec::new());
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.find(vec![item.ident.to_string()]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        self.find(segments.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macros
            .extend(call.path.segments.last().map(|last| last.ident.to_string()));
        let words = Words::of(&TokenBuffer::new2(call.tokens.clone()));
        self.macros.extend(words.macros);
        words.paths.into_iter().for_each(|path| drop(self.find(path)));
        visit::visit_macro(self, call);
    }
}

/// The path with one more segment; `self` at the end of a `use` means what is before it.
pub(crate) fn with(mut prefix: Vec<String>, last: &str) -> Vec<String> {
    if last != "self" || prefix.is_empty() {
        prefix.push(last.to_owned());
    }
    prefix
}

/// `#[cfg(test)]`, or a `cfg(all(…))` with `test` in it.
pub(crate) fn is_for_tests(attribute: &Attribute) -> bool {
    fn holds(meta: &syn::Meta) -> bool {
        match meta {
            syn::Meta::Path(path) => path.is_ident("test"),
            syn::Meta::List(list) if list.path.is_ident("all") => {
                let parser = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
                list.parse_args_with(parser).is_ok_and(|metas| metas.iter().any(holds))
            }
            _ => false,
        }
    }
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| holds(&meta))
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        // What is not listed is held to the rules, tests or not.
        _ => &[],
    }
}
