create table mails (
    id bigint generated always as identity primary key,
    kind text not null,
    account_id bigint references accounts (id) on delete cascade,
    user_id bigint references users (id) on delete set null,
    invitation_id bigint references invitations (id) on delete cascade,
    to_address text not null,
    subject text not null,
    text_body text not null,
    html_body text not null,
    sealed_secret bytea,
    queued_at bigint not null,
    attempts bigint not null default 0,
    last_tried_at bigint,
    last_answer text,
    sent_at bigint,
    failed_at bigint,
    cancelled_at bigint
);
create index mails_account_id on mails (account_id, id);
create index mails_invitation_id on mails (invitation_id, id);
create index mails_user_id on mails (user_id) where user_id is not null;
create index mails_failed_at on mails (failed_at) where failed_at is not null;
create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    ref_id bigint not null,
    created_at bigint not null,
    not_before bigint not null,
    attempts bigint not null default 0,
    lease_until bigint not null default 0
);
create index outbox_topic on outbox (topic, not_before, id);
create unique index outbox_topic_ref_id on outbox (topic, ref_id);
