//! Refused permissions stand in the log of the process: who, what was missing, where (ASVS V16.3.2).

use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::support::{TestApp, World, on_both_databases};

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn refusals(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("a permission was refused")).map(str::to_owned).collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[on_both_databases]
async fn v16_3_2_a_refused_permission_is_logged_and_nobody_floods_the_log(app: TestApp) {
    let world = World::with_staff(app).await;
    let support = &world.staff.as_ref().unwrap().support;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    assert_eq!(world.member.get(&format!("/a/{}/users", world.acme)).await.status, 403);
    assert_eq!(world.owner.get(&format!("/a/{}/users", world.acme)).await.status, 200);
    assert_eq!(support.post("/admin/config", &[("name", "Mine"), ("hue", "1")]).await.status, 403);
    let lines = log.refusals();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let path = format!("path=/a/{}/users", world.acme);
    for part in ["WARN", "actor=\"user ", "missing=\"permission users\"", "method=\"GET\"", &path, "ip=\"127.0.0.1\""] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    for part in ["actor=\"admin ", "missing=\"admin permission settings\"", "method=\"POST\"", "path=/admin/config"] {
        assert!(lines[1].contains(part), "{part}: {}", lines[1]);
    }
    for _ in 0..40 {
        world.member.get(&format!("/a/{}/users", world.acme)).await;
    }
    let lines = log.refusals();
    assert_eq!(lines.len(), 21, "twenty of the member's in a minute");
    assert!(lines.last().unwrap().contains("more_are_left_out=true"));
    world.app.clock.advance(std::time::Duration::from_mins(1));
    world.member.get(&format!("/a/{}/users", world.acme)).await;
    assert_eq!(log.refusals().len(), 22);
    world.app.expect_unsent_mails();
}
