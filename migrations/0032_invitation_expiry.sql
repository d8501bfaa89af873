-- When the log told that nobody had used an invitation in time.
alter table invitations add column expiry_told_at bigint;
create index invitations_expires_at on invitations (expires_at) where accepted_at is null and declined_at is null and cancelled_at is null and expiry_told_at is null;
