//! What a person gets in extract mode, over the pages in `tests/fixtures/knowledge`.

#![expect(clippy::unwrap_used, reason = "a test fails by it; clippy knows only test functions, not what they call")]

use std::path::{Path, PathBuf};

use answers::{AnswerError, Answerer, AnyAnswerer, Author, Blame, Heard, Request};
use rstest::rstest;
use shared::{
    answer::{Answer, Format},
    config::{AnswerMode, Answers, Settings},
    conversation::Conversation,
    ids::{ChannelId, EventId, TeamId, UserId},
    task::{Question, Surface},
    turn::Turn,
};

fn knowledge() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knowledge")
}

fn question(text: &str) -> Question {
    let channel = ChannelId::new("C0FFEE");
    let ts = "1729636800.000100".parse().unwrap();
    Question {
        team: TeamId::new("T0TEAM"),
        enterprise: None,
        channel: channel.clone(),
        ts,
        conversation: Conversation::Thread { channel, root: ts },
        user: UserId::new("U0ASKS"),
        surface: Surface::Channel,
        text: text.to_owned(),
        files: Vec::new(),
        externally_shared: false,
        event_id: EventId::new("Ev0EVENT"),
        received_ms: 0,
    }
}

fn from_config(answer: Answers) -> Result<AnyAnswerer, AnswerError> {
    AnyAnswerer::from_config(&Settings { answer, ..Settings::default() })
}

fn extract(folder: &Path) -> Result<AnyAnswerer, AnswerError> {
    from_config(Answers { knowledge: Some(folder.to_owned()), ..Answers::default() })
}

async fn ask(answerer: &AnyAnswerer, text: &str, turns: &[Turn]) -> Answer {
    answerer
        .answer(&Request { question: &question(text), turns, heard: &[], draft: &answers::draft().0 })
        .await
        .unwrap()
}

fn locations(answer: &Answer) -> Vec<&str> {
    answer.sources.iter().map(|source| source.location.as_str()).collect()
}

#[tokio::test]
async fn an_answer_quotes_passages_and_lists_their_sources() {
    let answer = ask(&extract(&knowledge()).unwrap(), "how do I rotate a signing key?", &[]).await;
    assert_eq!(answer.format, Format::Markdown);
    insta::assert_snapshot!(answer.text);
}

#[rstest]
#[case("how can I roll back a deployment?", "operations/deployments.md#rolling-back")]
#[case("silence an alert", "operations/alerts.mdx#silencing-an-alert")]
#[case("who approves a restore?", "operations/backups.markdown#restoring")]
#[case("how many days of holiday do we have", "people/holidays.md")]
#[tokio::test]
async fn the_first_source_is_the_section_that_answers(#[case] text: &str, #[case] location: &str) {
    let answer = ask(&extract(&knowledge()).unwrap(), text, &[]).await;
    assert_eq!(locations(&answer).first(), Some(&location), "{}", answer.text);
}

#[rstest]
#[case("how do I turn on automatic rotation?", "and how do I turn that off?", "operations/keys.md#automatic-rotation")]
#[case("how long do we keep backups?", "and where?", "operations/backups.markdown")]
#[case("can I silence an alert?", "for how long?", "operations/alerts.mdx#silencing-an-alert")]
#[case("how do I ask for holiday?", "who decides that?", "people/holidays.md#asking-for-holiday")]
#[tokio::test]
async fn a_follow_up_finds_the_page_its_predecessor_was_about(
    #[case] first: &str,
    #[case] follow_up: &str,
    #[case] location: &str,
) {
    let answerer = extract(&knowledge()).unwrap();
    let answer = ask(&answerer, first, &[]).await;
    let turns = [Turn::user(first), Turn::assistant(answer.text)];
    let answer = ask(&answerer, follow_up, &turns).await;
    assert_eq!(locations(&answer).first(), Some(&location), "{}", answer.text);
}

