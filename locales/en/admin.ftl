# Admin Area

admin-area = Admin Area
admin-nav = Admin Area
admin-nav-dashboard = Dashboard
admin-nav-clients = Clients
admin-nav-activity = Activity Log
admin-nav-config = Configuration
manage-users = Manage Users
mail-kept-banner = No mail server is set. Mails are kept and can be read under Emails; they are not sent.
mail-kept-link = Mail settings

admin-login-title = Admin login
admin-login-lede = For staff. Clients have a login of their own.
setup-title = Make the first admin
setup-lede = This page works once. The admin you make here can do everything.
setup-button = Make Admin
setup-gone-title = This set-up link can't be used
setup-gone-text = It was used already or has expired. If nobody can log in, the server's command line makes a new link.
setup-gone-login = Go to the admin login

# Dashboard
figure-clients = { $count ->
    [one] client
   *[other] clients
}
figure-users = { $count ->
    [one] user
   *[other] users
}
figure-invitations = { $count ->
    [one] pending invite
   *[other] pending invites
}
figure-mails = { $count ->
    [one] mail waiting to be sent
   *[other] mails waiting to be sent
}
figure-mails-failed = { $count } not delivered
figure-mails-kept = { $count } kept
chart-heading = Logins of the last 30 days
chart-label = Logins and failed logins of the last 30 days. The table below has the numbers.
chart-logins = Logins
chart-failures = Failed logins
chart-day = { $day } · logins: { $logins } · failed: { $failures }
chart-date = Date
chart-table = Show the numbers
chart-empty = No logins yet
chart-empty-text = Once people log in, each of the last 30 days has its bars here.
last-events = Last events
see-activity = See Activity Log
events-empty = Nothing has happened yet
events-empty-text = Every change and every login will be listed here, with who did it and from where.

# Clients
add-new-client = Add New Client
clients-search = Search by name, company, email address or ID
status = Status
status-any = Any status
status-active = Active
status-inactive = Inactive
status-closed = Closed
group = Group
group-any = Any group
group-none = No group
client = Client
created = Created
results-count = { $count ->
    [0] Nothing found
    [one] One result
   *[other] { $count } results
}
clients-none-found = No client fits
clients-none-found-text = Try fewer letters, another word, or any status.
clients-empty = No clients yet
clients-empty-text = Add the first one. Its owner can then invite other people.

client-new-lede = An account and its owner, who can do everything in it.
client-new-account = Account
client-new-owner-lede = Every account has exactly one owner. It can be changed later.
client-new-owner-legend = Who owns it?
owner-new = New user
owner-new-hint = Somebody who has no login here yet.
owner-existing = Existing user
owner-existing-hint = Somebody who has a login already and may own any number of accounts.
owner-email-hint = The owner's login. No other user may have it.
owner-pick = Owner
select-user = Select User
select-user-hint = Type a name or an email address.
select-user-list = Users found
select-user-found = { $count } found. Use the arrow keys to choose.
select-user-nothing = No user found
select-user-new = Create new user: { $email }

# One client
client-owned-by = Owned by { $name }
client-tabs = Client
tab-summary = Summary
tab-profile = Profile
tab-users = Users
tab-contacts = Contacts
tab-emails = Emails
tab-notes = Notes
tab-log = Log
client-facts = Account
client-open-invites = { $count ->
    [0] None
    [one] One waits to be accepted
   *[other] { $count } wait to be accepted
}
client-users-all = See All Users
client-mails = Last mails
client-mails-all = See All Emails
client-log-all = See Log
client-danger = Close or delete
client-close = Close Account
client-close-lede = Nobody can enter it until it is opened again. Nothing is deleted.
client-close-title = Close { $account }?
client-close-text = All users of { $account } are shut out of it at once and see it as closed. Their other accounts stay as they are. You can open it again.
client-reopen = Reopen Account
client-reopen-lede = Its users can enter again, with the permissions they had.
client-delete = Delete Account …
client-delete-lede = The account is deleted with its contacts, notes, invitations and everybody's access to it. This cannot be undone.
client-delete-users = Also delete users who have no other account
client-delete-users-hint = They lose their login. Everybody else keeps theirs.
client-delete-confirm = Account name, to confirm
client-delete-confirm-hint = Type { $account }
client-delete-button = Delete Account for Good
client-status-hint = To close an account, use Close Account on the Summary tab.
client-group-hint = Groups are made under Configuration › Client Groups.

