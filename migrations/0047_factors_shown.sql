-- Wrong codes are counted in `guess_failures`, of strangers and of known devices apart.
alter table authenticators drop column failures;
-- What a session has shown counts as long as its user or admin has a factor.
update sessions set second_factor_at = null where second_factor_at is not null
    and not exists (select 1 from authenticators f where f.user_id = sessions.user_id and f.confirmed_at is not null)
    and not exists (select 1 from passkeys p where p.user_id = sessions.user_id);
update admin_sessions set second_factor_at = null where second_factor_at is not null
    and not exists (select 1 from authenticators f where f.admin_id = admin_sessions.admin_id and f.confirmed_at is not null)
    and not exists (select 1 from passkeys p where p.admin_id = admin_sessions.admin_id);
