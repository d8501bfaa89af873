create table used_puzzles (
    puzzle_hash bytea not null primary key,
    expires_at bigint not null
);
create index used_puzzles_expires_at on used_puzzles (expires_at);