# Users of a client
admin-users-note = The owner always holds every permission and cannot be removed. Make somebody else the owner first.
make-owner = Make Owner
make-owner-title = Make { $user } the owner of { $account }?
make-owner-text-second = Another admin has to approve this within seven days. Nothing changes before that.
owner-change-title = { $by } asks to make { $user } the owner of { $account }
owner-change-text = { $user } gets every permission. The present owner stays in the account as a member with all permissions.
owner-change-own = Another admin has to approve this: you asked for it.
owner-change-asked = Asked for
owner-change-until = ends
owner-change-approve = Approve
owner-change-approve-title = Make { $user } the owner of { $account }?
owner-change-refuse = Refuse
owner-changes = Changes of owner that wait for approval
owner-changes-line = { $user } for { $account }
owner-changes-by = asked for by { $by }
make-owner-text = { $user } gets every permission. The present owner stays in the account as a member with all permissions, but can be restricted or removed from then on.
copy-link = Copy link
link-title = Invitation link for { $email }
link-text = Whoever holds this link can accept the invitation. It works once. Give it to nobody else.
link-label = Invitation link
admin-no-invites = No invite is waiting
admin-no-invites-text = Use Associate User to invite somebody, or to add somebody at once.
associate-user = Associate User
associate-lede = Give somebody access to { $account }.
associate-who = User
associate-new = Nobody has this address yet.
associate-new-name = Without an invite the user is made now, without a password. A password link can be sent afterwards.
send-invite-yes = A mail with a link goes out. The user gets access when the invite is accepted.
send-invite-no = The user gets access at once. No invitation is sent; who has a login is told by mail.
yes = Yes
no = No

# Emails, notes
emails-lede = Every mail about this account, and what became of it.
emails-empty = No mail yet
emails-empty-text = Invitations and other mail about this account will be listed here.
mail-subject = Subject
mail-to = To
mail-from = From
mail-state = State
mail-written = Written
mail-attempts = Attempts
mail-back = All Emails
mail-link-hidden = The link in this mail opens an account, so it is not shown.
notes-lede = For staff only. Clients never see them.
note-add = Add Note
note-text = Note
note-pinned-label = Pin to the Summary tab
note-pinned-hint = For what everybody should know before answering.
note-pinned = Pinned
note-pin = Pin
note-unpin = Unpin
note-delete = Delete Note
note-delete-title = Delete this note?
note-delete-text = The note by { $author } is deleted for everybody and cannot be brought back.
notes-empty = No notes yet
notes-empty-text = Write down what a colleague should know about this client.

# Users
users-lede = Everybody who can log in, whatever accounts they may enter. To give access to an account, open the client's Users tab.
users-search = Search by name, email address or ID
users-verified = Email verified
verified = Verified
not-verified = Not verified
users-accounts = Accounts
users-none-found = No user fits
users-none-found-text = Try the beginning of a name or of an email address.
users-empty = No users yet
users-empty-text = Users come with their first account: add a client, or invite somebody to one.
user-facts = User
user-two-factor = Two-factor
user-password-set = Set
user-password-none = None yet
user-edit = Edit
user-email-hint = The login. Another address takes effect when it is confirmed by its link; that ends no session.
user-email-cancel = Cancel Change
user-accounts = Accounts
user-since = Since
user-no-accounts = No accounts
user-no-accounts-text = This user can log in but enter nothing. Use Associate User on a client's Users tab.
sessions-end-all = End All Sessions
sessions-end-all-title = End all sessions of { $user }?
sessions-end-all-text = { $count ->
    [one] One device is logged out at once. The user can log in again.
   *[other] { $count } devices are logged out at once. The user can log in again.
}
user-more-sessions = { $count ->
    [one] Show one more device
   *[other] Show { $count } more devices
}
user-more-mails = { $count ->
    [one] Show one older mail
   *[other] Show { $count } older mails
}
user-more-events = { $count ->
    [one] Show one older event
   *[other] Show { $count } older events
}
sessions-empty = Not logged in anywhere
sessions-empty-text = Devices on which this user is logged in are listed here.
user-delete = Delete User
user-delete-lede = The login is deleted. This cannot be undone.
user-delete-not = This user has accounts. Remove the user from each of them, or make somebody else the owner, then the user can be deleted.
user-delete-title = Delete { $user }?
user-delete-text = The login { $email } is deleted, with its password and sessions. This cannot be undone. { $user } would have to register again.

