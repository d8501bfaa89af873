-- When a mail's last word was said: from then on it is kept for as long as the operator wants.
create index mails_over on mails (coalesce(sent_at, failed_at, cancelled_at));
create index admin_invitations_mail_id on admin_invitations (mail_id) where mail_id is not null;
-- One row: where the log begins. The events up to `seq` were removed when their time was over; `hash` is the link of the last of them, and
-- `sealed` says the same under the installation's secret key.
create table event_beginning (
    id bigint not null primary key,
    seq bigint not null,
    hash bytea not null,
    removed_at bigint not null,
    kept_days bigint not null,
    sealed bytea not null
);
insert into event_beginning (id, seq, hash, removed_at, kept_days, sealed) values (1, 0, cast('' as bytea), 0, 0, cast('' as bytea));
