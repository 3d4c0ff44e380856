//! Whether a request comes from Slack: its signature over the raw body.
//!
//! Source: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use shared::config::Secret;

/// How far Slack's timestamp may be from our clock, in seconds and both ways: Slack's recommendation against replays.
const WINDOW_SECONDS: u64 = 300;

/// Slack's version of the signature.
const VERSION: &str = "v0";

/// Checks signatures with the app's signing secret.
#[derive(Clone)]
pub struct Verifier(Hmac<Sha256>);

/// A request that does not prove that it comes from Slack. It is answered 401 and never read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// One of the two headers is missing.
    #[error("header {0} is missing: the request is not from Slack, or a proxy drops the header")]
    Missing(&'static str),
    /// One of the two headers has not the documented form.
    #[error("header {0} is malformed: the request is not from Slack")]
    Malformed(&'static str),
    /// The request is older than the window, or from the future.
    #[error(
        "the request was signed {0} s away from our clock, more than {WINDOW_SECONDS}: check the clock, or somebody replays"
    )]
    Stale(u64),
    /// Another secret or another body.
    #[error("the signature is wrong: check SLACK_SIGNING_SECRET, and that no proxy rewrites the body")]
    Wrong,
}

impl SignatureError {
    /// A short name, for a metric's label.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Malformed(_) => "malformed",
            Self::Stale(_) => "stale",
            Self::Wrong => "wrong",
        }
    }
}

impl Verifier {
    /// Header with the time of signing, in seconds since 1970.
    pub const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";
    /// Header with the signature, `v0=` and 64 hex digits.
    pub const SIGNATURE_HEADER: &str = "x-slack-signature";

    /// A verifier for the app with this signing secret.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
    pub fn new(signing_secret: &Secret) -> Self {
        let mac = Hmac::new_from_slice(signing_secret.expose().as_bytes()).expect("HMAC takes a key of any length");
        Self(mac)
    }

    /// Checks a request: its two headers, its body exactly as it was received, and the time now.
    ///
    /// # Errors
    /// When a header is missing or malformed, when the request is more than five minutes away from `now_seconds`
    /// (seconds since 1970), or when the signature is not that of this body.
    pub fn verify(
        &self,
        timestamp_header: Option<&str>,
        signature_header: Option<&str>,
        raw_body: &[u8],
        now_seconds: u64,
    ) -> Result<(), SignatureError> {
        let timestamp = timestamp_header.ok_or(SignatureError::Missing(Self::TIMESTAMP_HEADER))?;
        let signature = signature_header.ok_or(SignatureError::Missing(Self::SIGNATURE_HEADER))?;

        let signed_at = read_seconds(timestamp).ok_or(SignatureError::Malformed(Self::TIMESTAMP_HEADER))?;
        let signature = signature
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix('='))
            .and_then(|digits| hex::decode(digits).ok())
            .ok_or(SignatureError::Malformed(Self::SIGNATURE_HEADER))?;

        let distance = now_seconds.abs_diff(signed_at);
        if distance > WINDOW_SECONDS {
            return Err(SignatureError::Stale(distance));
        }
        let mut mac = self.0.clone();
        mac.update(format!("{VERSION}:{timestamp}:").as_bytes());
        mac.update(raw_body);
        // Compares in constant time.
        mac.verify_slice(&signature).map_err(|_| SignatureError::Wrong)
    }
}

/// Digits only: a sign or a space would be part of the signed text, and Slack sends neither.
fn read_seconds(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The example on Slack's page.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const TIMESTAMP: &str = "1531420618";
    const NOW: u64 = 1_531_420_618;
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&\
        channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&\
        command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F\
        T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
        803a0bc887a14d10d2c447fce8b6703c";

    fn verify(timestamp: Option<&str>, signature: Option<&str>, body: &[u8], now: u64) -> Result<(), SignatureError> {
        Verifier::new(&Secret::new(SECRET)).verify(timestamp, signature, body, now)
    }

    #[test]
    fn slacks_documented_example_is_accepted() {
        assert_eq!(verify(Some(TIMESTAMP), Some(SIGNATURE), BODY, NOW), Ok(()));
    }

    #[rstest]
    #[case(NOW + 300, Ok(()))]
    #[case(NOW - 300, Ok(()))]
    #[case(NOW + 301, Err(SignatureError::Stale(301)))]
    #[case(NOW - 301, Err(SignatureError::Stale(301)))]
    fn the_window_is_five_minutes_both_ways(#[case] now: u64, #[case] expected: Result<(), SignatureError>) {
        assert_eq!(verify(Some(TIMESTAMP), Some(SIGNATURE), BODY, now), expected);
    }

    #[rstest]
    #[case(None, Some(SIGNATURE), "missing")]
    #[case(Some(TIMESTAMP), None, "missing")]
    #[case(Some(""), Some(SIGNATURE), "malformed")]
    #[case(Some("+1531420618"), Some(SIGNATURE), "malformed")]
    #[case(Some("soon"), Some(SIGNATURE), "malformed")]
    #[case(Some("99999999999999999999999"), Some(SIGNATURE), "malformed")]
    #[case(Some(TIMESTAMP), Some(""), "malformed")]
    #[case(Some(TIMESTAMP), Some("v1=a2114d57"), "malformed")]
    #[case(Some(TIMESTAMP), Some("v0=not hex"), "malformed")]
    #[case(Some(TIMESTAMP), Some("v0="), "wrong")]
    #[case(Some(TIMESTAMP), Some("v0=a2114d57"), "wrong")]
    #[case(Some("1531420619"), Some(SIGNATURE), "wrong")]
    fn what_is_missing_malformed_or_wrong_is_told_apart(
        #[case] timestamp: Option<&str>,
        #[case] signature: Option<&str>,
        #[case] expected: &str,
    ) {
        let error = verify(timestamp, signature, BODY, NOW).unwrap_err();
        assert_eq!(error.as_str(), expected, "{error}");
    }

    #[test]
    fn one_changed_byte_or_another_secret_is_refused() {
        let mut body = BODY.to_vec();
        body[10] ^= 1;
        assert_eq!(verify(Some(TIMESTAMP), Some(SIGNATURE), &body, NOW), Err(SignatureError::Wrong));
        let other = Verifier::new(&Secret::new("another"));
        assert_eq!(other.verify(Some(TIMESTAMP), Some(SIGNATURE), BODY, NOW), Err(SignatureError::Wrong));
    }

    #[test]
    fn a_body_that_is_no_utf8_is_signed_as_it_is() {
        let body = [0xff, 0x00, 0xfe];
        let verifier = Verifier::new(&Secret::new(SECRET));
        let mut mac = verifier.0.clone();
        mac.update(b"v0:1531420618:");
        mac.update(&body);
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(verify(Some(TIMESTAMP), Some(&signature), &body, NOW), Ok(()));
    }
}