# Activity log
activity-lede = Every change and every login: who, what, from where, when.
activity-begins = The log was kept for { $days } days and begins with event { $first }.
activity-filter = Filter the log
export = Export
filter-from = From
filter-to = To
filter-kind = What happened
filter-kind-any = Anything
filter-actor = Done by
filter-user = User
filter-account = Account
filter-ip = IP Address
filter-apply = Filter
filter-clear = Clear Filter
activity-none-found = Nothing fits
activity-none-found-text = Try a longer time or fewer conditions.

# Configuration
config-general = General
config-general-lede = Name, colour and addresses that people see.
config-name = Name
config-name-hint = On top of every page and in every mail.
config-hue = Hue
config-hue-hint = One number from 0 to 359: 25 is red, 150 green, 255 blue. It colours pages and mails.
config-hue-scale = All hues from 0 on the left to 359 on the right
config-logo = Address of the logo
config-logo-hint = A picture on this server or a data: address. It is shown 32 pixels high.
config-terms = Address of the Terms of Service
config-terms-hint = When set, people agree to them as they register.
config-public-url = Public address
config-public-url-hint = Links in mails begin with it. It is set in the configuration file.
config-mail = Mail
config-mail-lede = The server that sends the mails, and what is waiting.
smtp-heading = Mail server
smtp-none = No mail server is set
smtp-none-text = Mails are kept and can be read under a client's Emails. Every pending invite has Copy link, so people can be invited all the same. Set a server in the configuration file to send mail.
smtp-host = Server
smtp-host-none = None
test-mail = Test mail
test-mail-lede = Sends one short mail, to see whether it arrives.
test-mail-send = Send Test Mail
config-templates = Email Templates
config-templates-lede = What people get by mail, with example names. Each can say something else. Some can be switched off:
mail-templates = Your templates
mail-templates-lede = Messages that billing and other systems send to clients by name (SendEmail).
mail-templates-empty = No templates of your own yet
mail-templates-empty-text = Write one, or begin with the bundled ones, such as Client Signup Email, and change their words.
mail-templates-bundled = Add Bundled Templates
mail-templates-own = Mails of this server
mail-name-invitation = Invitation to an account
mail-name-admin-invitation = Invitation of an admin
mail-name-password-reset = Link to choose a new password
mail-name-email-verification = Email verification
mail-name-email-change = Change of the email address
mail-name-registration = Registration with another address
mail-name-test = Test mail
mail-template-add = Add Template
mail-template-edit = Edit
mail-template-delete = Delete
mail-template-delete-title = Delete the email template { $template }?
mail-template-delete-text = Systems that ask for it are told that there is no such template. Mails that were sent stay.
mail-template-name = Name
mail-template-name-hint = By this name other systems ask for it, in capitals or not.
mail-template-category = Type
mail-template-category-hint = The client and those of its contacts get it who want mail of this type.
mail-template-subject = Subject
mail-template-message = Message
mail-template-message-hint = Plain text; an empty line begins a new paragraph.
mail-template-fields = Fields
mail-template-fields-text = What stands in braces is filled in, in the subject too. Values that the other system sends along count by their names. The spelling of WHMCS works as well, such as { $example }.
template-html = Preview
mail-text-mail = Mail
mail-text-changed = Changed
mail-text-original = Original
mail-text-is-off = Switched off
mail-text-message-hint = Plain text; an empty line begins a new paragraph. What follows a line of two dashes (--) is the small print.
mail-text-button = Button
mail-text-button-hint = What the button says that { $link } becomes where it stands alone.
mail-text-fields-text = What stands in braces is filled in; here with example values. A line whose fields are all empty is left out, and a line with several values is written once for each.
mail-text-files = Files of the folder for overrides replace the template of this mail. What is saved here is sent instead of them.
mail-text-off = This mail is switched off. It is sent once it is switched on again:
mail-text-restore = Restore Original
mail-text-restore-title = Restore the original of { $mail }?
mail-text-restore-text = What was written for this mail is deleted, and the mail says what its template says.
config-bans = Bans
config-bans-lede = Addresses and networks that can reach neither area. A ban holds at once, on every node.
ban-network = Address or network
ban-network-hint = Such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32. You come from { $ip }.
ban-reason = Reason
ban-ends-on = Last day
ban-ends-on-hint = In UTC. Leave it empty for a ban that lasts until it is lifted.
ban-since = Since
ban-until = Until
ban-until-lifted = Until it is lifted
ban-add = Ban Address
ban-lift = Lift Ban
ban-never = Never Banned
ban-never-networks = Addresses and networks
ban-never-hint = One a line. They can reach the areas whatever is banned around them.
bans-empty = Nobody is banned
bans-empty-text = Limits on tries slow guessing down by themselves; a ban keeps an address out altogether.
config-admins = Admins
config-admins-lede = Staff who can log in to the Admin Area.
admin = Admin
disabled = Disabled
admin-enable = Enable
admin-disable = Disable
admin-disable-title = Disable { $name }?
admin-disable-text = { $name } is logged out of the Admin Area at once and can't log in until enabled again. What they did stays in the log.

