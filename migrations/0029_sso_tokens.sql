-- A link that logs a user in once, within a minute. What the link holds is not here, only its hash.
create table sso_tokens (
    token_hash bytea not null primary key,
    user_id bigint not null references users (id) on delete cascade,
    account_id bigint references accounts (id) on delete cascade,
    credential_id bigint not null references api_credentials (id) on delete cascade,
    lands_at text not null,
    created_at bigint not null,
    expires_at bigint not null
);
create index sso_tokens_expires_at on sso_tokens (expires_at);
create index sso_tokens_user_id on sso_tokens (user_id);
create index sso_tokens_account_id on sso_tokens (account_id);
create index sso_tokens_credential_id on sso_tokens (credential_id);
