//! A headless Chromium, driven over the `WebDriver` protocol. Browser and driver are processes of the harness: they end with the test,
//! however it ends.

use std::time::Duration;

use e2e::{Service, eventually};
use serde_json::Value;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, WebDriver};

/// Everything that is waited for comes within this time, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Without a sandbox, because root may run it, and without anything that speaks to other hosts.
const SWITCHES: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "about:blank",
];

pub(crate) struct Browser {
    /// Taken at the end.
    driver: Option<WebDriver>,
    // Ended in this order: the driver lets go of the browser, then the browser of its folder.
    _chromedriver: Service,
    _chromium: Service,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A browser with a fresh profile and a window of this size, at the page.
    pub(crate) async fn open(page: &str, width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let folder = profile.path().to_str().unwrap();
        let mut chromium = Service::builder(program("chromium")).name("chromium");
        for switch in SWITCHES {
            chromium = chromium.arg(switch);
        }
        let chromium = chromium.arg(format!("--window-size={width},{height}"));
        let chromium = chromium.arg(format!("--user-data-dir={folder}/profile")).env("HOME", folder);
        let chromium = chromium.start().unwrap();
        let listening = "DevTools listening on ws://";
        let line = chromium.wait_for_log("its port", PATIENCE, |line| line.contains(listening)).await.unwrap();
        let debugger = line.text().split_once(listening).unwrap().1.split('/').next().unwrap().to_owned();

        let chromedriver = Service::builder(program("chromedriver")).name("chromedriver").arg("--port=0");
        let chromedriver = chromedriver.env("HOME", folder).start().unwrap();
        let started = "was started successfully on port ";
        let line = chromedriver.wait_for_log("its port", PATIENCE, |line| line.contains(started)).await.unwrap();
        let port = line.text().split_once(started).unwrap().1.trim_end_matches('.').to_owned();

        shared::lifecycle::install_tls_provider();
        let mut capabilities = ChromeCapabilities::new();
        capabilities.set_debugger_address(&debugger).unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let builder = WebDriver::builder(format!("http://127.0.0.1:{port}"), capabilities).client(client);
        let driver = builder.await.unwrap();
        driver.goto(page).await.unwrap();
        Self { driver: Some(driver), _chromedriver: chromedriver, _chromium: chromium, _profile: profile }
    }

    /// The value of an expression in the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let answer = self.driver().execute(format!("return {expression}"), Vec::new()).await;
        answer.unwrap_or_else(|error| panic!("{expression}: {error}")).json().clone()
    }

    /// Waits until an expression in the page is true.
    pub(crate) async fn until(&self, expression: &str) {
        let whole = format!("Boolean({expression})");
        let looked = async || (self.value(&whole).await == true).then_some(());
        if let Err(error) = eventually(format!("{expression} in the page"), PATIENCE, looked).await {
            panic!("{error}; the page shows:\n{}", self.value("document.body.innerText").await);
        }
    }

    /// How many elements there are that can be seen.
    pub(crate) async fn count(&self, selector: &str) -> u64 {
        self.value(&format!("{}.length", visible(selector))).await.as_u64().unwrap()
    }

    /// Waits until so many elements can be seen.
    pub(crate) async fn until_count(&self, selector: &str, count: usize) {
        self.until(&format!("{}.length === {count}", visible(selector))).await;
    }

    /// Clicks on an element as a person does, once it is there.
    pub(crate) async fn click(&self, selector: &str) {
        self.until(&format!("{}.length > 0", visible(selector))).await;
        self.find(selector).await.click().await.unwrap();
    }

    /// Types into an element, once it is there; `\u{e007}` is the Enter key.
    pub(crate) async fn type_into(&self, selector: &str, text: &str) {
        self.until(&format!("{}.length > 0", visible(selector))).await;
        self.find(selector).await.send_keys(text).await.unwrap();
    }

    /// Loads the page again.
    pub(crate) async fn reload(&self) {
        self.driver().refresh().await.unwrap();
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().unwrap()
    }

    async fn find(&self, selector: &str) -> thirtyfour::WebElement {
        self.driver().find(thirtyfour::By::Css(selector.to_owned())).await.unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session ends with its processes. A farewell would block the runtime that has to send it.
        self.driver.take().and_then(|driver| driver.leak().ok());
    }
}

fn visible(selector: &str) -> String {
    let selector = Value::from(selector);
    format!("[...document.querySelectorAll({selector})].filter((found) => found.checkVisibility())")
}

/// Where a program of the system is: the harness takes a name without a folder for one of this workspace.
fn program(name: &str) -> String {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    let hint = "is not installed: on Debian, apt-get install chromium chromium-driver";
    found.unwrap_or_else(|| panic!("{name} {hint}")).to_str().unwrap().to_owned()
}