# Mails to a user
user-reset = Send Password Reset Email
user-reset-lede = The user chooses the password by the link in the mail, which works once, for 60 minutes.
user-mails = Last mails
user-mails-empty = No mail yet
user-mails-empty-text = Mails to this user about its login will be listed here.
user-mail-back = Back to the user
user-link-title = Link of the mail to { $email }
user-link-text = Whoever holds this link can use it in the user's place. It works once. Give it to the user alone. That you copied it is in the log.
user-link-label = Link
user-deletion-asked = This user asked to be deleted on { $when }. Deleting the user below also ends its access to all accounts.

# Notifications
config-notifications = Notifications
config-notifications-lede = What people are told by mail, and whether they confirm their address.
verification-legend = Email verification
verification-off = Off: nobody is asked
verification-ask = Ask: people are asked to confirm their address, and nothing depends on it
verification-required = Required: who has not confirmed the address can enter no account
notices-legend = Told by mail
notices-always = Changes of what somebody logs in with are always told. What these mails say can be changed:
notice-password-changed = Password changed
notice-reset-done = Password reset
notice-email-change-asked = Another address asked for
notice-email-changed = Address changed
notice-email-in-use = Address asked for by somebody else
notice-registered-already = Registration with an address that has a login
notice-access-given = Access given
notice-access-changed = Access changed
notice-access-removed = Access removed
notice-factor-added = Second factor added
notice-factor-removed = Second factor removed
notice-factor-taken = Second factor removed by staff
notice-recovery-code-used = Recovery code used
notice-recovery-codes-made = New recovery codes made
notice-password-stopped = Login stopped after many failed tries
notice-credential-made = New API credential
notice-new-device = Login with a new device
notice-invitation-accepted = Invitation accepted, to the owner
notice-member-left = Member left, to the owner
notice-account-deleted = Account deleted, to its members
notice-ownership-gained = Ownership given
notice-ownership-lost = Ownership taken
notice-webhook-disabled = Webhook disabled after five days of failure, to admins who manage it
notice-owner-change-asked = Change of owner that waits, to those who can approve
notice-owner-approval-off = Change of owner without a second admin, to those who could have approved
notice-masquerade = Login as Owner, to the owner

