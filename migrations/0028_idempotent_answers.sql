-- What a call with an Idempotency-Key was answered, for a day. No foreign key: a credential that is revoked waits for no call.
create table idempotent_answers (
    credential_id bigint not null,
    key text not null,
    fingerprint bytea not null,
    sealed_answer bytea,
    created_at bigint not null,
    primary key (credential_id, key)
);
create index idempotent_answers_created_at on idempotent_answers (created_at);
-- Pages of an account's invitations, newest first.
create index invitations_account_id_id on invitations (account_id, id);
