//! Values that are never printed: `Debug`, `Display` and serialisation show a redacted form.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

const REDACTED: &str = "[redacted]";

/// A token or signing secret.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(SecretString::from(secret.into()))
    }

    /// The secret itself; for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A server's URL, which may carry a user and a password. Printing shows scheme, host, port and path only.
#[derive(Clone)]
pub struct SecretUrl(Secret);

impl SecretUrl {
    /// Wraps a URL.
    ///
    /// # Errors
    /// When the text is no URL; the text itself is not repeated, since it may hold a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "not a URL (expected scheme://user:password@host:port/path)")?;
        if !url.has_host() && url.scheme() != "unix" && url.scheme() != "redis+unix" {
            return Err("a URL without a host");
        }
        Ok(Self(Secret::new(text)))
    }

    /// The whole URL with its password; for the one place that connects.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether it names this machine.
    pub fn is_local(&self) -> bool {
        let url = Url::parse(self.expose()).ok();
        match url.as_ref().and_then(Url::host) {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// The URL's scheme, lower case.
    pub fn scheme(&self) -> String {
        Url::parse(self.expose()).map(|url| url.scheme().to_owned()).unwrap_or_default()
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut url) = Url::parse(self.expose()) else { return f.write_str(REDACTED) };
        if !url.username().is_empty() || url.password().is_some() {
            // Slack's and managed brokers' user names are often secrets too.
            if url.set_username("***").is_err() || url.set_password(None).is_err() {
                return f.write_str(REDACTED);
            }
        }
        url.set_query(None);
        url.set_fragment(None);
        write!(f, "{url}")
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