# Security: of an admin's own login, of users, and in general
admin-password-lede = For the Admin Area. Changing it ends your sessions on other devices.
admin-security-lede = The second factor of your own login, and where you are logged in.
user-two-factor-disable = Disable Two-Factor
user-two-factor-disable-text = The second factor and the recovery codes of { $user } are removed. The password alone opens the login until a new factor is set up. { $user } is told by mail.
config-security = Security
config-security-lede = How long logins last, of whom a second factor is required, what takes two admins, and how long things are kept.
config-two-factor = Two-factor
config-two-factor-admins = Require two-factor of all admins
config-two-factor-admins-hint = Who has none sets it up right after the next login, before anything else.
config-two-factor-everybody = Require two-factor of all users
config-two-factor-everybody-hint = Who has none sets it up right after the next login. Accounts may require it of their own users either way.
config-second-factor-hours = Ask again after (hours)
config-second-factor-hours-hint = Where an account requires two-factor. At most 24.
config-owner = Ownership
config-owner-approval = A change of owner needs a second admin
config-owner-approval-hint = Off, one admin with the permission Change Owner changes an account's owner at once, as in WHMCS: right where one person runs everything. On, another one has to approve. When it is switched off, all who could approve are told by mail.
config-sessions = Sessions of users
config-puzzle = Proof of work
config-puzzle-lede = Makes trying passwords in numbers dearer: before the login, registering and Forgot Password the browser solves a small puzzle in the background.
config-puzzle-when = Ask for it
config-puzzle-when-hint = It does not hold back people. The limits on tries hold either way.
config-puzzle-never = Never
config-puzzle-after-failures = After a few failures from the same address
config-puzzle-always = Always
config-puzzle-bits = Difficulty (bits)
config-puzzle-bits-hint = 8 to 20. Each bit more doubles the work; 15 takes about a second.
config-puzzle-wait = Wait instead (seconds)
config-puzzle-wait-hint = 1 to 60. For browsers that run no scripts.
config-keep = How long things are kept
config-keep-lede = What is over is removed by itself, a part at a time. With nothing or 0 it is kept for ever.
config-keep-mails = Keep sent emails for (days)
config-keep-mails-hint = Those that were given up or taken back, too. What still waits to be sent stays, and so do the emails of open invitations.
config-keep-log = Keep the log for (days)
config-keep-log-hint = At least 90. Older events are removed for good, at the end of a day (UTC); what is left still proves itself. What a webhook has yet to get stays.
config-sessions-admins = Sessions of admins
config-absolute-hours = Ends after (hours, at most 24)
config-idle-minutes = Ends after resting (minutes, at most 60)
config-remember-days = With Remember Me: ends after (days, at most 30)

# Client groups
config-groups = Client Groups
config-groups-lede = Sort clients by what they are to you. A group has a colour, and says to billing how its clients are treated.
groups-empty = No client groups yet
groups-empty-text = Make one to tell resellers from shops, or friends from strangers.
group-add = Add Client Group
group-edit = Edit
group-delete = Delete
group-delete-title = Delete the client group { $group }?
group-delete-text = No client is in it.
group-name = Group Name
group-colour = Colour
group-colour-hint = Stands beside the name in lists.
group-discount = Discount in percent
group-discount-hint = For example 12.5.
group-discount-of = Discount of { $percent } %
group-exempt = Never suspend or terminate
group-exempt-hint = Services of these clients go on when invoices are overdue.
group-separate = Separate invoices
group-separate-hint = Each service is invoiced on its own.
group-billing = Billing
group-billing-none = As for everybody

# Roles of users
member-roles = Roles
member-roles-lede = Named sets of permissions that users of every account may have. A change counts for everybody who has the role, at once.
member-role-description = Description
member-role-description-hint = For whom it is. Shown where somebody chooses a role.
member-role-holders = Users
member-role-edit-lede = { $count ->
    [0] Nobody has this role yet.
    [one] One user has this role. A change counts at once, and the user is told by mail.
   *[other] { $count } users have this role. A change counts at once, and they are told by mail.
}
member-roles-empty = No roles yet
member-roles-empty-text = Make one for what many people do: accounting, say, or support.
