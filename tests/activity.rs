//! The global Activity Log.

use crate::support::tables::texts;
use crate::support::{TestApp, World, on_both_databases};

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
