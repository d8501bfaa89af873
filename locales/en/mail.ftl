# Mails. Each reads well as plain text.

invitation-mail-subject = { $inviter } has invited you to { $account }
invitation-mail-preview = Accept until { $until } to enter the { $account } account.
invitation-mail-lede = { $inviter } has given you access to the { $account } account at { $brand }.
invitation-mail-role = You are offered the role { $role }.
invitation-mail-all = You will be able to do everything in this account, apart from managing its users.
invitation-mail-some = You will be able to:
invitation-mail-button = See the Invitation
invitation-mail-open = To see the invitation and accept it, open this address:
invitation-mail-how = Log in if you have a login already, or register on the same page. Any email address will do. Opening the link changes nothing: you decide there.
invitation-mail-until = The link works once, until { $until }. After that, ask for a new invitation.
invitation-mail-link = If the button does not work, open this address:
invitation-mail-why = { $brand } sent this mail to { $email } because somebody entered that address. If you did not expect it, you need do nothing, and nothing will happen.

message-mail-why = { $brand } sent this mail for another system that it works with.

test-mail-subject = Test mail from { $brand }
test-mail-heading = Mail works
test-mail-text = This server can send mail. Invitations will reach people the same way.
test-mail-next = If this mail was sorted as spam, check the SPF, DKIM and DMARC records of the sender's domain.
test-mail-why = { $brand } sent this mail because an admin pressed Send Test Mail.

# A link for one person
password-reset-mail-subject = Choose a new password for { $brand }
password-reset-mail-lede = Hello { $name }, somebody asked to choose a new password for the login { $email }.
password-reset-mail-button = Choose a New Password
password-reset-mail-until = The link works once, until { $until }. It does not log you in, and your second factor stays as it is.
password-reset-mail-not-you = If it was not you, you need do nothing: your password stays as it is.
email-verification-mail-subject = Confirm your email address for { $brand }
email-verification-mail-lede = Hello { $name }, please confirm that { $email } is your address.
email-verification-mail-button = Confirm Email Address
email-verification-mail-until = The link works once, until { $until }.
email-verification-mail-not-you = If you have no login here, you need do nothing.
email-change-mail-subject = Confirm your new email address for { $brand }
email-change-mail-lede = Hello { $name }, your login is to have the address { $email }. Please confirm that it is yours.
email-change-mail-button = Confirm Email Address
email-change-mail-until = The link works once, until { $until }. Until you confirm, your login keeps its present address.
email-change-mail-not-you = If you have not asked for it, you need do nothing, and nothing will change.
registration-mail-subject = Confirm your email address to finish registering at { $brand }
registration-mail-lede = Somebody has registered at { $brand } with the address { $email }, by the link of an invitation. If it was you, finish here with the password that you chose.
registration-mail-button = Finish Registration
registration-mail-until = The link works once, until { $until }, and no longer than the invitation.
registration-mail-not-you = If it was not you, you need do nothing: without that password nothing comes of it.

