create table authenticators (
    id bigint generated always as identity primary key,
    user_id bigint references users (id) on delete cascade,
    admin_id bigint references admins (id) on delete cascade,
    kind text not null,
    name text not null,
    sealed_secret bytea,
    last_step bigint,
    failures bigint not null default 0,
    created_at bigint not null,
    confirmed_at bigint,
    last_used_at bigint,
    check ((user_id is null) <> (admin_id is null))
);
create unique index authenticators_user_id on authenticators (user_id) where kind = 'totp';
create unique index authenticators_admin_id on authenticators (admin_id) where kind = 'totp';
create index authenticators_of_user on authenticators (user_id);
create index authenticators_of_admin on authenticators (admin_id);
create table recovery_codes (
    id bigint generated always as identity primary key,
    user_id bigint references users (id) on delete cascade,
    admin_id bigint references admins (id) on delete cascade,
    code_hash bytea not null,
    created_at bigint not null,
    used_at bigint,
    check ((user_id is null) <> (admin_id is null))
);
create unique index recovery_codes_code_hash on recovery_codes (code_hash);
create index recovery_codes_user_id on recovery_codes (user_id);
create index recovery_codes_admin_id on recovery_codes (admin_id);
create table pending_logins (
    id bigint generated always as identity primary key,
    token_hash bytea not null,
    user_id bigint references users (id) on delete cascade,
    admin_id bigint references admins (id) on delete cascade,
    remember bigint not null check (remember in (0, 1)),
    password_changed_at bigint,
    sealed_next bytea not null,
    tries bigint not null default 0,
    created_at bigint not null,
    expires_at bigint not null,
    check ((user_id is null) <> (admin_id is null))
);
create unique index pending_logins_token_hash on pending_logins (token_hash);
create index pending_logins_user_id on pending_logins (user_id);
create index pending_logins_admin_id on pending_logins (admin_id);
create index pending_logins_expires_at on pending_logins (expires_at);
