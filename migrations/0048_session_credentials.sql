-- The credential whose link began a session: what it began ends with it.
alter table sessions add column credential_id bigint references api_credentials (id) on delete cascade;
create index sessions_credential_id on sessions (credential_id) where credential_id is not null;
