create table client_groups (
    id bigint generated always as identity primary key,
    name text not null,
    name_key text not null,
    colour text not null,
    discount_basis_points bigint not null check (discount_basis_points between 0 and 10000),
    suspend_terminate_exempt bigint not null check (suspend_terminate_exempt in (0, 1)),
    separate_invoices bigint not null check (separate_invoices in (0, 1))
);
create unique index client_groups_name_key on client_groups (name_key);
-- What was a word on each account becomes a group. Words that differ stay apart: each is its own key.
insert into client_groups (name, name_key, colour, discount_basis_points, suspend_terminate_exempt, separate_invoices)
    select distinct client_group, client_group, '#64748b', 0, 0, 0 from accounts where client_group <> '' order by 1;
alter table accounts add column group_id bigint references client_groups (id);
update accounts set group_id = (select g.id from client_groups g where g.name = accounts.client_group);
alter table accounts drop column client_group;
create index accounts_group_id on accounts (group_id);
-- What an account says of itself beside its address.
alter table accounts add column first_name text not null default '';
alter table accounts add column last_name text not null default '';
alter table accounts add column tax_id text not null default '';
alter table accounts add column language text not null default '';
alter table accounts add column currency text not null default '';
alter table accounts add column mail_categories text not null default 'general invoice support product domain affiliate';
alter table accounts add column marketing_opt_in bigint not null default 0;
alter table accounts add column allow_sso bigint not null default 1;
update accounts set first_name = (select u.first_name from users u where u.id = accounts.owner_id),
    last_name = (select u.last_name from users u where u.id = accounts.owner_id);
