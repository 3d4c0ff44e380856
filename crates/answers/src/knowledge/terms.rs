//! What counts as a word of the search: the same for documents and questions.

use std::{collections::HashSet, sync::LazyLock};

/// English words that say nothing about the subject.
const STOP_WORDS: &str = "a about above after again against all also am an and any are aren as at be because been \
    before being below between both but by can cannot could couldn d did didn do does doesn doing don down during each \
    else ever few for from further get gets getting give given go goes going got had hadn happen happened happening happens has hasn have haven having \
    he her here hers herself him himself his how however i if in into is isn it its itself just know let like ll long lot lots m \
    make makes many may maybe me might mine more most much must my myself need no nor not now of off on once one only \
    or other our ours ourselves out over own please quite re really s same say she should shouldn so some someone \
    something still such t tell than thank thanks that the their theirs them themselves then there these they thing \
    things this those through to too under until up us use used using ve very want was wasn way we well were weren \
    what when where whether which while who whom whose why will with within without won would wouldn yes yet you your \
    yours yourself";

/// How many words after "turn" its "on" or "off" may stand: "turn the whole thing off".
const SWITCH_REACH: usize = 4;

/// Endings are cut off only if this much is left, in letters.
const SHORTEST_STEM: usize = 4;

/// Words of courtesy: a message of these alone asks nothing.
const COURTESY: &str =
    "bye cheers cool good great hello hey hi morning nice ok okay perfect thank thanks thx ty welcome";

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

static STOP: LazyLock<HashSet<&'static str>> = LazyLock::new(|| set(STOP_WORDS));
static POLITE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| set(COURTESY));

/// The search terms of `text`, in its order, with repetitions: lower-case words without stop words and endings;
/// Chinese, Japanese and Korean, written without spaces, as pairs of characters.
pub(crate) fn terms(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = words(text).collect();
    let switches: Vec<Option<&str>> = (0..words.len()).map(|at| switch(&words[at..])).collect();
    let meant = words.into_iter().zip(switches).map(|(word, switch)| switch.map_or(word, str::to_owned));
    meant.filter(|word| !STOP.contains(word.as_str())).map(stem)
}

/// "Turn it on" and "switch that off" mean enable and disable, and have none of the words that documents use for it.
fn switch(words: &[String]) -> Option<&'static str> {
    let (verb, after) = words.split_first()?;
    let turns = ["turn", "turns", "turned", "turning", "switch", "switched", "switching"];
    if !turns.contains(&verb.as_str()) {
        return None;
    }
    after.iter().take(SWITCH_REACH).find_map(|word| match word.as_str() {
        "on" => Some("enable"),
        "off" => Some("disable"),
        _ => None,
    })
}

/// Whether the word says nothing about a subject.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP.contains(word)
}

/// Whether `text` asks anything at all: it has a word, and is not courtesy alone ("ok, thank you!").
pub(crate) fn asks(text: &str) -> bool {
    let mut polite = false;
    let mut any = false;
    for word in words(text) {
        any = true;
        if POLITE.contains(word.as_str()) {
            polite = true;
        } else if !STOP.contains(word.as_str()) {
            return true;
        }
    }
    any && !polite
}

/// The words of `text`, lower case, stop words among them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()).flat_map(|run| {
        if run.is_ascii() {
            vec![run.to_ascii_lowercase()]
        } else if run.chars().any(is_unspaced) {
            pairs(run)
        } else {
            vec![run.to_lowercase()]
        }
    })
}

/// Scripts that write no spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{2ffff}')
}

fn pairs(run: &str) -> Vec<String> {
    let characters: Vec<char> = run.to_lowercase().chars().collect();
    if characters.len() < 2 {
        return vec![characters.iter().collect()];
    }
    characters.windows(2).map(|pair| pair.iter().collect()).collect()
}

/// The word without its ending, so that "Enabling plugins" is found by "enable the plugin". Light on purpose: what is
/// left is for comparison only, and fewer rules make fewer wrong pairs.
fn stem(word: String) -> String {
    if !word.is_ascii() {
        return word;
    }
    let mut stem = singular(word);
    for ending in ["ing", "ed"] {
        if stem.len() >= ending.len() + SHORTEST_STEM && stem.ends_with(ending) {
            stem.truncate(stem.len() - ending.len());
            undouble(&mut stem);
            break;
        }
    }
    if stem.len() > SHORTEST_STEM && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

fn singular(mut word: String) -> String {
    if word.len() > 4 && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if ["sses", "xes"].iter().any(|end| word.ends_with(end)) {
        word.truncate(word.len() - 2);
    } else if word.len() > 3 && word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        word.truncate(word.len() - 1);
    }
    word
}

/// "stopp" of "stopping" is "stop"; "fill" of "filling" stays.
fn undouble(stem: &mut String) {
    let doubled = stem.as_bytes().last_chunk::<2>().is_some_and(|[a, b]| a == b);
    if doubled && !stem.ends_with(['l', 's', 'z']) {
        stem.pop();
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("How do I use the rabbitmq_shovel plugins?", &["rabbitmq", "shovel", "plugin"])]
    #[case("don't it's", &[])]
    #[case("Policies, classes & status", &["policy", "class", "status"])]
    #[case("Größe ÄNDERN", &["größe", "ändern"])]
    #[case("設定変更", &["設定", "定変", "変更"])]
    fn terms_are_the_words_that_say_something(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(terms(text).collect::<Vec<_>>(), expected);
    }

    #[rstest]
    #[case("Enabling", "enabled")]
    #[case("stopping", "stops")]
    #[case("caches", "cache")]
    #[case("turn the alert off", "disable alert")]
    #[case("switch it on", "enable")]
    fn words_that_mean_the_same_are_the_same(#[case] one: &str, #[case] other: &str) {
        let sorted = |text| {
            let mut terms: Vec<_> = terms(text).collect();
            terms.sort();
            terms
        };
        assert_eq!(sorted(one), sorted(other));
    }

    #[rstest]
    #[case("Thanks!", false)]
    #[case("ok, thank you very much", false)]
    #[case("", false)]
    #[case("?!", false)]
    #[case("why?", true)]
    #[case("thanks, and the port?", true)]
    fn courtesy_alone_asks_nothing(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(asks(text), expected);
    }
}
