use rstest::rstest;

use super::text;

/// Written in two parts, so that no scanner takes the tests for a leak.
#[rstest]
#[case("xoxb-", "123456789012-abcdefABCDEF")]
#[case("xoxe.xoxp-", "1-abcdefABCDEF123456")]
#[case("xapp-", "1-A012345-1234567890-abcdef")]
#[case("AKIA", "IOSFODNN7EXAMPLE")]
#[case("ghp_", "abcdefghijklmnopqrstuvwxyz0123456789")]
#[case("github_pat_", "11ABCDEFG0123456789_abcdefghijklmnop")]
#[case("glpat-", "abcdefghij0123456789")]
#[case("sk-", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL")]
#[case("sk-proj-", "abcdefghijklmnopqrstuvwxyz0123456789")]
#[case("sk-ant-api03-", "abcdefghijklmnopqrstuvwxyz0123456789-_AA")]
#[case("AIza", "SyA1234567890abcdefghijklmnopqrstuv")]
#[case("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N")]
fn a_secret_is_masked_in_text_and_code(#[case] start: &str, #[case] end: &str) {
    let secret = format!("{start}{end}");
    for (before, after) in [("it is ", " now"), ("`", "`"), ("```\nkey=", "\n```"), ("**", "**"), ("| ", " |")] {
        let masked = text(&format!("{before}{secret}{after}"));
        assert_eq!(masked, format!("{before}(secret removed){after}"));
    }
}

#[rstest]
#[case(
    "aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYaa",
    "`aws_secret_access_key = (secret removed)`"
)]
#[case("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "`AWS_SECRET_ACCESS_KEY=(secret removed)`")]
#[case("amqp://app:hunter2@queue.internal/x", "`amqp://app:(secret removed)@queue.internal/x`")]
#[case("Authorization: Bearer abcdefghij.klmnop_qr", "`Authorization: Bearer (secret removed)`")]
#[case(
    "https://hooks.slack.com/services/T0/B0/abcdefghijklmnop",
    "`https://hooks.slack.com/services/(secret removed)`"
)]
fn a_secret_is_known_by_what_stands_before_it(#[case] written: &str, #[case] masked: &str) {
    assert_eq!(text(&format!("`{written}`")), masked);
}

#[rstest]
#[case("commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")]
#[case("id 123e4567-e89b-12d3-a456-426614174000")]
#[case("sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
#[case("c2VjcmV0cyBhcmUgaGFyZCB0byBmaW5kIGluIGJhc2U2NCB0ZXh0")]
#[case("the sk-learn risk-based task-oriented xoxb- ghp_ AKIA Bearer token")]
#[case("amqp://guest:guest@localhost amqp://user:<password>@host amqp://u:$PASS@host http://a:80/x@y")]
#[case("the disk-encryption-key-management-system-handbook")]
fn what_only_resembles_a_secret_stays(#[case] written: &str) {
    let code = format!("`{written}`");
    assert_eq!(text(&code), code);
}

#[test]
fn a_private_key_is_masked_over_lines() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n".repeat(20);
    let key = format!("-----BEGIN RSA {0}-----\n{body}-----END RSA {0}-----", "PRIVATE KEY");
    let masked = "-----BEGIN RSA PRIVATE KEY----- (secret removed)";
    assert_eq!(text(&format!("Use\n```\n{key}\n```\nend")), format!("Use\n```\n{masked}\n```\nend"));
    let cut = key.split("-----END").next().unwrap();
    assert_eq!(text(&format!("Use\n```\n{cut}```\nend")), format!("Use\n```\n{masked}\n```\nend"));
    assert_eq!(text(&key.replace('\n', " ")), masked);
    assert_eq!(text(cut), masked);
}

#[test]
fn the_first_line_of_a_key_is_no_secret() {
    let about = "It begins with `-----BEGIN PRIVATE KEY-----` and has lines. -----BEGIN PRIVATE KEY----- is it";
    assert_eq!(text(about), about);
}
