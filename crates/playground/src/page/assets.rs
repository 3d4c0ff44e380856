//! The page's own files.

use actix_web::{HttpResponse, web};

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// A file of the folder `assets`.
macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset { name: $name, kind: $kind, content: include_str!(concat!("assets/", $name)) }
    };
}

const PAGE: Asset = asset!("index.html", "text/html; charset=utf-8");

const ASSETS: [Asset; 22] = [
    asset!("app.js", SCRIPT),
    asset!("acts.js", SCRIPT),
    asset!("channel.js", SCRIPT),
    asset!("clock.js", SCRIPT),
    asset!("composer.js", SCRIPT),
    asset!("element.js", SCRIPT),
    asset!("feed.js", SCRIPT),
    asset!("files.js", SCRIPT),
    asset!("mark.js", SCRIPT),
    asset!("message.js", SCRIPT),
    asset!("place.js", SCRIPT),
    asset!("sidebar.js", SCRIPT),
    asset!("store.js", SCRIPT),
    asset!("text.js", SCRIPT),
    asset!("theme.js", SCRIPT),
    asset!("thread.js", SCRIPT),
    asset!("trace.js", SCRIPT),
    asset!("colours.css", STYLE),
    asset!("layout.css", STYLE),
    asset!("message.css", STYLE),
    asset!("trace.css", STYLE),
    asset!("icon.svg", "image/svg+xml"),
];

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route("/", web::get().to(page)).route("/assets/{name}", web::get().to(asset));
}

async fn page() -> HttpResponse {
    serve(&PAGE)
}

async fn asset(name: web::Path<String>) -> HttpResponse {
    match ASSETS.iter().find(|asset| asset.name == name.as_str()) {
        Some(asset) => serve(asset),
        None => HttpResponse::NotFound().finish(),
    }
}

fn serve(asset: &Asset) -> HttpResponse {
    HttpResponse::Ok().content_type(asset.kind).body(asset.content)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page/assets");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != PAGE.name)
            .collect();
        files.sort();
        let mut served: Vec<&str> = ASSETS.iter().map(|asset| asset.name).collect();
        served.sort_unstable();
        assert_eq!(files, served);
    }

    #[test]
    fn nothing_comes_from_another_host_and_nothing_is_inline() {
        for asset in ASSETS.iter().chain([&PAGE]) {
            // The namespace of SVG is a name and no address.
            let content = asset.content.replace("http://www.w3.org/2000/svg", "");
            assert!(!content.contains("http://") && !content.contains("https://"), "{}", asset.name);
            assert!(!content.contains("innerHTML") && !content.contains("insertAdjacentHTML"), "{}", asset.name);
            assert!(!content.contains("eval(") && !content.contains(".style"), "{}", asset.name);
        }
        for inline in ["<style", " style=", "<script>", " onclick=", " onload="] {
            assert!(!PAGE.content.contains(inline), "{inline}");
        }
    }
}
