-- The operator's words for mails that this server itself sends. A mail without a row has those of its template.
create table mail_texts (
    template text not null primary key,
    subject text not null,
    message text not null,
    button text not null,
    updated_at bigint not null
);
