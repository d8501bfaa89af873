create table accounts (
    id bigint generated always as identity primary key,
    name text not null,
    company text not null default '',
    contact_email text not null default '',
    address1 text not null default '',
    address2 text not null default '',
    city text not null default '',
    state text not null default '',
    postcode text not null default '',
    country text not null default '',
    phone text not null default '',
    client_group text not null default '',
    status text not null check (status in ('active', 'inactive', 'closed')),
    owner_id bigint not null references users (id),
    revision bigint not null default 1,
    created_at bigint not null,
    closed_at bigint
);
create index accounts_owner_id on accounts (owner_id);
