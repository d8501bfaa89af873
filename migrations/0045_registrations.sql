-- A registration with an address other than the invited one, until that mailbox has confirmed it. One per invitation.
create table registrations (
    invitation_id bigint not null primary key references invitations (id) on delete cascade,
    first_name text not null,
    last_name text not null,
    email text not null,
    password_hash text not null,
    token_hash bytea not null,
    -- The mail that was sent for it: taken back with it.
    mail_id bigint references mails (id) on delete set null,
    wrong_tries bigint not null default 0,
    created_at bigint not null,
    expires_at bigint not null
);
create unique index registrations_token_hash on registrations (token_hash);
create index registrations_expires_at on registrations (expires_at);
create index registrations_mail_id on registrations (mail_id) where mail_id is not null;
-- How many were asked for through the present link. It outlasts the row that waits.
alter table invitations rename column failed_registrations to registrations_asked;
