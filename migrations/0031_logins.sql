alter table admins add column password_changed_at bigint;
alter table sessions add column device_id bigint references devices (id) on delete set null;
create index sessions_device_id on sessions (device_id);
