-- Events get the next number and their link of the chain when they are sealed, which is after their transaction has been committed.
alter table events add column seq bigint;
alter table events add column hash bytea;
create unique index events_seq on events (seq);
-- SQLite finds them by the index above.
--@postgres create index events_unsealed on events (id) where seq is null;
-- One row: the last link. Whoever seals holds it.
create table event_chain (
    id bigint not null primary key,
    seq bigint not null,
    hash bytea not null
);
insert into event_chain (id, seq, hash) values (1, 0, cast('' as bytea));
