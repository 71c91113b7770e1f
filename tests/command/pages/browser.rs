//! Chromium without a window, in its own words (the Chrome DevTools Protocol) over a pipe: keys and clicks as a person's, the
//! width of a phone, and paper.
//!
//! By hand: the libraries for it bring a runtime and web sockets along, and what is needed here are a dozen calls.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::harness::capability::installed_browser;
use crate::harness::{Capability, ignore};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long an answer may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a page may take to do what a key asks for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to go when it is asked to.
const GRACE: Duration = Duration::from_secs(10);
/// The protocol is spoken on descriptors 3 and 4.
const REDIRECTED: &str = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    calls: u64,
    events: Vec<Value>,
    directory: TempDir,
}

/// Starts one; where there is none the test is ignored.
pub(crate) fn browser() -> Browser {
    let name = match installed_browser() {
        Ok(name) => name,
        Err(why) => ignore(Capability::Chromium, why),
    };
    let ends = || format!("{name} ends before it answers; try `{name} --headless`");
    Browser::start(name).unwrap_or_else(|| ignore(Capability::Chromium, ends()))
}

impl Browser {
    fn start(name: &str) -> Option<Self> {
        let directory = TempDir::new().expect("a temporary directory");
        let mut child = Command::new("sh")
            .args([
                "-c",
                REDIRECTED,
                "sh",
                name,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
            ])
            .args(["--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!(
                "--user-data-dir={}",
                directory.path().join("profile").display()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                let Ok(message) = message else { return };
                let message = serde_json::from_slice(&message).expect("the browser speaks JSON");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            input,
            messages,
            session: None,
            calls: 0,
            events: Vec::new(),
            directory,
        };
        let target = browser.answer("Target.createTarget", json!({"url": "about:blank"}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// The answer; nothing if the browser is gone.
    fn answer(&mut self, method: &str, parameters: Value) -> Option<Value> {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        write!(self.input, "{message}\0").ok()?;
        loop {
            let message = self.messages.recv_timeout(LIMIT).ok()?;
            if message["id"] == self.calls {
                assert_eq!(message["error"], Value::Null, "{method}");
                return Some(message["result"].clone());
            }
            self.events.push(message);
        }
    }

    #[track_caller]
    fn call(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.answer(method, parameters);
        answer.unwrap_or_else(|| panic!("no answer to {method} within {} s", LIMIT.as_secs()))
    }

    /// Opens a page in a window of this width, with light colours and on a screen.
    pub(crate) fn open(&mut self, page: &str, width: u32) {
        let file = self.directory.path().join("page.html");
        fs::write(&file, page).expect("it may be written");
        // Not as a phone's: that shrinks a page that is too wide until it fits.
        let window = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", window);
        self.media("screen", "light");
        self.events.clear();
        self.call("Page.navigate", json!({"url": format!("file://{}", file.display())}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.messages.recv_timeout(LIMIT).expect("the page loads");
            self.events.push(event);
        }
    }

    /// Paper or a screen, and whether the viewer likes it dark.
    pub(crate) fn media(&mut self, media: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"media": media, "features": features}),
        );
    }

    /// The value of a script's last expression.
    #[track_caller]
    pub(crate) fn value(&mut self, script: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": script, "returnByValue": true}));
        assert_eq!(answer["exceptionDetails"], Value::Null, "{script}");
        answer["result"]["value"].clone()
    }

    /// Waits until the value is this: what a key or a click does may come after its answer.
    #[track_caller]
    pub(crate) fn becomes(&mut self, script: &str, expected: &Value, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.value(script);
            if value == *expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{what}: {value} instead of {expected}: {script}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presses a key, as on a keyboard.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "End" => (35, ""),
            "Home" => (36, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            other => panic!("{other} has no code here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Clicks in the middle of what a script's expression gives, after scrolling there.
    #[track_caller]
    pub(crate) fn click(&mut self, element: &str) {
        let place = self.value(&format!(
            "{{ const element = {element}; element.scrollIntoView({{block: 'center', inline: 'center'}});
               const box = element.getBoundingClientRect(); [box.x + box.width / 2, box.y + box.height / 2] }}"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// The pages on paper, as a PDF in base64.
    pub(crate) fn printed(&mut self) -> String {
        let printed = self.call("Page.printToPDF", json!({}));
        printed["data"].as_str().expect("it is text").to_owned()
    }

    /// What the page complained of, and what it wanted from elsewhere, since it was opened.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let is_one = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => true,
            // Chromium logs a key press before the first paint as information.
            Some("Log.entryAdded") => event["params"]["entry"]["level"] != "info",
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                !url.starts_with("file:") || !url.contains("/page.html")
            }
            _ => false,
        };
        self.events.iter().filter(is_one).map(Value::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        let _asked = write!(self.input, "{}\0", json!({"id": 0, "method": "Browser.close"}));
        let deadline = Instant::now() + GRACE;
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if Instant::now() > deadline {
                let _gone = self.child.kill();
                let _waited = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
