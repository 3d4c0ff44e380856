//! What deploy/, docker-compose.yml and the documentation say, against the tools' schemas and against the program.

#![expect(clippy::unwrap_used, reason = "clippy sees tests in functions marked as such, and not in what they call")]

mod alerts;
mod containers;
mod environment;
mod files;
mod images;
mod manifest;
mod metrics;
mod schemas;
