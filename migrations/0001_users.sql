create table users (
    id bigint generated always as identity primary key,
    subject text not null,
    first_name text not null,
    last_name text not null,
    email text not null,
    email_key text not null,
    password_hash text,
    password_changed_at bigint,
    verified_at bigint,
    created_at bigint not null,
    last_login_at bigint,
    last_login_ip text,
    last_login_host text
);
create unique index users_email_key on users (email_key);
create unique index users_subject on users (subject);