#[rstest]
#[case("tell me more")]
#[case("and what else?")]
#[case("tell me more about rotating keys")]
#[tokio::test]
async fn who_wants_more_gets_what_was_not_quoted_until_there_is_nothing_more(#[case] wish: &str) {
    let answerer = extract(&knowledge()).unwrap();
    let first = "how do I rotate a signing key?";
    let mut turns = vec![Turn::user(first), Turn::assistant(ask(&answerer, first, &[]).await.text)];
    let mut quoted: Vec<String> = quotations(&turns[1].content);
    // The six pages are not endless.
    for _ in 0..10 {
        let answer = ask(&answerer, wish, &turns).await;
        if answer.sources.is_empty() {
            assert!(
                answer.text.contains("I searched the 6 documents I have been given and found nothing more about this."),
                "{}",
                answer.text
            );
            return;
        }
        for quotation in quotations(&answer.text) {
            assert!(!quoted.contains(&quotation), "again: {quotation}");
            quoted.push(quotation);
        }
        turns.extend([Turn::user(wish), Turn::assistant(answer.text)]);
    }
    panic!("there was always more: {turns:?}");
}

/// The quoted lines.
fn quotations(answer: &str) -> Vec<String> {
    answer.lines().filter(|line| line.starts_with("> ") && *line != "> …").map(str::to_owned).collect()
}

#[tokio::test]
async fn more_of_nothing_is_a_question_like_others() {
    let answer = ask(&extract(&knowledge()).unwrap(), "tell me more", &[]).await;
    assert!(answer.sources.is_empty() && answer.text.contains("nothing about this"), "{}", answer.text);
}

#[tokio::test]
async fn a_long_pasted_text_is_searched_by_its_beginning() {
    let pasted =
        format!("how do I rotate a signing key? {}", "ERROR at line 17 of worker.rs: broken pipe\n".repeat(900));
    let answer = ask(&extract(&knowledge()).unwrap(), &pasted, &[]).await;
    assert!(answer.text.len() <= 12_000);
}

#[tokio::test]
async fn a_new_subject_in_the_thread_is_not_held_by_the_old_one() {
    let turns = [Turn::user("how do I rotate a signing key?"), Turn::assistant("Rotate it every 90 days.")];
    let answer = ask(&extract(&knowledge()).unwrap(), "who decides about my holiday?", &turns).await;
    assert_eq!(locations(&answer).first(), Some(&"people/holidays.md#asking-for-holiday"), "{}", answer.text);
}

#[rstest]
#[case("who won the football match yesterday?")]
#[case("what is the weather like in Lisbon?")]
#[case("how do I do this?")]
#[tokio::test]
async fn nothing_irrelevant_is_quoted(#[case] text: &str) {
    let answer = ask(&extract(&knowledge()).unwrap(), text, &[]).await;
    assert!(answer.sources.is_empty(), "{}", answer.text);
    assert!(
        answer.text.contains("I searched the 6 documents I have been given and found nothing about this."),
        "{}",
        answer.text
    );
}

#[rstest]
#[case("")]
#[case("  ")]
#[case("thanks a lot!")]
#[tokio::test]
async fn a_message_that_asks_nothing_is_asked_for_words(#[case] text: &str) {
    let turns = [Turn::user("how do I rotate a signing key?"), Turn::assistant("Rotate it every 90 days.")];
    let answer = ask(&extract(&knowledge()).unwrap(), text, &turns).await;
    assert!(answer.sources.is_empty(), "{}", answer.text);
    assert!(answer.text.contains("ask in words"), "{}", answer.text);
}

