create table admins (
    id bigint generated always as identity primary key,
    name text not null,
    email text not null,
    email_key text not null,
    password_hash text not null,
    created_at bigint not null,
    disabled_at bigint,
    last_login_at bigint,
    last_login_ip text
);
create unique index admins_email_key on admins (email_key);
create table admin_sessions (
    id bigint generated always as identity primary key,
    token_hash bytea not null,
    admin_id bigint not null references admins (id) on delete cascade,
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null,
    ip text not null,
    user_agent text not null
);
create unique index admin_sessions_token_hash on admin_sessions (token_hash);
create index admin_sessions_admin_id on admin_sessions (admin_id);
create index admin_sessions_expires_at on admin_sessions (expires_at);
create table setup_links (
    token_hash bytea not null primary key,
    created_at bigint not null,
    expires_at bigint not null
);
