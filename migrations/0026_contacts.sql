alter table contacts add column company text not null default '';
alter table contacts add column address1 text not null default '';
alter table contacts add column address2 text not null default '';
alter table contacts add column city text not null default '';
alter table contacts add column state text not null default '';
alter table contacts add column postcode text not null default '';
alter table contacts add column country text not null default '';
alter table contacts add column tax_id text not null default '';
alter table contacts add column updated_at bigint;
update contacts set updated_at = created_at;
--@postgres alter table contacts alter column updated_at set not null;
-- An address stands once in an address book. Of those that stood there twice already the later ones stay, without a key.
alter table contacts add column email_key text;
update contacts set email_key = lower(email)
    where id = (select min(c.id) from contacts c where c.account_id = contacts.account_id and lower(c.email) = lower(contacts.email));
create unique index contacts_account_id_email_key on contacts (account_id, email_key);
