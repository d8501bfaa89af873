create table guess_buckets (
    key bytea not null primary key,
    tries bigint not null,
    full_at bigint not null
);
create index guess_buckets_full_at on guess_buckets (full_at);
create table guess_failures (
    key bytea not null primary key,
    strange bigint not null,
    known bigint not null,
    forget_at bigint
);
create index guess_failures_forget_at on guess_failures (forget_at) where forget_at is not null;
create table devices (
    id bigint generated always as identity primary key,
    user_id bigint references users (id) on delete cascade,
    admin_id bigint references admins (id) on delete cascade,
    token_hash bytea not null,
    first_seen_at bigint not null,
    last_seen_at bigint not null,
    ip text not null,
    user_agent text not null
);
create unique index devices_user_id_token_hash on devices (user_id, token_hash);
create unique index devices_admin_id_token_hash on devices (admin_id, token_hash);
create index devices_token_hash on devices (token_hash);
