//! The scenario files, embedded so that every target runs the same bytes.
