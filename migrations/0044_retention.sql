-- When a mail's last word was said: from then on it is kept for as long as the operator wants.
create index mails_over on mails (coalesce(sent_at, failed_at, cancelled_at));
create index admin_invitations_mail_id on admin_invitations (mail_id) where mail_id is not null;
