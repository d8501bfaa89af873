create table events (
    id bigint generated always as identity primary key,
    at bigint not null,
    kind text not null,
    actor_kind text not null,
    actor_id bigint,
    actor_name text not null,
    ip text,
    account_id bigint,
    account_name text not null default '',
    user_id bigint,
    user_name text not null default '',
    email text not null default '',
    detail text not null default ''
);
create index events_at on events (at, id);
create index events_account_id on events (account_id, id);
create index events_user_id on events (user_id, id);
create index events_actor on events (actor_kind, actor_id, id);
create index events_kind on events (kind, at);
