create table memberships (
    account_id bigint not null references accounts (id) on delete cascade,
    user_id bigint not null references users (id),
    grants text not null,
    ends_at bigint,
    invitation_id bigint references invitations (id) on delete set null,
    added_by_kind text not null,
    added_by_id bigint,
    added_by_name text not null,
    created_at bigint not null,
    last_entered_at bigint,
    primary key (account_id, user_id)
);
create index memberships_user_id on memberships (user_id);
create index memberships_invitation_id on memberships (invitation_id) where invitation_id is not null;
-- The owner has a membership too. SQLite cannot add a constraint to a table that exists;
-- there the operations and the property test hold the rule alone.
--@postgres alter table accounts add constraint accounts_owner_is_member foreign key (id, owner_id) references memberships (account_id, user_id) deferrable initially deferred;
