alter table sessions add column second_factor_at bigint;
alter table sessions add column confirmed_at bigint;
alter table admin_sessions add column second_factor_at bigint;
alter table admin_sessions add column confirmed_at bigint;
alter table accounts add column two_factor_required_at bigint;
