//! What each module defines, imports and names, and the file that an imported name is defined in.
//!
//! A re-export is followed to the file that defines the item. A name that a macro defines belongs to the file of its
//! module. Works on several crates: the first segment of a path is then the name of the crate. Knows no rule.

use std::collections::{BTreeMap, BTreeSet};

use syn::buffer::TokenBuffer;
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

use crate::names::{attributes, is_for_tests, with};
use crate::source::Source;
use crate::words::Words;

/// A crate: its name as code writes it, and the folder of its sources.
#[derive(Clone, Copy)]
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    pub(crate) root: &'static str,
}

/// The path of a module, the name of its crate first.
type ModulePath = Vec<String>;

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(ModulePath),
    /// An item, as the module in which it is defined and its name.
    Item(ModulePath, String),
}

struct Import {
    /// The name that it gives; none if it is a glob.
    name: Option<String>,
    path: Vec<String>,
    is_public: bool,
}

#[derive(Default)]
struct Scope {
    file: String,
    items: BTreeSet<String>,
    children: BTreeSet<String>,
    imports: Vec<Import>,
    mentions: BTreeSet<Vec<String>>,
}

/// The modules of all crates.
#[derive(Default)]
pub(crate) struct Scopes {
    modules: BTreeMap<ModulePath, Scope>,
}

/// For each file, the files that it names items of, with the names.
pub(crate) type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

impl Scopes {
    /// Those of `sources`. A binary's own root is left out: no file can import it.
    pub(crate) fn of(sources: &[Source], crates: &[Crate]) -> syn::Result<Self> {
        let mut scopes = Self::default();
        let mut for_tests = Vec::new();
        for source in sources {
            let within = crates.iter().filter_map(|each| {
                let inner = source.path.strip_prefix(each.root)?.strip_prefix('/')?;
                Some((each, inner))
            });
            let Some((owner, inner)) = within.max_by_key(|(each, _)| each.root.len()) else {
                continue;
            };
            if inner == "main.rs" {
                continue;
            }
            let mut survey = Survey {
                file: source.path.clone(),
                module: module_path(owner.name, inner),
                scopes: &mut scopes,
                for_tests: &mut for_tests,
            };
            survey.scope();
            survey.visit_file(&syn::parse_file(&source.text)?);
        }
        let is_for_tests = |module: &ModulePath| for_tests.iter().any(|test| module.starts_with(test));
        scopes.modules.retain(|module, _| !is_for_tests(module));
        Ok(scopes)
    }

    /// Which file names items of which.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (module, scope) in &self.modules {
            let mut targets = BTreeSet::new();
            for path in &scope.mentions {
                targets.extend(self.resolve(module, path));
            }
            for import in &scope.imports {
                let found = modules_first(self.resolve(module, &import.path));
                // A parent that re-exports what a child defines does not use it.
                let is_below = |target: &Target| matches!(target, Target::Item(at, _) if at.starts_with(module));
                targets.extend(found.into_iter().filter(|found| !import.is_public || !is_below(found)));
            }
            for target in targets {
                let Target::Item(at, name) = target else { continue };
                let file = &self.modules[&at].file;
                if *file != scope.file {
                    let named = imports.entry(scope.file.clone()).or_default();
                    named.entry(file.clone()).or_default().insert(name);
                }
            }
        }
        imports
    }

    fn resolve(&self, from: &ModulePath, path: &[String]) -> BTreeSet<Target> {
        self.from(from, path, &mut Vec::new())
    }

    fn from(&self, from: &ModulePath, path: &[String], open: &mut Vec<(ModulePath, String)>) -> BTreeSet<Target> {
        let (first, rest) = path.split_first().expect("a path has a segment");
        match first.as_str() {
            "crate" => self.below(&from[..1].to_vec(), rest, open),
            "self" | "super" => self.below(from, path, open),
            _ => {
                let found = self.look_up(from, path, open);
                let root = vec![first.clone()];
                if found.is_empty() && self.modules.contains_key(&root) {
                    return self.below(&root, rest, open);
                }
                found
            }
        }
    }

    /// A path that starts in `module`.
    fn below(&self, module: &ModulePath, path: &[String], open: &mut Vec<(ModulePath, String)>) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else {
            return [Target::Module(module.clone())].into();
        };
        match first.as_str() {
            "self" => self.below(module, rest, open),
            "super" => self.below(&module[..module.len().max(2) - 1].to_vec(), rest, open),
            "*" => [Target::Module(module.clone())].into(),
            _ => {
                let found = self.look_up(module, path, open);
                if found.is_empty() && self.modules.contains_key(module) {
                    return [Target::Item(module.clone(), first.clone())].into();
                }
                found
            }
        }
    }

    /// A path whose first segment is a name in the scope of `module`; empty if it has no such name.
    fn look_up(&self, module: &ModulePath, path: &[String], open: &mut Vec<(ModulePath, String)>) -> BTreeSet<Target> {
        let (mut found, here) = (BTreeSet::new(), (module.clone(), path[0].clone()));
        let Some(scope) = self.modules.get(module) else {
            return found;
        };
        if open.contains(&here) {
            return found;
        }
        open.push(here);
        let (name, rest) = (&path[0], &path[1..]);
        if scope.children.contains(name) {
            let child = [module.as_slice(), std::slice::from_ref(name)].concat();
            // A module for tests is not there.
            if self.modules.contains_key(&child) {
                found.extend(self.below(&child, rest, open));
            }
        }
        // A path goes on through a module and through a type, never through a function; no type has a module's name.
        let goes_on_through_a_module = !rest.is_empty() && !found.is_empty();
        if scope.items.contains(name) && !goes_on_through_a_module {
            found.insert(Target::Item(module.clone(), name.clone()));
        }
        let named = scope.imports.iter().filter(|import| import.name.as_ref() == Some(name));
        for import in named.filter(|_| !goes_on_through_a_module) {
            let through = self.from(module, &import.path, open);
            let through = if rest.is_empty() {
                through
            } else {
                modules_first(through)
            };
            for target in through {
                match target {
                    Target::Module(through) => found.extend(self.below(&through, rest, open)),
                    item @ Target::Item(..) => drop(found.insert(item)),
                }
            }
        }
        let globs = scope.imports.iter().filter(|import| import.name.is_none());
        for glob in globs.take_while(|_| found.is_empty()).collect::<Vec<_>>() {
            for target in self.from(module, &glob.path, open) {
                if let Target::Module(through) = target {
                    found.extend(self.look_up(&through, path, open));
                }
            }
        }
        open.pop();
        found
    }
}

