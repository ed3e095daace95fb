//! The program against a model of it.
