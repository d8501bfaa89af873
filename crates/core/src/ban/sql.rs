use std::net::IpAddr;

use super::{Ban, Network, NewBan, network};
use crate::access::Actor;
use crate::app::{Asked, Snapshot, Tx};
use crate::db::Row;
use crate::error::Fault;
use crate::id::BanId;
use crate::params;

pub(super) fn covers<'a>(snapshot: &'a Snapshot<'_>, ip: IpAddr) -> Result<Asked<'a, bool>, Fault> {
    let found = snapshot.ask(
        "select network from bans where first_ip <= $1 and last_ip >= $1 and (ends_at is null or ends_at > $2)",
        params![network::bytes(ip), snapshot.now()],
        Row::take::<String>,
    );
    // In the order of ranges IPv4 lies within IPv6, so a range that reaches from there over all of it holds what its network does not.
    let holds = move |text: &String| text.parse::<Network>().is_ok_and(|network| network.contains(ip));
    Ok(found?.map(move |found| found.iter().any(holds)))
}

/// `None` when exactly this network is banned already.
pub(super) fn insert(tx: &Tx<'_>, by: &Actor, new: &NewBan) -> Result<Option<BanId>, Fault> {
    let (first, last) = new.network.range();
    tx.optional(
        "insert into bans (network, first_ip, last_ip, reason, created_at, ends_at, by_kind, by_id, by_name)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (network) do nothing returning id",
        params![new.network.to_string(), first, last, new.reason, tx.now(), new.ends_at, by.kind.key(), by.id, by.name],
        Row::take,
    )
}

pub(super) fn delete(tx: &Tx<'_>, id: BanId) -> Result<Option<String>, Fault> {
    tx.optional("delete from bans where id = $1 returning network", params![id], Row::take)
}

pub(super) fn delete_ended(tx: &Tx<'_>) -> Result<(), Fault> {
    tx.execute("delete from bans where ends_at <= $1", params![tx.now()])?;
    Ok(())
}

pub(super) fn count(snapshot: &Snapshot<'_>) -> Result<i64, Fault> {
    snapshot.one("select count(*) from bans", &[], Row::take)
}

pub(super) fn list(snapshot: &Snapshot<'_>, limit: i64) -> Result<Vec<Ban>, Fault> {
    snapshot.all(
        "select id, network, reason, created_at, ends_at, by_kind, by_id, by_name from bans
         where ends_at is null or ends_at > $1 order by id desc limit $2",
        params![snapshot.now(), limit],
        |row| {
            Ok(Ban {
                id: row.take()?,
                network: row.take()?,
                reason: row.take()?,
                created_at: row.take()?,
                ends_at: row.take()?,
                by: Actor { kind: row.take()?, id: row.take()?, name: row.take()? },
            })
        },
    )
}