#[tokio::test]
async fn a_document_calls_nobody() {
    let answer = ask(&extract(&knowledge()).unwrap(), "how is an outage announced?", &[]).await;
    assert_eq!(locations(&answer).first(), Some(&"operations/alerts.mdx#announcing-an-outage"));
    assert!(answer.text.contains("< !channel>"), "{}", answer.text);
    for call in ["<!", "<@"] {
        assert!(!answer.text.contains(call), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_passage_longer_than_a_message_is_cut_and_keeps_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let page = format!("# Zebra\n\n```\n{}```\n", "zebra 😀 stripes\n".repeat(2_000));
    std::fs::write(folder.path().join("zebra.md"), page).unwrap();
    let answer = ask(&extract(folder.path()).unwrap(), "zebra stripes", &[]).await;
    assert!(answer.text.encode_utf16().count() <= 12_000);
    assert!(answer.text.contains("```\n\n… (shortened: the answer was "), "{}", answer.text);
    assert!(answer.text.ends_with("\n\n**Sources**\n- [1] Zebra — `zebra.md`"), "{}", answer.text);
}

/// Written in parts, so that no scanner takes the tests for a leak.
#[rstest]
#[case(concat!("xo", "xb-123456789012-abcdefABCDEF"))]
#[case(concat!("AK", "IAIOSFODNN7EXAMPLE"))]
#[case(concat!("gh", "p_abcdefghijklmnopqrstuvwxyz0123456789"))]
#[tokio::test]
async fn a_secret_on_a_page_is_not_quoted(#[case] secret: &str) {
    let folder = tempfile::tempdir().unwrap();
    let page = format!("# Zebra {secret}\n\nA zebra has the token {secret}.\n\n```\nexport TOKEN={secret}\n```\n");
    std::fs::write(folder.path().join("zebra.md"), page).unwrap();
    let answer = ask(&extract(folder.path()).unwrap(), "zebra token", &[]).await;
    assert!(answer.text.contains("export TOKEN=(secret removed)\n```"), "{}", answer.text);
    assert!(!format!("{answer:?}").contains(secret), "{}", answer.text);
}

#[tokio::test]
async fn a_private_key_on_a_page_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n".repeat(4);
    let key = format!("-----BEGIN {0}-----\n{body}-----END {0}-----", "PRIVATE KEY");
    std::fs::write(folder.path().join("zebra.md"), format!("# Zebra\n\nThe zebra key:\n\n```\n{key}\n```\n")).unwrap();
    let answer = ask(&extract(folder.path()).unwrap(), "zebra key", &[]).await;
    assert!(answer.text.contains("-----BEGIN PRIVATE KEY----- (secret removed)\n```"), "{}", answer.text);
    assert!(!answer.text.contains("MIIEvQ"), "{}", answer.text);
}

#[test]
fn a_knowledge_folder_that_cannot_serve_is_refused_with_the_option() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.json"), "no page").unwrap();
    std::fs::write(folder.path().join("blank.md"), "\n\n").unwrap();
    std::fs::write(folder.path().join("plain file"), "").unwrap();
    let unset = from_config(Answers::default());
    let missing = extract(&folder.path().join("missing"));
    let no_folder = extract(&folder.path().join("plain file"));
    let empty = extract(folder.path());
    assert!(matches!(unset, Err(AnswerError::KnowledgeUnset)));
    assert!(matches!(missing, Err(AnswerError::KnowledgeUnreadable { .. })));
    assert!(matches!(no_folder, Err(AnswerError::KnowledgeUnreadable { .. })));
    assert!(matches!(empty, Err(AnswerError::KnowledgeEmpty { .. })));
    for refused in [unset, missing, no_folder, empty] {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("`answer.knowledge`"), "{message}");
    }
}

#[tokio::test]
async fn a_first_question_in_a_discussion_is_searched_with_the_words_of_its_root() {
    let (answerer, asked) = (extract(&knowledge()).unwrap(), question("and how long does it take?"));
    let person = |text: &str| Heard {
        author: Author::Person(UserId::new("U0OTHER")),
        outside: false,
        text: text.to_owned(),
        turns_before: 0,
    };
    let heard = [person("how can I roll back a deployment?"), person("how many days of holiday do we have?")];
    let (draft, _reader) = answers::draft();
    let request = Request { question: &asked, turns: &[], heard: &heard, draft: &draft };
    let answer = answerer.answer(&request).await.unwrap();
    assert!(locations(&answer)[0].starts_with("operations/deployments.md"), "{}", answer.text);
}

