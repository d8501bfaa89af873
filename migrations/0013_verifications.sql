-- One address per user that waits to be confirmed: the present one, or the one that is to follow it.
create table verifications (
    user_id bigint not null primary key references users (id) on delete cascade,
    email text not null,
    email_key text not null,
    token_hash bytea not null,
    created_at bigint not null,
    expires_at bigint not null
);
create unique index verifications_token_hash on verifications (token_hash);
create table deletion_requests (
    user_id bigint not null primary key references users (id) on delete cascade,
    requested_at bigint not null
);
