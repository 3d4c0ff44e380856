//! HTML as passages: turned into Markdown, so that it is split, ranked and quoted as the other pages are.

use std::{rc::Rc, sync::LazyLock};

use htmd::{
    Element, HtmlToMarkdown, Node,
    element_handler::{HandlerResult, Handlers},
    options::{BulletListMarker, Options},
};

use super::{
    inline,
    page::{Passage, passages_of_html},
};

/// What is no text of the page: scripts, what every page of a site repeats, and what can only be clicked.
const SKIPPED: [&str; 13] = [
    "script", "style", "noscript", "template", "svg", "iframe", "object", "nav", "footer", "aside", "form", "button",
    "title",
];

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Deeper nested pages are not read: the conversion descends by recursion, and a page that people read is not nested
/// like this.
const DEEPEST: usize = 300;

static CONVERTER: LazyLock<HtmlToMarkdown> = LazyLock::new(|| {
    HtmlToMarkdown::builder()
        .options(Options {
            bullet_list_marker: BulletListMarker::Dash,
            ul_bullet_spacing: 1,
            ol_number_spacing: 1,
            ..Options::default()
        })
        .skip_tags(SKIPPED.to_vec())
        .add_handler(HEADINGS.to_vec(), |handlers: &dyn Handlers, element: Element<'_>| {
            Some(heading(handlers, &element))
        })
        .build()
});

/// Splits the page at `path` (in the folder, with `/`) into passages.
pub(super) fn passages(path: &str, html: &str) -> Result<Vec<Passage>, String> {
    let tree = CONVERTER.html_to_tree(html).map_err(|error| error.to_string())?;
    if depth(&tree) > DEEPEST {
        return Err(format!("nested more than {DEEPEST} elements deep"));
    }
    Ok(passages_of_html(path, title(html), &CONVERTER.tree_to_markdown(&tree)))
}

fn depth(tree: &Rc<Node>) -> usize {
    let mut deepest = 0;
    let mut open = vec![(Rc::clone(tree), 1)];
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        open.extend(node.children.borrow().iter().map(|child| (Rc::clone(child), depth + 1)));
    }
    deepest
}

/// A Markdown heading with its address: its own id, or where the mark beside it leads (`¶`, as many generators set it).
fn heading(handlers: &dyn Handlers, element: &Element<'_>) -> HandlerResult {
    let level = element.tag.trim_start_matches('h').parse().unwrap_or(1);
    let content = handlers.walk_children(element.node).content;
    let content = content.split_whitespace().collect::<Vec<_>>().join(" ");
    let (text, mark) = ["[¶](#", "[#](#", "[](#"]
        .iter()
        .find_map(|mark| content.rsplit_once(mark))
        .map_or((content.as_str(), None), |(text, target)| (text, target.split([')', ' ']).next()));
    let id = element.attrs.iter().find(|attribute| &*attribute.name.local == "id").map(|id| id.value.to_string());
    let anchor = id.or_else(|| mark.map(str::to_owned)).filter(|anchor| !anchor.is_empty());
    let anchor = anchor.map(|anchor| format!(" {{#{anchor}}}")).unwrap_or_default();
    format!("\n\n{} {}{anchor}\n\n", "#".repeat(level), text.trim()).into()
}

/// What `<title>` says.
fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = htmd::convert(&html[start..end]).ok()?;
    Some(inline::plain(&title)).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(html: &str) -> Vec<(String, String, String)> {
        let passages = passages("site/keys.html", html).unwrap();
        passages.into_iter().map(|p| (p.title.clone(), p.location.clone(), p.text())).collect()
    }

    fn passage(title: &str, location: &str, text: &str) -> (String, String, String) {
        (title.to_owned(), location.to_owned(), text.to_owned())
    }

    #[test]
    fn a_page_is_split_at_its_headings_and_keeps_lists_links_and_code() {
        let html = "<!doctype html><html><head><title>Keys &amp; more</title><style>p { color: red }</style></head><body>\
            <nav><a href='/'>Home</a></nav><h1>Keys</h1><p>All <b>about</b> keys.</p>\
            <h2 id=rotate>Rotating a key</h2><ol><li>Make one.</li><li>Use it.</li></ol><pre><code>vault rotate\n</code></pre>\
            <h2>Deleting<a class=headerlink href='#delete' title=Link>¶</a></h2><p>See <a href='https://example.com/'>there</a>.</p>\
            <script>alert(1)</script><footer>Impressum</footer></body></html>";
        let expected = [
            passage("Keys", "site/keys.html", "All **about** keys."),
            passage(
                "Keys › Rotating a key",
                "site/keys.html#rotate",
                "1. Make one.\n2. Use it.\n\n```\nvault rotate\n```",
            ),
            passage("Keys › Deleting", "site/keys.html#delete", "See [there](https://example.com/)."),
        ];
        assert_eq!(found(html), expected);
    }

    #[test]
    fn a_page_without_a_heading_is_called_as_its_title_says() {
        let expected = passage("Keys & more", "site/keys.html", "Text.");
        assert_eq!(found("<TITLE>Keys &amp; more</TITLE><p>Text."), [expected]);
        assert_eq!(found("<p>Text.</p>"), [passage("keys", "site/keys.html", "Text.")]);
    }

    #[test]
    fn a_page_that_is_nested_without_end_is_refused() {
        let refused = passages("a.html", &"<div>".repeat(1_000)).unwrap_err();
        assert!(refused.contains("nested"), "{refused}");
    }

    proptest! {
        #[test]
        fn any_text_is_read(html in "(<[a-z/]{1,4}>|<h2 id=x>|&[a-z]{2};|<!--|-->|<title>|[a-z ü<>\"'=&]){0,60}") {
            for passage in passages("a.html", &html).unwrap() {
                prop_assert!(!passage.text().trim().is_empty());
            }
        }
    }
}
