-- What has changed about who may do what, in the order of the commits and without a gap: whoever adds a row holds the
-- head until it commits. Copies in the memory of a node are dropped by it. Neither an account nor a user: everything.
create table access_head (
    id bigint not null primary key check (id = 1),
    seq bigint not null
);
insert into access_head (id, seq) values (1, 0);
create table access_changes (
    seq bigint not null primary key,
    account_id bigint,
    user_id bigint
);
-- A login at a service behind a proxy: it belongs to a session and ends with it.
create table forward_sessions (
    token_hash bytea not null primary key,
    code_hash bytea not null,
    session_id bigint not null references sessions (id) on delete cascade,
    host text not null,
    created_at bigint not null
);
create unique index forward_sessions_code_hash on forward_sessions (code_hash);
create index forward_sessions_session_id on forward_sessions (session_id);
