# What the server says: errors of fields, whole pages, and the one message after a change.

# Fields
error-required = Fill this in.
error-email-required = Enter an email address.
error-email-malformed = Write the address like name@example.com.
error-email-taken = Another user has this email address already.
error-email-taken-choose = A user has this email address already. Choose an existing user as the owner.
error-register-failed = This address can't be registered here. If you have a login already, use the Login panel.
error-registration-password = This is not the password you chose when you registered.
error-registration-limited = Too many registrations were begun with this invitation. Ask the person who invited you for a new one.
error-is-owner-already = You own this account already.
error-email-too-long = This email address is too long.
error-first-name-required = Enter the first name.
error-last-name-required = Enter the last name.
error-name-required = Enter a name.
error-name-too-long = This name is too long.
error-name-malformed = This name has characters that can't be shown.
error-too-long = This is too long.
error-account-name-required = Enter a name for the account.
error-country-unknown = Choose a country from the list.
error-phone-malformed = Write the phone number with digits, spaces and a leading +.
error-url-malformed = Write the whole address, beginning with https://.
error-hue-malformed = Enter a whole number from 0 to 359.
error-status-unknown = Choose a status from the list.
error-number-malformed = Write the number alone, for example 17.
error-date-malformed = Write the date as year-month-day, for example 2026-11-24.

error-password-required = Enter a password.
error-password-too-short = Use at least 15 characters.
error-password-too-long = Use at most 256 characters.
error-password-too-short-with-factor = Use at least 8 characters.
error-password-common = This password is on the list of the most used ones: it is too easy to guess. Choose another one, or use Generate Password.
error-password-own-words = This password is too easy to guess: it is close to a name or address that belongs to you, your accounts or this site. Choose other words, or use Generate Password.
error-password-too-weak = This password is too easy to guess. Add another word or two, or use Generate Password.
error-password-leaked = This password is on lists of stolen passwords. Choose another one.
error-password-wrong = This is not your current password.
error-password-same = This is your current password. Choose a new one.
error-login-failed = The email address or the password is wrong.
error-admin-login-failed = The email address or the password is wrong.
error-login-limited = Too many tries. Wait { $minutes ->
    [one] a minute
   *[other] { $minutes } minutes
}, then try again.
error-terms-required = Please agree to the Terms of Service.

error-already-member = This user is in the account already.
error-already-pending = An invite to this address is waiting already.
error-no-permission-chosen = Choose at least one permission.
error-permission-not-yours = You can only give permissions you hold yourself.
error-permission-unknown = One of these permissions does not exist.
error-scope-unknown = Choose All Permissions or Choose Permissions.
error-invite-limited = Too many invites in a short time. Try again later.
error-owner-unchangeable = The owner holds every permission and can't be changed or removed.
error-owner-change-gone = This change of owner is no longer open.
error-owner-change-own = You asked for this change of owner, so another admin has to approve it.
error-manager-unchangeable = Only the owner can change or remove another manager.
error-invitation-gone = This invite is no longer open.
error-user-unknown = Choose a user from the list.
error-user-required = Choose a user, or type the address of a new one.
error-owner-required = Choose who owns the account.
error-name-mismatch = This is not the account's name. Type it as it is shown.
error-user-has-accounts = This user still has accounts, so it can't be deleted.
error-account-closed = This account is closed.
error-reset-limited = Enough links were sent to this user within the last hour. Try again later.
error-verification-limited = Enough links were sent within the last hour. Try again later.
error-email-same = This is your address already.
error-nothing-to-confirm = There is nothing to confirm any more.
error-owns-accounts = You own accounts, so your login can't be deleted. They are named below.
error-verification-unknown = Choose one of the three.
error-text-required = Write something first.
error-category-unknown = Choose from the categories listed.
error-domain-recipient = At least one address must get mail about domains, as ICANN requires. Turn it on for the client or another contact first.
error-domain-recipient-last = This contact is the last one that gets mail about domains, and ICANN requires one. Turn it on for the client or another contact first.
error-admin-self = You can't disable or delete yourself.
error-admin-last = This is the last full administrator who can log in. Make somebody else one first.
error-network-malformed = Write an address like 192.0.2.7, or a network like 192.0.2.0/24 or 2001:db8::/32.
error-ban-exists = This address is banned already.
error-ban-self = You come from this address yourself.
error-ban-never = This address is on the list that is never banned.
error-ban-ended = Choose a day after today, or leave this empty.
error-ban-too-many = There are too many bans. Lift some first.
error-never-too-many = This list is too long.
error-reason-required = Say why.
error-masquerade-unverified = The owner has still to confirm the email address, so nobody can enter this account.
error-form-expired = This page was open for too long. Please send it again.

# Strength of a password, 0 to 4
strength-0 = Very weak
strength-1 = Weak
strength-2 = Fair
strength-3 = Good
strength-4 = Strong
strength-hint-longer = Add another word or two.
strength-hint-common = This is among the first passwords people try.
strength-hint-personal = Leave out your name and your email address.
strength-hint-pattern = Avoid rows of keys, repeats, dates and years.

