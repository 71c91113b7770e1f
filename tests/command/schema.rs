//! The part of JSON Schema 2020-12 that `schemas/` uses.
//!
//! An unknown keyword is a panic when the schema is read, so no rule is skipped. A library for all of JSON Schema takes as long to
//! build as a crate of this workspace.

use std::fs;

use regex::Regex;
use serde_json::Value;

use crate::harness::{Test, tests, workspace};

/// Keywords that rule nothing by themselves: `then` and `else` belong to `if`.
const SILENT: &[&str] = &["$schema", "$defs", "title", "description", "then", "else"];

/// A schema, whose references lead into itself.
pub(crate) struct Schema {
    root: Value,
}

impl Schema {
    /// A schema in `schemas/`.
    #[track_caller]
    pub(crate) fn read(name: &str) -> Self {
        let text = fs::read_to_string(workspace().join("schemas").join(name)).expect("a file of the package");
        Self::new(serde_json::from_str(&text).expect("JSON"))
    }

    fn new(root: Value) -> Self {
        let schema = Self { root };
        // Each subschema once, also those that no document reaches.
        schema.visit(&schema.root);
        schema
    }

    /// What is wrong with a document, a line for each fault.
    pub(crate) fn errors(&self, document: &Value) -> Vec<String> {
        self.faults(&self.root, document, "")
    }

    pub(crate) fn is_valid(&self, document: &Value) -> bool {
        self.errors(document).is_empty()
    }

    /// Panics if a subschema has an unknown keyword, a reference that leads nowhere, or a pattern that is none.
    fn visit(&self, schema: &Value) {
        let Value::Object(rules) = schema else {
            assert!(schema.is_boolean(), "no schema: {schema}");
            return;
        };
        for (keyword, rule) in rules {
            match keyword.as_str() {
                "$defs" | "properties" => members(rule).for_each(|(_, inner)| self.visit(inner)),
                "allOf" | "anyOf" | "oneOf" => list(rule).iter().for_each(|inner| self.visit(inner)),
                "items" | "not" | "if" | "then" | "else" | "additionalProperties" | "propertyNames" => self.visit(rule),
                "$ref" => assert!(self.target(rule).is_object(), "{rule}"),
                _ if SILENT.contains(&keyword.as_str()) => {}
                _ => {
                    obeys(keyword, rule, &Value::Null);
                }
            }
        }
    }

    fn target(&self, reference: &Value) -> &Value {
        let pointer = text(reference).strip_prefix('#').expect("a place in the same file");
        self.root
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    /// What is wrong with the value `at` this place of a document.
    fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let Value::Object(rules) = schema else {
            let refused = (schema == &Value::Bool(false)).then(|| format!("{at}: nothing is allowed here"));
            return refused.into_iter().collect();
        };
        let holds = |inner: &Value| self.faults(inner, value, at).is_empty();
        let below = |inner: &Value, value: &Value, key: &str| self.faults(inner, value, &format!("{at}/{key}"));
        let entries = || value.as_object().into_iter().flatten();
        let mut found = Vec::new();
        for (keyword, rule) in rules {
            let fault = |fails: bool| fails.then(|| format!("{at}: {keyword} {rule}, not {value}"));
            match keyword.as_str() {
                "$ref" => found.extend(self.faults(self.target(rule), value, at)),
                "properties" => {
                    let named = members(rule).filter_map(|(key, inner)| Some((key, inner, value.get(key)?)));
                    found.extend(named.flat_map(|(key, inner, value)| below(inner, value, key)));
                }
                "additionalProperties" => {
                    let is_named = |key: &str| rules.get("properties").is_some_and(|named| named.get(key).is_some());
                    let others = entries().filter(|(key, _)| !is_named(key));
                    found.extend(others.flat_map(|(key, value)| below(rule, value, key)));
                }
                "propertyNames" => {
                    found.extend(entries().flat_map(|(key, _)| below(rule, &Value::from(key.as_str()), key)));
                }
                "items" => {
                    let items = value.as_array().into_iter().flatten().enumerate();
                    found.extend(items.flat_map(|(index, value)| below(rule, value, &index.to_string())));
                }
                "allOf" => found.extend(list(rule).iter().flat_map(|inner| self.faults(inner, value, at))),
                "anyOf" => found.extend(fault(!list(rule).iter().any(holds))),
                "oneOf" => found.extend(fault(list(rule).iter().filter(|inner| holds(inner)).count() != 1)),
                "not" => found.extend(fault(holds(rule))),
                "if" => {
                    let branch = rules.get(if holds(rule) { "then" } else { "else" });
                    found.extend(branch.into_iter().flat_map(|inner| self.faults(inner, value, at)));
                }
                _ if SILENT.contains(&keyword.as_str()) => {}
                _ => found.extend(fault(!obeys(keyword, rule, value))),
            }
        }
        found
    }
}

