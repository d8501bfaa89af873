create table notes (
    id bigint generated always as identity primary key,
    account_id bigint not null references accounts (id) on delete cascade,
    text text not null,
    author_id bigint,
    author_name text not null,
    created_at bigint not null,
    pinned_at bigint
);
create index notes_account_id on notes (account_id, id);
create table contacts (
    id bigint generated always as identity primary key,
    account_id bigint not null references accounts (id) on delete cascade,
    first_name text not null,
    last_name text not null,
    email text not null,
    phone text not null default '',
    categories text not null default '',
    created_at bigint not null
);
create index contacts_account_id on contacts (account_id, id);