# Whole pages
error-401-title = Please log in
error-401-text = You have been logged out, or were not logged in.
error-403-title = Not allowed
error-403-text = You may not do this.
error-404-title = Page not found
error-404-text = There is nothing at this address, or it is not for you.
error-405-title = This can't be done here
error-405-text = The page was asked in a way it does not know. Go back and try again.
error-408-title = This took too long
error-408-text = What was sent did not arrive in time. Go back and try again.
error-409-title = Something changed meanwhile
error-409-text = Somebody else changed this while the page was open. Load it again and have another look.
error-410-title = This is gone
error-410-text = What was here has been removed.
error-413-title = Too much at once
error-413-text = What was sent is larger than this server takes.
error-422-title = This could not be read
error-422-text = The form was not complete. Go back, load the page again and try once more.
error-429-title = Too many requests
error-429-text = Please wait a little, then try again.
error-429-seconds = Too many tries. Wait { $count ->
    [one] a second
   *[other] { $count } seconds
}, then try again.
error-429-minutes = Too many tries. Wait { $count ->
    [one] a minute
   *[other] { $count } minutes
}, then try again.
banned-title = Not available
banned-text = This service can't be reached from your network address. If you think that is a mistake, ask the people who run it.
error-500-title = Something went wrong
error-500-text = It is our fault, not yours. Nothing was changed. Please try again in a minute.
error-503-title = Back in a moment
error-503-text = The server is busy or being updated. Please try again in a minute.
error-origin-title = This form came from somewhere else
error-origin-text = For your safety nothing was done. Open the page here and send it again.
error-action-accounts = Go to your accounts
error-action-admin = Go to the Dashboard
error-action-back = Go back
error-action-login = Go to the login page

# After a change
flash-invite-sent = Invite sent to { $email }.
flash-invite-queued = Invite to { $email } made. The mail is on its way.
flash-invite-kept = Invite to { $email } made. No mail server is set, so the mail is kept; an admin can copy the link.
flash-invite-resent = Invite to { $email } resent with a fresh link. The old link no longer works.
flash-invite-cancelled = Invite to { $email } cancelled. Its link no longer works.
flash-invite-accepted = Welcome to { $account }.
flash-invite-accepted-more = Accepted. You hold the added permissions in { $account } now.
flash-invite-declined = Invitation to { $account } declined. Nothing else was changed.
flash-permissions-saved = Permissions of { $user } saved.
flash-user-removed = { $user } can no longer enter { $account }.
flash-owner-changed = { $user } owns { $account } now.
flash-owner-change-asked = { $user } becomes the owner of { $account } once another admin approves.
flash-owner-change-refused = Refused: { $account } keeps its owner.
flash-owner-change-cancelled = Cancelled: { $account } keeps its owner.
flash-user-associated = { $user } can enter { $account } now.
flash-user-associated-new = { $user } was made and can enter { $account } now. There is no password yet; a password link can be sent.
flash-user-saved = User saved.
flash-user-email-asked = User saved. A link went to { $email }: the login changes when it is opened and confirmed.
flash-user-email-kept = User saved. A mail with a link for { $email } was written: the login changes when it is opened and confirmed. No mail server is set, so the mail is kept; copy its link below.
flash-user-email-cancelled = The user keeps the present address.
flash-user-deleted = { $user } deleted.
flash-details-saved = Account details saved.
flash-profile-saved = Your profile is saved.
flash-password-changed = Password changed. You are logged out on all other devices.
flash-reset-asked = If somebody has a login with this address, a mail with a link is on its way. The link works for 60 minutes.
flash-reset-done = Your new password is set. Please log in.
flash-reset-sent = A mail with a link to choose a new password is on its way to { $email }.
flash-reset-kept = A mail with a link for { $email } was written. No mail server is set, so the mail is kept; copy its link below.
flash-email-confirmed = { $email } is confirmed.
flash-registration-sent = A mail is on its way to { $email }.
flash-email-change-asked = A mail with a link is on its way to { $email }. Your address changes when you open it and confirm.
flash-email-change-cancelled = Your address stays as it is.
flash-verification-sent = A fresh link is on its way to { $email }. The old one no longer works.
flash-deletion-asked = Your request is noted. The staff will delete your login.
flash-deletion-cancelled = Your login stays.
flash-device-forgotten = Device forgotten.
flash-devices-forgotten = { $count ->
    [0] There was no other device to forget.
    [one] One device forgotten.
   *[other] { $count } devices forgotten.
}
flash-session-ended = Session ended.
flash-sessions-ended = { $count ->
    [0] There was no other session to end.
    [one] One session ended.
   *[other] { $count } sessions ended.
}
flash-logged-out = You are logged out.
flash-login-needed = Please log in to go on.
flash-account-entered = You are in { $account } now.
flash-account-closed-to-you = { $account } is closed and can't be entered.
flash-client-created = { $account } added.
flash-client-saved = { $account } saved.
flash-client-closed = { $account } closed. Nobody can enter it.
flash-client-reopened = { $account } is open again.
flash-client-deleted = { $account } deleted.
flash-client-deleted-with-users = { $account } deleted, with { $count ->
    [one] one user
   *[other] { $count } users
} who had no other account.
flash-contact-added = Contact added.
flash-contact-saved = Contact saved.
flash-contact-deleted = Contact deleted.
flash-member-role-created = Role { $role } added.
flash-member-role-saved = Role { $role } saved.
flash-member-role-deleted = Role { $role } deleted.
flash-group-created = Client group { $group } added.
flash-group-saved = Client group { $group } saved.
flash-group-deleted = Client group { $group } deleted.
flash-sso-allowed = Other systems may log users of this account in.
flash-sso-forbidden = Other systems can no longer log users of this account in.
error-contact-email-taken = Another contact of this account has this address.
error-contacts-too-many = The address book is full. Delete a contact that is no longer needed.
error-group-name-taken = Another client group has this name.
error-group-in-use = Clients are in this group. Put them into another one first.
error-groups-too-many = There are as many client groups as there can be. Delete one that is no longer needed.
error-group-unknown = Choose one of the groups.
error-colour-malformed = Choose a colour, written like #2563eb.
error-discount-malformed = Write a percentage from 0 to 100, with two decimals at most.
error-language-unknown = Choose one of the languages.
error-currency-malformed = Write three letters, like EUR.
flash-left = You can no longer enter { $account }.
flash-note-added = Note added.
flash-note-pinned = Note pinned to the Summary tab.
flash-note-unpinned = Note no longer pinned.
flash-note-deleted = Note deleted.
flash-settings-saved = Settings saved.
flash-test-mail-queued = Test mail to { $email } is on its way.
flash-test-mail-sent = The mail server took the test mail to { $email }.
flash-test-mail-failed = The mail server refused the test mail: { $detail }
flash-test-mail-kept = No mail server is set, so the test mail was kept.
flash-admin-disabled = { $name } disabled.
flash-admin-enabled = { $name } enabled.
flash-ban-added = { $network } banned.
flash-ban-lifted = Ban of { $network } lifted.
flash-never-banned-saved = List saved.
flash-setup-done = Welcome. The first admin is made.