# What people are told. Variables, always given but possibly empty: $brand, $name (who is told), $account, $by (who did it),
# $what (what it is about).
notice-mail-when = When: { $when }.
notice-mail-from = From: { $ip }.
notice-mail-button = See Security Settings
notice-mail-why = { $brand } sent this mail to { $email }.
password-changed-mail-subject = Your password for { $brand } was changed
password-changed-mail-text = Hello { $name }, the password of your login was changed. All other sessions have ended.
password-changed-mail-next = If it was not you, use Forgot Password? on the login page at once, then look at your sessions.
reset-done-mail-subject = Your password for { $brand } was reset
reset-done-mail-text = Hello { $name }, a new password was chosen with a link from a mail. All sessions have ended.
reset-done-mail-next = If it was not you, somebody can read your mail: change the password of your mailbox first, then use Forgot Password? on the login page.
email-change-asked-mail-subject = Somebody wants to change the email address of your login
email-change-asked-mail-text = Hello { $name }, your login at { $brand } is to have the address { $what }. Nothing changes until that address is confirmed.
email-change-asked-mail-next = If neither you nor the staff of { $brand } for you asked for it, somebody knows your password: log in, cancel the change under Your Profile, and change your password.
email-changed-mail-subject = The email address of your login was changed
email-changed-mail-text = Hello { $name }, your login at { $brand } has the address { $what } now.
email-changed-mail-next = If it was not you, ask the support of { $brand } for help at once: the old address can no longer log in or reset the password.
email-in-use-mail-subject = Somebody asked to use your email address at { $brand }
email-in-use-mail-text = Hello { $name }, somebody who is logged in asked to use this address for another login. It is yours already, so nothing was changed.
email-in-use-mail-next = If it was you: one address has one login. Log in with this address, or choose another one there. If it was not you, you need do nothing.
registered-already-mail-subject = You have a login at { $brand } already
registered-already-mail-text = Hello { $name }, somebody registered with this address on the page of an invitation to { $what }. It is the address of your login already, so nothing was changed.
registered-already-mail-next = If it was you, open the link of the invitation once more and use Login there. If it was not you, you need do nothing.
access-given-mail-subject = You can enter { $account } now
access-given-mail-text = Hello { $name }, you can enter the account { $account } at { $brand } now.
access-given-mail-next = If you do not want this, you can leave the account on its first page.
access-changed-mail-subject = What you may do in { $account } has changed
access-changed-mail-text = Hello { $name }, your permissions in the account { $account } at { $brand } have changed.
access-changed-mail-next = The account's first page shows what you may do now. If something is missing, ask the owner of the account.
access-removed-mail-subject = You can no longer enter { $account }
access-removed-mail-text = Hello { $name }, your access to the account { $account } at { $brand } was removed. Your login and your other accounts stay as they are.
access-removed-mail-next = If this is a mistake, ask the owner of the account for a new invitation.
invitation-accepted-mail-subject = { $by } accepted the invitation to { $account }
invitation-accepted-mail-text = Hello { $name }, { $by } has accepted an invitation and can enter your account { $account } at { $brand } now.
invitation-accepted-mail-next = If you do not know this person, remove the access under User Management.
member-left-mail-subject = { $by } has left { $account }
member-left-mail-text = Hello { $name }, { $by } ({ $what }) can no longer enter your account { $account } at { $brand }: the access was given up.
member-left-mail-next = You need do nothing. If the access is needed again, send an invitation.
account-deleted-mail-subject = The account { $what } was deleted
account-deleted-mail-text = Hello { $name }, the account { $what } at { $brand } was deleted, with everything in it.
account-deleted-mail-next = If you did not expect this, ask the support of { $brand }.
ownership-gained-mail-subject = You own { $account } now
ownership-gained-mail-text = Hello { $name }, you are the owner of the account { $account } at { $brand } now and hold every permission in it.
ownership-gained-mail-next = If this is a mistake, ask the support of { $brand }.
ownership-lost-mail-subject = You no longer own { $account }
ownership-lost-mail-text = Hello { $name }, { $what } is the owner of the account { $account } at { $brand } now. You can still enter it, as a member.
ownership-lost-mail-next = If you did not expect this, ask the support of { $brand } at once.
masquerade-mail-subject = An admin has logged in to { $account } as its owner
masquerade-mail-text = Hello { $name }, { $by } of the staff of { $brand } opened the account { $account } in your place, for one hour at most. Reason given: { $what }. Your password, your sessions and your own data can't be seen or changed that way.
masquerade-mail-next = What was done stands in the account under Activity, with both names. If you did not ask for help, get in touch with { $brand }.
factor-added-mail-subject = Two-factor authentication is on at { $brand }
factor-added-mail-text = Hello { $name }, a second factor was added to your login. From now on it is asked for after the password.
factor-added-mail-next = If it was not you, change your password, remove the factor and end the other sessions.
factor-removed-mail-subject = A second factor was removed at { $brand }
factor-removed-mail-text = Hello { $name }, a second factor was removed from your login.
factor-removed-mail-next = If it was not you, change your password, set a factor up again and end the other sessions.
factor-taken-mail-subject = Two-factor authentication was turned off for you at { $brand }
factor-taken-mail-text = Hello { $name }, the staff of { $brand } removed the second factors of your login. The password alone opens it until a new one is set up.
factor-taken-mail-next = If you did not ask for it, tell the support of { $brand }, and set a factor up again.
recovery-code-used-mail-subject = A recovery code was used at { $brand }
recovery-code-used-mail-text = Hello { $name }, a recovery code was used to confirm your login. Codes left: { $what }.
recovery-code-used-mail-next = If it was not you, change your password, make new codes and end the other sessions. Make new ones before the last is used.
recovery-codes-made-mail-subject = New recovery codes were made at { $brand }
recovery-codes-made-mail-text = Hello { $name }, new recovery codes were made for your login. The earlier ones no longer work.
recovery-codes-made-mail-next = If it was not you, change your password, make new codes and end the other sessions.
password-stopped-mail-subject = Somebody tries to log in as you at { $brand }
password-stopped-mail-text = Hello { $name }, a hundred tries in a row failed at your login.
password-stopped-mail-next = { $what }
password-stopped-mail-what = { $devices ->
    [known] What was tried no longer opens your login on devices that you have used before.
   *[strange] What was tried no longer opens your login on devices that you have not used before.
}{" "}{ $what ->
    [totp] It was the code of your authenticator app. To have it work everywhere again, log in with a recovery code or a passkey, remove the app and set it up again.
    [recovery-code] It was a recovery code. To have them work everywhere again, log in with your other factor and make new ones.
    [passkey] It was a passkey. To have them work everywhere again, log in with your other factor or a recovery code and add a passkey anew.
   *[other] To have it work everywhere again, choose a new password with Forgot Password? on the login page.
}
owner-change-asked-mail-subject = Another owner for { $account } waits for a second admin
owner-change-asked-mail-text = Hello { $name }, { $by } asked that another user owns this client's account: { $what }. Nothing changes before a second admin approves it.
owner-change-asked-mail-next = Approve it on the client's Users page if you know why, and refuse it there if you do not. After seven days it is over.
owner-approval-off-mail-subject = A change of owner no longer needs a second admin at { $brand }
owner-approval-off-mail-text = Hello { $name }, { $by } switched off that a change of an account's owner needs a second admin. From now on one admin alone can make another user the owner, and changes that waited for approval have ended.
owner-approval-off-mail-next = If you did not agree on that, switch it on again, and look in the activity log for accounts that have changed hands since.
webhook-disabled-mail-subject = A webhook of { $brand } was disabled
webhook-disabled-mail-text = Hello { $name }, nothing has got through to this webhook for five days, so it gets no events any more: { $what }.
webhook-disabled-mail-next = See to the other system, send a test, and enable the webhook again: it goes on where it stopped, as far back as the log is kept.
credential-made-mail-subject = New API credential at { $brand }
credential-made-mail-text = Hello { $name }, an API credential was made in your name: { $what }. A program that has it can do what its role allows.
credential-made-mail-next = If it was not you, revoke it and change your password: a new password alone does not end it.
new-device-mail-subject = New device at { $brand }
new-device-mail-text = Hello { $name }, your login was used with a device that was not seen before: { $what }.
new-device-mail-next = If it was you, you need do nothing. If not, change your password at once: all other sessions end with it.
