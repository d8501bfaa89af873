create table sessions (
    id bigint generated always as identity primary key,
    token_hash bytea not null,
    user_id bigint not null references users (id) on delete cascade,
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null,
    remember bigint not null check (remember in (0, 1)),
    ip text not null,
    host text,
    user_agent text not null
);
create unique index sessions_token_hash on sessions (token_hash);
create index sessions_user_id on sessions (user_id);
create index sessions_expires_at on sessions (expires_at);
