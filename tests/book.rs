//! The book and the README as files: the picture is the one that a real run makes.

#[path = "book/picture.rs"]
mod picture;
