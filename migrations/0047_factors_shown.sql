-- Wrong codes are counted in `guess_failures`, of strangers and of known devices apart.
alter table authenticators drop column failures;
