-- How a session began: by a login of its user, or by a link of another system (single sign-on).
alter table sessions add column begun_by text not null default 'login';
