create table passkeys (
    id bigint generated always as identity primary key,
    user_id bigint references users (id) on delete cascade,
    admin_id bigint references admins (id) on delete cascade,
    credential_id bytea not null,
    public_key bytea not null,
    sign_count bigint not null,
    transports text not null,
    aaguid bytea not null,
    user_verified bigint not null check (user_verified in (0, 1)),
    backup_eligible bigint not null check (backup_eligible in (0, 1)),
    backed_up bigint not null check (backed_up in (0, 1)),
    name text not null,
    created_at bigint not null,
    last_used_at bigint,
    check ((user_id is null) <> (admin_id is null))
);
create unique index passkeys_credential_id on passkeys (credential_id);
create index passkeys_user_id on passkeys (user_id);
create index passkeys_admin_id on passkeys (admin_id);
create table passkey_handles (
    handle bytea not null primary key,
    user_id bigint references users (id) on delete cascade,
    admin_id bigint references admins (id) on delete cascade,
    check ((user_id is null) <> (admin_id is null))
);
create unique index passkey_handles_user_id on passkey_handles (user_id);
create unique index passkey_handles_admin_id on passkey_handles (admin_id);
create table passkey_challenges (
    challenge_hash bytea not null primary key,
    browser_hash bytea not null,
    purpose text not null,
    expires_at bigint not null
);
create index passkey_challenges_expires_at on passkey_challenges (expires_at);
