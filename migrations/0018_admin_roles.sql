-- What the built-in roles hold is known to the program; the text is of the others.
create table admin_roles (
    id bigint generated always as identity primary key,
    name text not null,
    name_key text not null,
    permissions text not null,
    built_in text check (built_in in ('full', 'support', 'read-only'))
);
create unique index admin_roles_name_key on admin_roles (name_key);
create unique index admin_roles_built_in on admin_roles (built_in) where built_in is not null;
insert into admin_roles (name, name_key, permissions, built_in) values
    ('Full Administrator', 'full administrator', '', 'full'), ('Support', 'support', '', 'support'), ('Read-only', 'read-only', '', 'read-only');
-- SQLite cannot add a column that must not be null to a table that exists.
alter table admins add column role_id bigint references admin_roles (id);
update admins set role_id = (select id from admin_roles where built_in = 'full');
--@postgres alter table admins alter column role_id set not null;
create index admins_role_id on admins (role_id);
create table admin_invitations (
    id bigint generated always as identity primary key,
    name text not null,
    email text not null,
    email_key text not null,
    role_id bigint not null references admin_roles (id),
    token_hash bytea not null,
    mail_id bigint references mails (id) on delete set null,
    invited_by_id bigint not null,
    invited_by_name text not null,
    sent_at bigint not null,
    expires_at bigint not null,
    accepted_at bigint,
    accepted_by bigint references admins (id) on delete set null,
    cancelled_at bigint
);
create unique index admin_invitations_token_hash on admin_invitations (token_hash);
create unique index admin_invitations_email_key on admin_invitations (email_key) where accepted_at is null and cancelled_at is null;
create index admin_invitations_role_id on admin_invitations (role_id);
