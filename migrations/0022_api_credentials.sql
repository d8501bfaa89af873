-- What the built-in roles hold is known to the program; the text is of the others.
create table api_roles (
    id bigint generated always as identity primary key,
    name text not null,
    name_key text not null,
    rights text not null,
    built_in text check (built_in in ('full', 'read-only'))
);
create unique index api_roles_name_key on api_roles (name_key);
create unique index api_roles_built_in on api_roles (built_in) where built_in is not null;
insert into api_roles (name, name_key, rights, built_in) values ('Full Access', 'full access', '', 'full'), ('Read-only', 'read-only', '', 'read-only');
-- A credential belongs to the admin who made it, or to the owner who made it for the own account, and works no longer than its maker.
create table api_credentials (
    id bigint generated always as identity primary key,
    name text not null,
    identifier text not null,
    secret_hash bytea not null,
    role_id bigint not null references api_roles (id),
    admin_id bigint references admins (id) on delete cascade,
    user_id bigint references users (id) on delete cascade,
    account_id bigint references accounts (id) on delete cascade,
    networks text not null default '',
    created_at bigint not null,
    expires_at bigint,
    last_used_at bigint,
    last_used_ip text,
    check ((admin_id is null and user_id is not null and account_id is not null) or (admin_id is not null and user_id is null))
);
create unique index api_credentials_identifier on api_credentials (identifier);
create index api_credentials_role_id on api_credentials (role_id);
create index api_credentials_admin_id on api_credentials (admin_id);
create index api_credentials_user_id on api_credentials (user_id);
create index api_credentials_account_id on api_credentials (account_id);
