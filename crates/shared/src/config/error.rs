//! What can be wrong with a configuration.

use std::path::PathBuf;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read or is no TOML.
    #[error("configuration file `{}` cannot be read: {reason}", path.display())]
    File {
        /// The file named by `--config`.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key that no option has.
    #[error("unknown option `{key}` ({origin}); known here: {known}")]
    UnknownOption {
        /// The key, `section.key`.
        key: String,
        /// Where it was set: the variable's name, or the file.
        origin: String,
        /// The known keys of the same section, or the sections.
        known: String,
    },
    /// A variable that looks like ours and would be ignored.
    #[error("environment variable `{name}` is no option: write THREADKEEPER__SECTION__KEY; sections: {sections}")]
    UnknownVariable {
        /// The variable's name.
        name: String,
        /// The known sections.
        sections: String,
    },
    /// A value that has not the option's type.
    #[error("option `{key}` has a wrong value: {reason}")]
    WrongType {
        /// The key, `section.key`.
        key: String,
        /// What was expected.
        reason: String,
    },
    /// A value out of its range, or one that contradicts another.
    #[error("option `{key}` = {value} is not possible: {reason}")]
    OutOfRange {
        /// The key, `section.key`.
        key: &'static str,
        /// The value.
        value: String,
        /// What is allowed, and why.
        reason: &'static str,
    },
    /// An option that this service needs and that has no default.
    #[error("{variable} is not set: {hint}")]
    Missing {
        /// The environment variable.
        variable: &'static str,
        /// Where its value is found.
        hint: &'static str,
    },
}
