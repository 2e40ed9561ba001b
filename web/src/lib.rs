//! Browser bindings of `flotilla-core`.
