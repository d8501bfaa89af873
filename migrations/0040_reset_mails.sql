-- The mail that carries a link, as for admins: it is taken back with it.
alter table resets add column mail_id bigint references mails (id) on delete set null;
create index resets_mail_id on resets (mail_id) where mail_id is not null;
