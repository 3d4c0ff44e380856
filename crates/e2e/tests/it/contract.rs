//! The context in Redis is shared with an application in Python.

use std::process::Command;

use crate::world::{World, echo};

/// Runs a script in Python against the stack's Redis; its standard output.
fn python(world: &World, script: &str, key: &str) -> String {
    let python = e2e::python().expect("Python with its redis package is there");
    let output = Command::new(python).args(["-c", script, &world.stack.redis.url(), key]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

const WRITE: &str = r#"
import json, sys, redis
url, key = sys.argv[1:]
turns = [
    {"role": "user", "content": "Wie heißt der Schlüssel? 🔑", "name": "ada", "weight": 12345678901234567890, "tags": [], "nested": {"a": {}}},
    {"role": "assistant", "content": "Er heißt \"master\".\n\tSo steht es da."},
]
redis.Redis.from_url(url).setex(key, 3600, json.dumps(turns))
"#;

const READ: &str = r#"
import json, sys, redis
url, key = sys.argv[1:]
r = redis.Redis.from_url(url)
turns = json.loads(r.get(key))
assert all(set(t) >= {"role", "content"} and t["role"] in ("user", "assistant") for t in turns), turns
assert turns[0]["weight"] == 12345678901234567890 and turns[0]["tags"] == [] and turns[0]["nested"] == {"a": {}}, turns[0]
assert turns[0]["content"] == "Wie heißt der Schlüssel? 🔑", turns[0]
assert 3500 < r.ttl(key) <= 3600, r.ttl(key)
print(json.dumps([t["content"] for t in turns]))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_python_wrote_is_continued_and_what_we_wrote_is_read_by_python() {
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let root = world.slack.say(&channel, &world.person, "a thread of the other application", None).expect("it is said");
    let key = format!("slack_conv:{channel}:{}", root.ts);
    python(&world, WRITE, &key);

    let question = "and the „second“ key?";
    let asked = world.ask(&channel, question, Some(root.ts)).await;
    world.assert_one_answer_each(&[(&asked, echo(question, 2))]).await;

    let contents: Vec<String> = serde_json::from_str(python(&world, READ, &key).trim()).expect("a JSON array");
    assert_eq!(contents.len(), 4);
    assert_eq!(contents[2..], [question.to_owned(), echo(question, 2)]);
}
