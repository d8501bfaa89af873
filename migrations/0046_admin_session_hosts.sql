-- The host of the address an admin's session began from, when its name leads back to it.
alter table admin_sessions add column host text;
