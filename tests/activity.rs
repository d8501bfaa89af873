//! The global Activity Log.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::tables::texts;
use crate::support::{Ask, TestApp, World, on_both_databases};

/// Lines that another system might have written, numbered from one.
async fn write(world: &World, actor: &str, number: usize) {
    let insert = format!(
        "insert into events (at, kind, actor_kind, actor_name, account_name, user_name, email, detail)
         with recursive n (i) as (select 1 union all select i + 1 from n where i < {number})
         select i, 'line-written', 'system', '{actor}', '', '', '', 'Line ' || i from n returning cast(id as text)"
    );
    assert_eq!(texts(&world.app.location, &insert).await.len(), number);
}

#[on_both_databases]
async fn an_export_holds_all_that_the_filter_finds_however_often_the_log_is_read_for_it(app: TestApp) {
    let world = World::new(app).await;
    // An export reads 500 at once: less than that, as much, twice as much, and a rest.
    for (actor, number) in [("Few", 3), ("Full", 500), ("Twice", 1_000), ("More", 1_203)] {
        write(&world, actor, number).await;
        let export = world.admin.get(&format!("/admin/activity.csv?actor={actor}")).await;
        assert_eq!((export.status, export.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        let text = export.text();
        let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
        assert!(lines[0].starts_with("time,kind,actor,"), "{}", lines[0]);
        let details: Vec<String> = lines[1..].iter().map(|line| line.rsplit(',').next().unwrap().replace('"', "")).collect();
        let wanted: Vec<String> = (1..=number).rev().map(|line| format!("Line {line}")).collect();
        assert_eq!(details, wanted, "each once, newest first");
    }
}

/// An export that Rita has begun: what has come so far, up to a line in its middle, and little more: the buffers of its connection are small.
async fn begun(world: &World) -> (TcpStream, Vec<u8>) {
    let rita = &world.staff.as_ref().unwrap().read_only;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(world.server.address).await.unwrap();
    let ask = Ask::new("GET", "/admin/activity.csv?actor=Many").with("cookie", &rita.cookies());
    ask.write(&mut stream, world.server.address).await.unwrap();
    let mut bytes = vec![0; 2_000];
    stream.read_exact(&mut bytes).await.unwrap();
    assert!(bytes.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&bytes));
    (stream, bytes)
}

#[on_both_databases]
async fn an_export_breaks_off_when_its_reader_may_read_no_more(app: TestApp) {
    let world = World::with_staff(app).await;
    write(&world, "Many", 30_000).await;
    let (mut stream, mut bytes) = begun(&world).await;
    let disable = "update admins set disabled_at = 1 where email = 'rita@staff.example' returning email";
    assert_eq!(texts(&world.app.location, disable).await.len(), 1);
    // A connection that is cut tells its reader that the file is not whole.
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "an export that ends well");
    assert!(!String::from_utf8_lossy(&bytes).contains("\"Line 1\""), "the oldest line");
}

#[on_both_databases]
async fn exports_that_nobody_reads_on_hold_up_nobody(app: TestApp) {
    let world = World::with_staff(app).await;
    write(&world, "Many", 30_000).await;
    // More than there are threads, and connections to the database.
    let mut stalled = Vec::new();
    for _ in 0..24 {
        stalled.push(begun(&world).await);
    }
    assert_eq!(world.admin.get("/admin/activity").await.status, 200);
    world.server.user("mia@example.com").await;
    for (stream, _) in &mut stalled {
        stream.shutdown().await.unwrap();
    }
}
