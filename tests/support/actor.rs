//! Somebody with a browser: a cookie jar, and a token from a page for every form.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use latchkey_core::testing::PASSWORD;

use super::http::{Answer, Ask};

/// A browser and who sits before it.
pub(crate) struct Actor {
    at: SocketAddr,
    jar: Mutex<BTreeMap<String, String>>,
    /// The token of the forms, by the cookies it is tied to.
    tokens: Mutex<BTreeMap<String, String>>,
    /// Headers on every request.
    always: Vec<(String, String)>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_admin(path: &str) -> bool {
    path == "/admin" || path.starts_with("/admin/")
}

impl Actor {
    /// A fresh browser.
    pub(crate) fn anonymous(at: SocketAddr) -> Self {
        Self { at, jar: Mutex::default(), tokens: Mutex::default(), always: Vec::new() }
    }

    /// The same with a header on every request.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.always.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Logs in to the Client Area.
    pub(crate) async fn log_in(self, email: &str) -> Self {
        let answer = self.post("/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{email} cannot log in: {}", answer.text());
        self
    }

    /// Logs in to the Admin Area.
    pub(crate) async fn log_in_as_admin(self, email: &str) -> Self {
        let answer = self.post("/admin/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{email} cannot log in: {}", answer.text());
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&Ask::new("GET", path)).await
    }

    /// GETs and follows redirects.
    pub(crate) async fn visit(&self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        for _ in 0..5 {
            let Some(next) = answer.location().map(str::to_owned) else { break };
            answer = self.get(&next).await;
        }
        answer
    }

    /// Sends a form with its token.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token(path).await;
        let fields: Vec<(&str, &str)> = [("csrf", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.send(&Ask::new("POST", path).form(&fields)).await
    }

    /// Presses a button.
    pub(crate) async fn press(&self, path: &str) -> Answer {
        self.post(path, &[]).await
    }

    /// Sends anything, with this browser's cookies.
    pub(crate) async fn send(&self, ask: &Ask) -> Answer {
        self.try_send(ask).await.unwrap_or_else(|error| panic!("{} {}: {error}", ask.method, ask.path))
    }

    pub(crate) async fn try_send(&self, ask: &Ask) -> std::io::Result<Answer> {
        let cookies = self.cookies();
        let mut ask = if cookies.is_empty() { ask.clone() } else { ask.clone().with("cookie", &cookies) };
        for (name, value) in &self.always {
            ask = ask.with(name, value);
        }
        let answer = ask.send(self.at).await?;
        self.keep(&answer);
        Ok(answer)
    }

    /// The token that [`Actor::token`] has fetched before.
    pub(crate) fn token_now(&self, path: &str) -> Option<String> {
        let session = if is_admin(path) { "latchkey_admin" } else { "latchkey_session" };
        locked(&self.tokens).iter().find(|(key, _)| key.starts_with(session)).map(|(_, token)| token.clone())
    }

    /// The token of this browser's forms in the area of this path.
    pub(crate) async fn token(&self, path: &str) -> String {
        let (login, session) = if is_admin(path) { ("/admin/login", "latchkey_admin") } else { ("/login", "latchkey_session") };
        let key = |jar: &BTreeMap<String, String>| {
            let bound = jar.iter().filter(|(name, _)| {
                name.ends_with(session) || name.ends_with("latchkey_visitor") || name.ends_with("latchkey_masquerade")
            });
            bound.fold(session.to_owned(), |text, (name, value)| format!("{text};{name}={value}"))
        };
        let before = key(&locked(&self.jar));
        if let Some(token) = locked(&self.tokens).get(&before) {
            return token.clone();
        }
        let page = self.visit(login).await;
        let token = page.csrf().unwrap_or_else(|| panic!("no token on the page after {login}: {}", page.text()));
        let after = key(&locked(&self.jar));
        locked(&self.tokens).insert(after, token.clone());
        token
    }

    pub(crate) fn cookies(&self) -> String {
        locked(&self.jar).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        locked(&self.jar).get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        locked(&self.jar).insert(name.to_owned(), value.to_owned());
    }

    /// The same cookies at another node.
    pub(crate) fn at(&self, at: SocketAddr) -> Self {
        let jar = Mutex::new(locked(&self.jar).clone());
        Self { at, jar, tokens: Mutex::default(), always: self.always.clone() }
    }

    fn keep(&self, answer: &Answer) {
        let mut jar = locked(&self.jar);
        for cookie in answer.cookies() {
            let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            if cookie.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
