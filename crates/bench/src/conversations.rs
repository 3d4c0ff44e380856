//! Questions of conversations, with the passages that answer them: one JSON object a line.

use std::{fs, path::Path};

use answers::{Block, Knowledge, Passage};
use anyhow::{Context as _, bail};
use serde::{Deserialize, de::DeserializeOwned};
use shared::turn::Turn;

/// A question at the end of a conversation.
#[derive(Debug, Clone, Deserialize)]
pub struct Task {
    messages: Vec<Message>,
    /// Ids of the passages that answer it; none, when nothing does.
    #[serde(default)]
    pub gold: Vec<String>,
    /// The question as a person wrote it anew so that it stands by itself.
    #[serde(default)]
    pub rewrite: Option<String>,
    /// Which part of the passages it is about.
    #[serde(default)]
    pub collection: Option<String>,
    #[serde(default)]
    answerability: Answerability,
}

#[derive(Debug, Clone, Deserialize)]
struct Message {
    role: Role,
    content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    #[serde(alias = "agent", alias = "bot", alias = "system")]
    Assistant,
}

/// One word, or a list of them: data sets differ.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Answerability {
    One(String),
    Several(Vec<String>),
}

impl Default for Answerability {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Task {
    /// The question.
    pub fn question(&self) -> &str {
        self.messages.last().map_or("", |message| message.content.as_str())
    }

    /// The conversation before it.
    pub fn turns(&self) -> Vec<Turn> {
        let before = &self.messages[..self.messages.len().saturating_sub(1)];
        let turn = |message: &Message| match message.role {
            Role::User => Turn::user(message.content.clone()),
            Role::Assistant => Turn::assistant(message.content.clone()),
        };
        before.iter().map(turn).collect()
    }

    /// All that the person asked, in one text.
    pub fn joined(&self) -> String {
        let asked = self.messages.iter().filter(|message| message.role == Role::User);
        asked.map(|message| message.content.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether something was asked before it.
    pub fn is_follow_up(&self) -> bool {
        self.messages.iter().filter(|message| message.role == Role::User).count() > 1
    }

    /// Whether the data set says that the passages answer it.
    pub fn is_answerable(&self) -> bool {
        self.is_said_to_be("ANSWERABLE")
    }

    /// Whether the data set says that they do not.
    pub fn is_unanswerable(&self) -> bool {
        self.is_said_to_be("UNANSWERABLE")
    }

    fn is_said_to_be(&self, word: &str) -> bool {
        match &self.answerability {
            Answerability::One(said) => said.eq_ignore_ascii_case(word),
            Answerability::Several(said) => said.iter().any(|said| said.eq_ignore_ascii_case(word)),
        }
    }
}

/// A passage of the collection.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    id: String,
    #[serde(default)]
    title: Option<String>,
    text: String,
    /// Which part of the passages it belongs to.
    #[serde(default)]
    pub collection: Option<String>,
}

/// Indexes the passages as the product does.
pub fn index<'a>(passages: impl Iterator<Item = &'a Source>) -> Knowledge {
    let passage = |source: &Source| Passage {
        title: source.title.clone().unwrap_or_default(),
        location: source.id.clone(),
        blocks: vec![Block::Prose(source.text.clone())],
        part: 0,
    };
    Knowledge::of_passages(passages.map(passage).collect())
}

/// Reads one object a line.
///
/// # Errors
/// Names the file and the line that cannot be read.
pub fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), number + 1))
    };
    let found: Vec<T> = lines.map(read).collect::<anyhow::Result<_>>()?;
    if found.is_empty() {
        bail!("{} is empty", path.display());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(json: &str) -> Task {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_task_is_its_last_message_after_the_others() {
        let task = task(
            r#"{"messages": [{"role": "user", "content": "a"}, {"role": "agent", "content": "b"},
                {"role": "user", "content": "c"}], "gold": ["x"], "answerability": ["ANSWERABLE"], "more": 1}"#,
        );
        assert_eq!(task.question(), "c");
        assert_eq!(task.turns(), [Turn::user("a"), Turn::assistant("b")]);
        assert_eq!(task.joined(), "a c");
        assert!(task.is_follow_up() && task.is_answerable() && !task.is_unanswerable());
    }

    #[test]
    fn answerability_may_be_one_word_or_missing() {
        let one = task(r#"{"messages": [{"role": "user", "content": "a"}], "answerability": "unanswerable"}"#);
        assert!(one.is_unanswerable() && !one.is_follow_up() && one.turns().is_empty());
        let none = task(r#"{"messages": [{"role": "user", "content": "a"}]}"#);
        assert!(!none.is_unanswerable() && !none.is_answerable());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "{\"id\": \"a\", \"text\": \"b\"}\n\n{\"id\": 1}\n").unwrap();
        let error = read::<Source>(file.path()).unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
    }
}
