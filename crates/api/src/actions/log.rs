//! `GetActivityLog`, `LogActivity`.

use latchkey_core::access::{ActorKind, ViewLog, WriteNotes};
use latchkey_core::event::{self, Line, MAX_LINE, Wanted};
use latchkey_core::id::AccountId;
use latchkey_core::text;

use super::answer::{Fields, Value, fields};
use super::call::{Call, counted, slice};
use super::clients;
use super::failure::{Failure, required};
use super::time;
use crate::state::Api;

/// The log, newest first.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    let found = call.read(|snapshot, api, params| {
        let by = snapshot.authorize_api_staff::<ViewLog>(api)?;
        let text = |name: &str| params.filled(name).map(str::to_owned);
        let wanted = Wanted {
            account: params.number("clientid").or_else(|| params.number("userid")).map(AccountId),
            between: params.filled("date").map(|text| time::day(text).ok_or(Failure::says("Invalid date"))).transpose()?,
            who: text("user"),
            text: text("description"),
            ip: text("ipaddress"),
        };
        let slice = slice(params);
        Ok((event::part(snapshot, &by, &wanted, slice)?, slice))
    });
    let (part, slice) = found.await?;
    let entries: Vec<Value> = part.rows.iter().map(|line| row(&call.api, line)).collect();
    Ok(counted(&part, slice).with("activity", fields! { "entry" => entries }))
}

fn row(api: &Api, line: &Line) -> Value {
    let of = |kind| if line.actor.kind == kind { line.actor.id.unwrap_or(0) } else { 0 };
    let client = line.account.map_or(0, |id| id.0);
    fields! {
        "id" => line.id.0,
        "clientId" => client,
        "userId" => line.user.map_or_else(|| of(ActorKind::User), |id| id.0),
        "adminId" => of(ActorKind::Admin),
        "date" => time::date_time(line.at),
        "description" => sentence(api, line),
        "username" => &line.actor.name,
        "ipaddress" => line.ip.as_deref().unwrap_or_default(),
        "userid" => client,
    }
    .into()
}

fn sentence(api: &Api, line: &Line) -> String {
    let names = [
        ("user", line.user_name.as_str()),
        ("account", &line.account_name),
        ("email", &line.email),
        ("actor", &line.actor.name),
        ("detail", &line.detail),
    ];
    let text = api.text(&format!("event-{}", line.kind), &names);
    if line.detail.is_empty() { text } else { format!("{text} ({})", line.detail) }
}

/// Writes a line into the log.
pub(super) async fn write(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<WriteNotes>(api)?;
        let typed = required(params.filled("description"), "A description is required")?;
        let line = text::line(typed, MAX_LINE).map_err(Failure::Text)?;
        let client = params.number("clientid").or_else(|| params.number("userid")).filter(|id| *id != 0).map(AccountId);
        event::write_line(tx, &by, client, &line)?.ok_or(Failure::says(clients::UNKNOWN))?;
        Ok(Fields::default())
    })
    .await
}
