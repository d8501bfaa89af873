-- OAuth credentials as other systems make them. Lists are separated by line breaks, scopes and grants by spaces.
create table oauth_clients (
    id bigint generated always as identity primary key,
    uuid text not null,
    identifier text not null,
    secret_hash bytea not null,
    name text not null,
    description text not null,
    logo_uri text not null,
    redirect_uris text not null,
    grant_type text not null check (grant_type in ('authorization_code', 'single_sign_on')),
    scopes text not null,
    service_id bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index oauth_clients_identifier on oauth_clients (identifier);
create unique index oauth_clients_uuid on oauth_clients (uuid);
