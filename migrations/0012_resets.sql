-- One link to choose a new password per user: a newer one takes its place.
create table resets (
    user_id bigint not null primary key references users (id) on delete cascade,
    token_hash bytea not null,
    created_at bigint not null,
    expires_at bigint not null
);
create unique index resets_token_hash on resets (token_hash);
-- Asked for on the login page. Whether anybody has the address is looked up later, beside the request.
create table reset_requests (
    id bigint generated always as identity primary key,
    email_key text not null,
    email text not null,
    ip text not null,
    requested_at bigint not null
);
create unique index reset_requests_email_key on reset_requests (email_key);
create index mails_user_id_kind on mails (user_id, kind, queued_at) where user_id is not null;
