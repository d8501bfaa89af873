-- Messages that the operator keeps ready, and other systems send to accounts by name.
create table mail_templates (
    id bigint generated always as identity primary key,
    name text not null,
    name_key text not null,
    category text not null,
    subject text not null,
    message text not null,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index mail_templates_name_key on mail_templates (name_key);
