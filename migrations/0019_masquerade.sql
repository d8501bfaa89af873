-- A session in which an admin acts for a user ends with the admin's own.
alter table sessions add column masquerade_session_id bigint references admin_sessions (id) on delete cascade;
alter table sessions add column masquerade_account_id bigint references accounts (id) on delete cascade;
alter table sessions add column masquerade_reason text;
create index sessions_masquerade_session_id on sessions (masquerade_session_id) where masquerade_session_id is not null;
create index sessions_masquerade_account_id on sessions (masquerade_account_id) where masquerade_account_id is not null;
alter table events add column on_behalf_of_id bigint;
alter table events add column on_behalf_of_name text not null default '';
create index events_on_behalf_of_id on events (on_behalf_of_id, id) where on_behalf_of_id is not null;
