//! Slack's request signature, version 0 (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).

use hmac::{Hmac, Mac};
use sha2::Sha256;
use shared::config::Secret;

/// The header with the seconds since 1970 at which Slack signed.
pub const TIMESTAMP_HEADER: &str = "X-Slack-Request-Timestamp";

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "X-Slack-Signature";

/// The value of [`SIGNATURE_HEADER`]: `v0=` and HMAC-SHA256 over `v0:{seconds}:{body}` in hex.
#[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
pub fn sign(secret: &Secret, seconds: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("v0:{seconds}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_the_documented_example_as_slack_does() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
                    &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
                    &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
                    &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let secret = Secret::new("8f742231b10e8888abcd99yyyzzz85a5");
        assert_eq!(
            sign(&secret, 1_531_420_618, body.as_bytes()),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }
}
