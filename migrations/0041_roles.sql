-- A named set of grants, for every account or for one.
create table roles (
    id bigint generated always as identity primary key,
    account_id bigint references accounts (id) on delete cascade,
    name text not null,
    name_key text not null,
    description text not null,
    grants text not null,
    revision bigint not null
);
-- An expression, so that giving a role to somebody does not wait for one who renames it.
create unique index roles_name_key on roles (coalesce(account_id, 0), name_key);
create index roles_account_id on roles (account_id) where account_id is not null;
alter table memberships add column role_id bigint references roles (id);
create index memberships_role_id on memberships (role_id) where role_id is not null;
-- What an invitation offered once says nothing of a role that is gone.
alter table invitations add column role_id bigint references roles (id) on delete set null;
create index invitations_role_id on invitations (role_id) where role_id is not null;
