-- Which user answers for an invitation: who sent it, or whose API credential did.
alter table invitations add column answers_id bigint;
-- Which user's credential was last told the link, where it was not mailed.
alter table invitations add column link_told_id bigint;
update invitations set answers_id = invited_by_id where invited_by_kind = 'user';
update invitations set answers_id = (select c.user_id from api_credentials c where c.id = invitations.invited_by_id) where invited_by_kind = 'api';
create index invitations_answers_id on invitations (answers_id);