/// Whether a value obeys a rule that contains no other schema. A rule about another type than that of the value holds.
fn obeys(keyword: &str, rule: &Value, value: &Value) -> bool {
    let number = || rule.as_f64().unwrap_or_else(|| panic!("{keyword} is a number"));
    let is_number = |holds: fn(f64, f64) -> bool| {
        let limit = number();
        value.as_f64().is_none_or(|value| holds(value, limit))
    };
    let size = || usize::try_from(rule.as_u64().expect("a size")).expect("it is small");
    match keyword {
        "type" => match rule {
            Value::Array(types) => types.iter().any(|one| is_of_type(text(one), value)),
            one => is_of_type(text(one), value),
        },
        "const" => is_equal(rule, value),
        "enum" => list(rule).iter().any(|one| is_equal(one, value)),
        "minimum" => is_number(|value, limit| value >= limit),
        "maximum" => is_number(|value, limit| value <= limit),
        "exclusiveMinimum" => is_number(|value, limit| value > limit),
        "minLength" => {
            let least = size();
            value.as_str().is_none_or(|text| text.chars().count() >= least)
        }
        "pattern" => {
            let pattern = Regex::new(text(rule)).expect("a pattern");
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "minItems" => {
            let least = size();
            value.as_array().is_none_or(|items| items.len() >= least)
        }
        "maxItems" => {
            let most = size();
            value.as_array().is_none_or(|items| items.len() <= most)
        }
        "required" => {
            let names = list(rule);
            value
                .as_object()
                .is_none_or(|object| names.iter().all(|name| object.contains_key(text(name))))
        }
        _ => panic!("unknown keyword: {keyword}"),
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        // 1.0 is an integer.
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => panic!("unknown type: {name}"),
    }
}

/// Numbers are equal by their value: 1 and 1.0.
fn is_equal(one: &Value, other: &Value) -> bool {
    one == other || (one.is_number() && one.as_f64() == other.as_f64())
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().expect("an object").iter()
}

/// A schema, a document that it takes, and one that it refuses. The cases follow the specification, JSON Schema Validation
/// 2020-12, and for the parts with other schemas JSON Schema Core.
fn each_keyword_takes_what_it_should_and_refuses_the_rest() {
    for (schema, good, bad) in [
        (r#"{ "type": "integer" }"#, "1.0", "1.5"),
        (r#"{ "type": ["string", "null"] }"#, "null", "1"),
        (r#"{ "const": 1 }"#, "1", "2"),
        (r#"{ "enum": ["a", "b"] }"#, r#""b""#, r#""c""#),
        (r#"{ "minimum": 1 }"#, "1", "0.5"),
        (r#"{ "minimum": 1 }"#, r#""no number""#, "0"),
        (r#"{ "maximum": 1 }"#, "1", "1.5"),
        (r#"{ "exclusiveMinimum": 0 }"#, "0.1", "0"),
        (r#"{ "minLength": 2 }"#, r#""éé""#, r#""é""#),
        (r#"{ "pattern": "^[a-z]+$" }"#, r#""ab""#, r#""aB""#),
        (r#"{ "minItems": 1 }"#, "[1]", "[]"),
        (r#"{ "maxItems": 1 }"#, "[1]", "[1, 2]"),
        (r#"{ "items": { "minimum": 1 } }"#, "[1, 2]", "[1, 0]"),
        (r#"{ "required": ["a"] }"#, r#"{ "a": null }"#, r#"{ "b": 1 }"#),
        (
            r#"{ "properties": { "a": { "minimum": 1 } } }"#,
            r#"{ "b": 0 }"#,
            r#"{ "a": 0 }"#,
        ),
        (
            r#"{ "properties": { "a": true }, "additionalProperties": { "minimum": 1 } }"#,
            r#"{ "a": 0, "b": 1 }"#,
            r#"{ "b": 0 }"#,
        ),
        (r#"{ "additionalProperties": false }"#, "{}", r#"{ "b": 0 }"#),
        (
            r#"{ "propertyNames": { "pattern": "^E" } }"#,
            r#"{ "EIO": 1 }"#,
            r#"{ "io": 1 }"#,
        ),
        (
            r##"{ "$ref": "#/$defs/a", "$defs": { "a": { "minimum": 1 } } }"##,
            "1",
            "0",
        ),
        (r#"{ "allOf": [{ "minimum": 1 }, { "maximum": 2 }] }"#, "1", "3"),
        (r#"{ "anyOf": [{ "minimum": 3 }, { "maximum": 1 }] }"#, "1", "2"),
        (r#"{ "oneOf": [{ "minimum": 1 }, { "maximum": 2 }] }"#, "3", "1"),
        (r#"{ "not": { "minimum": 1 } }"#, "0", "1"),
        (r#"{ "if": { "minimum": 1 }, "then": { "maximum": 2 } }"#, "0", "3"),
        (r#"{ "if": { "minimum": 1 }, "else": { "maximum": -1 } }"#, "1", "0"),
    ] {
        let parsed = |text: &str| serde_json::from_str(text).unwrap();
        let schema_of = Schema::new(parsed(schema));
        assert_eq!(schema_of.errors(&parsed(good)), [""; 0], "{schema}");
        assert!(!schema_of.is_valid(&parsed(bad)), "{schema}: {bad}");
    }
}

fn an_unknown_keyword_is_refused_wherever_it_is() {
    for schema in [
        r#"{ "minProperties": 1 }"#,
        r#"{ "$defs": { "unused": { "uniqueItems": true } } }"#,
        r#"{ "type": "date" }"#,
        r##"{ "$ref": "#/$defs/absent" }"##,
    ] {
        let schema = serde_json::from_str(schema).unwrap();
        let read = std::panic::catch_unwind(|| Schema::new(schema));
        assert!(read.is_err());
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_keyword_takes_what_it_should_and_refuses_the_rest,
        an_unknown_keyword_is_refused_wherever_it_is,
    ]
}
