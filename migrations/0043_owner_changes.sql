-- Another owner that one admin asks for and a second one approves. One per account.
create table owner_changes (
    id bigint generated always as identity primary key,
    account_id bigint not null,
    user_id bigint not null,
    asked_by_kind text not null,
    asked_by_id bigint,
    asked_by_name text not null,
    -- The admin who asked, or whose API credential did: somebody else approves.
    admin_id bigint,
    asked_at bigint not null,
    expires_at bigint not null,
    foreign key (account_id, user_id) references memberships (account_id, user_id) on delete cascade
);
create unique index owner_changes_account_id on owner_changes (account_id);
create index owner_changes_admin_id on owner_changes (admin_id) where admin_id is not null;
create index owner_changes_expires_at on owner_changes (expires_at);