# Words the server needs in lists
inviter-staff = { $name } (staff)
actor-system = The server
actor-api = { $name } (API)
actor-nobody = Nobody logged in
device-unknown = Unknown device
device-on = { $browser } on { $system }
error-code-required = Type the code
error-code-wrong = The code is wrong or was used already. Wait for the next one and try again.
error-recovery-wrong = This recovery code is wrong or was used already.
error-factor-enrolled = An authenticator app is set up already. Remove it first.
error-factor-over = Setting up took too long. Please begin anew.
error-factor-none = No second factor is set up.
error-puzzle-missing = This page could not be checked. Please send it again
error-puzzle-old = This page was open for too long. Please send it again
error-puzzle-used = This page was sent before. Please send it again
error-puzzle-early = That was too quick. Please wait a few seconds and send it again
error-puzzle-when-unknown = Choose one of these
error-puzzle-bits = Type a number from 8 to 20
error-puzzle-wait = Type a number from 1 to 60
error-limit-number = Type a whole number, at least 1
error-limit-hours-24 = At most 24 hours: NIST SP 800-63B-4 takes no more
error-limit-minutes-60 = At most 60 minutes: NIST SP 800-63B-4 takes no more
error-keep-days = Type a whole number from 1 to 36500, or nothing to keep them for ever
error-keep-log-days = Type a whole number from 90 to 36500, or nothing to keep it for ever
error-limit-days-30 = At most 30 days: NIST SP 800-63B-4 takes no more
flash-confirmed = Confirmed. You can go on for ten minutes.
flash-factor-added = Two-factor is on.
flash-factor-removed = The factor was removed. Are you logged in elsewhere? You can end the other sessions under Sessions.
flash-two-factor-disabled = Two-factor disabled. The user is told by mail.
flash-two-factor-required = Two-factor is required now.
flash-two-factor-not-required = Two-factor is no longer required.

error-mail-template-name-taken = Another email template has this name.
error-mail-templates-too-many = There are too many email templates. Delete one that is no longer needed.
error-wording-field-unknown = { $found } is not a field of this mail. The list of fields shows which there are.
error-wording-field-in-line = The fields {"{link}"} and {"{permissions}"} can only stand in the message.
error-wording-no-words = Write words of your own, not fields alone: a field can be empty.
error-wording-link-missing = Without its link this mail is of no use. Put {"{link}"} into the message.
error-wording-too-many-fields = The message holds too many fields. It can hold 200.
flash-mail-text-saved = { $mail } saved.
flash-mail-text-restored = { $mail } says what its template says again.
flash-mail-template-created = Email template { $template } added.
flash-mail-template-saved = Email template { $template } saved.
flash-mail-template-deleted = Email template { $template } deleted.
flash-mail-templates-added = { $count ->
    [0] All bundled email templates are there already.
    [one] One email template added.
   *[other] { $count } email templates added.
}
error-sso-nobody = Name a user or an account.
error-sso-off = The account does not allow single sign-on.
error-message-no-recipient = Nobody of this account wants mail of this kind.
error-oauth-clients-too-many = There are too many OAuth credentials. Delete some first.