/// Of a module and a function of one name, the module. Whether the function is used too, its calls show.
fn modules_first(mut targets: BTreeSet<Target>) -> BTreeSet<Target> {
    if targets.iter().any(|target| matches!(target, Target::Module(_))) {
        targets.retain(|target| matches!(target, Target::Module(_)));
    }
    targets
}

fn module_path(owner: &str, inner: &str) -> ModulePath {
    let inner = inner.strip_suffix(".rs").expect("a Rust file");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    let inner = inner.split('/').filter(|name| *name != "lib");
    [owner].into_iter().chain(inner).map(str::to_owned).collect()
}

struct Survey<'a> {
    file: String,
    module: ModulePath,
    scopes: &'a mut Scopes,
    for_tests: &'a mut Vec<ModulePath>,
}

impl Survey<'_> {
    fn scope(&mut self) -> &mut Scope {
        let scope = self.scopes.modules.entry(self.module.clone()).or_default();
        scope.file.clone_from(&self.file);
        scope
    }

    fn import(&mut self, tree: &UseTree, mut prefix: Vec<String>, is_public: bool) {
        let (path, name) = match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                return self.import(&path.tree, prefix, is_public);
            }
            UseTree::Group(group) => {
                return group
                    .items
                    .iter()
                    .for_each(|tree| self.import(tree, prefix.clone(), is_public));
            }
            UseTree::Name(name) => {
                let path = with(prefix, &name.ident.to_string());
                let last = path.last().cloned();
                (path, last)
            }
            UseTree::Rename(name) => (with(prefix, &name.ident.to_string()), Some(name.rename.to_string())),
            UseTree::Glob(_) => (with(prefix, "*"), None),
        };
        self.scope().imports.push(Import { name, path, is_public });
    }
}

impl<'ast> Visit<'ast> for Survey<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Macro(item) => item.ident.as_ref(),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            Item::Union(item) => Some(&item.ident),
            _ => None,
        };
        if attributes(item).iter().any(is_for_tests) {
            if let Item::Mod(module) = item {
                self.for_tests
                    .push(with(self.module.clone(), &module.ident.to_string()));
            }
            return;
        }
        if let Some(name) = name {
            self.scope().items.insert(name.to_string());
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        self.scope().children.insert(name.clone());
        if item.content.is_some() {
            self.module.push(name);
            self.scope();
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, Vec::new(), is_public);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // `pub(in crate::fs)` names no item.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        let segments = segments.collect();
        self.scope().mentions.insert(segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let words = Words::of(&TokenBuffer::new2(call.tokens.clone()));
        self.scope().mentions.extend(words.paths);
        visit::visit_macro(self, call);
    }
}
