-- One link to choose a new password per admin: a newer one takes its place.
create table admin_resets (
    admin_id bigint not null primary key references admins (id) on delete cascade,
    token_hash bytea not null,
    mail_id bigint references mails (id) on delete set null,
    created_at bigint not null,
    expires_at bigint not null
);
create unique index admin_resets_token_hash on admin_resets (token_hash);
create index admin_resets_mail_id on admin_resets (mail_id) where mail_id is not null;
-- Asked for on the login page of the Admin Area. Whether an admin has the address is looked up later, beside the request.
create table admin_reset_requests (
    id bigint generated always as identity primary key,
    email_key text not null,
    email text not null,
    ip text not null,
    requested_at bigint not null
);
create unique index admin_reset_requests_email_key on admin_reset_requests (email_key);
