create table webhooks (
    id bigint generated always as identity primary key,
    url text not null,
    description text not null,
    kinds text not null,
    created_at bigint not null,
    disabled_at bigint,
    disabled_because text not null default '',
    delivered_seq bigint not null,
    last_delivered_at bigint,
    failing_since bigint,
    failures bigint not null default 0,
    not_before bigint not null default 0,
    lease bigint not null default 0,
    lease_until bigint not null default 0
);
create table webhook_secrets (
    id bigint generated always as identity primary key,
    webhook_id bigint not null references webhooks (id) on delete cascade,
    sealed bytea not null,
    created_at bigint not null,
    ends_at bigint
);
create index webhook_secrets_webhook_id on webhook_secrets (webhook_id, id);
-- Single deliveries that staff asked for: an event again, or a test where there is no event.
create table webhook_extras (
    id bigint generated always as identity primary key,
    webhook_id bigint not null references webhooks (id) on delete cascade,
    seq bigint,
    asked_at bigint not null
);
create index webhook_extras_webhook_id on webhook_extras (webhook_id, id);
create table webhook_attempts (
    id bigint generated always as identity primary key,
    webhook_id bigint not null references webhooks (id) on delete cascade,
    message text not null,
    kind text not null,
    seq bigint,
    at bigint not null,
    status bigint,
    took_ms bigint not null,
    error text not null
);
create index webhook_attempts_webhook_id on webhook_attempts (webhook_id, id);
