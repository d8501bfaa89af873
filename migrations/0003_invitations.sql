create table invitations (
    id bigint generated always as identity primary key,
    account_id bigint not null references accounts (id) on delete cascade,
    email text not null,
    email_key text not null,
    grants text not null,
    token_hash bytea not null,
    invited_by_kind text not null,
    invited_by_id bigint,
    invited_by_name text not null,
    created_at bigint not null,
    sent_at bigint not null,
    expires_at bigint not null,
    failed_registrations bigint not null default 0,
    accepted_at bigint,
    accepted_by bigint references users (id) on delete set null,
    accepted_as text,
    declined_at bigint,
    cancelled_at bigint
);
create unique index invitations_token_hash on invitations (token_hash);
create unique index invitations_account_id_email_key on invitations (account_id, email_key)
    where accepted_at is null and declined_at is null and cancelled_at is null;
create index invitations_accepted_by on invitations (accepted_by);