#[tokio::test]
async fn a_folder_that_goes_away_is_not_quoted_and_one_that_is_back_is_read_anew() {
    let place = tempfile::tempdir().unwrap();
    let (folder, elsewhere) = (place.path().join("pages"), place.path().join("elsewhere"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("zebra.md"), "# Zebra\n\nA zebra has stripes.\n").unwrap();
    let answerer = extract(&folder).unwrap();
    let asked = question("does a zebra have stripes?");
    let (draft, _reader) = answers::draft();
    let request = Request { question: &asked, turns: &[], heard: &[], draft: &draft };
    assert_eq!(locations(&answerer.answer(&request).await.unwrap()), ["zebra.md"]);

    std::fs::rename(&folder, &elsewhere).unwrap();
    // A look is good for a second.
    let away = loop {
        match answerer.answer(&request).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(matches!(away, AnswerError::KnowledgeUnreadable { .. }), "{away}");
    assert_eq!(away.blame(), Blame::Dependency);
    std::fs::create_dir(&folder).unwrap();
    let empty = answerer.answer(&request).await.unwrap_err();
    assert!(matches!(empty, AnswerError::KnowledgeEmpty { .. }), "{empty}");

    std::fs::remove_dir(&folder).unwrap();
    std::fs::rename(&elsewhere, &folder).unwrap();
    std::fs::write(folder.join("gnu.md"), "# Gnu\n\nA gnu has horns.\n").unwrap();
    assert_eq!(locations(&answerer.answer(&request).await.unwrap()), ["zebra.md"]);
    assert_eq!(locations(&ask(&answerer, "does a gnu have horns?", &[]).await), ["gnu.md"]);
}

#[tokio::test]
async fn a_changed_page_is_quoted_as_it_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    write("zebra.md", "# Zebra\n\nA zebra has stripes.\n");
    write("gnu.md", "# Gnu\n\nA gnu has horns.\n");
    let answerer = extract(folder.path()).unwrap();
    assert!(ask(&answerer, "does a zebra have stripes?", &[]).await.text.contains("A zebra has stripes."));
    write("zebra.md", "# Zebra\n\nA zebra has black stripes.\n");
    write("okapi.html", "<title>Okapi</title><h1>Okapi</h1><p>An okapi has striped legs.</p>");
    std::fs::remove_file(folder.path().join("gnu.md")).unwrap();
    loop {
        let answer = ask(&answerer, "does a zebra have stripes?", &[]).await;
        if answer.text.contains("A zebra has black stripes.") {
            break;
        }
        assert!(answer.text.contains("A zebra has stripes."), "{}", answer.text);
        tokio::task::yield_now().await;
    }
    assert_eq!(locations(&ask(&answerer, "does an okapi have striped legs?", &[]).await), ["okapi.html"]);
    assert!(ask(&answerer, "does a gnu have horns?", &[]).await.sources.is_empty());
}

#[test]
fn a_failure_is_laid_to_the_question_or_to_a_dependency() {
    let question = AnswerError::QuestionFails { source: "refused".into() };
    let dependency = AnswerError::DependencyDown { dependency: "language model", source: "refused".into() };
    assert_eq!(question.blame(), Blame::Question);
    assert_eq!(dependency.blame(), Blame::Dependency);
}

#[tokio::test]
async fn echo_repeats_the_question_and_counts_the_turns() {
    let echo = from_config(Answers { mode: AnswerMode::Echo, ..Answers::default() }).unwrap();
    let turns = [Turn::user("a"), Turn::assistant("b"), Turn::user("c"), Turn::assistant("d")];
    let answer = ask(&echo, "<!channel> e?", &turns).await;
    let expected = "answer to: <!channel> e? (turn 3)".to_owned();
    assert_eq!(answer, Answer { text: expected, format: Format::Plain, sources: Vec::new() });
}
