create table bans (
    id bigint generated always as identity primary key,
    network text not null,
    first_ip bytea not null,
    last_ip bytea not null,
    reason text not null,
    created_at bigint not null,
    ends_at bigint,
    by_kind text not null,
    by_id bigint,
    by_name text not null
);
create unique index bans_network on bans (network);
create index bans_first_ip on bans (first_ip, last_ip);
