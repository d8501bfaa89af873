create table settings (
    key text not null primary key,
    value text not null,
    updated_at bigint not null
);
create table search_terms (
    term text collate "C" not null,
    kind text not null,
    id bigint not null,
    primary key (kind, term, id)
);
create index search_terms_kind_id on search_terms (kind, id);
