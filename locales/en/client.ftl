# Client Area

hello = Hello, { $name }!
menu-label = Your menu
current-account = Account on screen:
user-management = User Management
switch-account = Switch Account
nav-account = Account
nav-home = Overview
nav-details = Account Details
nav-profile = Your Profile
nav-password = Change Password
nav-security = Security Settings
nav-sessions = Sessions
nav-invitations = Invitations
me-nav = Your settings
go-to-account = Go to { $account }
go-to-accounts = Go to your accounts
go-to-login = Go to the login page

# Login
login-title = Log in
two-factor-login-title = One more step
two-factor-login-lede = Type the six digits that your authenticator app shows for { $brand }.
two-factor-login-recovery-lede = Type one of the recovery codes that you kept. It works once.
two-factor-code = Authentication Code
two-factor-recovery = Recovery Code
two-factor-use-recovery = Use a recovery code
two-factor-use-code = Use the authenticator app
two-factor-start-over = Start over
puzzle-working = One moment: your browser solves a small puzzle that keeps robots away.
puzzle-wait = { $count ->
    [one] Please take at least a second before you send this: a small pause keeps robots away.
   *[other] Please take at least { $count } seconds before you send this: a small pause keeps robots away.
}
login-lede = Welcome back to { $brand }.

# Invitation
invitation-page-title = Invitation
invitation-title = You have been invited to { $account }
invitation-lede = { $inviter } has given you access to the { $account } account.
invitation-grants = What you will be able to do
invitation-role = You are offered the role { $role }. What it gives may be changed later.
invitation-all-permissions = Everything in this account, apart from managing its users.
invitation-show-permissions = { $count ->
    [one] Show the one permission
   *[other] Show all { $count } permissions
}
invitation-valid-until = You can accept until
invitation-logged-in-as = You are logged in as
invitation-not-you = Not you? Log in as another user
invitation-accept-note = Accepting adds this account to your login. Your password, your email address and your other accounts stay as they are.
invitation-is-owner = You own { $account } already and hold every permission. This invitation would change nothing, and you lose nothing by leaving it.
invitation-is-member = You are in { $account } already. Accepting adds what is listed here and takes away nothing you hold.
accept-invite = Accept Invite
decline = Decline
decline-title = Decline the invitation to { $account }?
decline-text = The link stops working for good. If you change your mind, ask for a new invitation.
decline-keep = Keep Invitation
invitation-login-lede = You have a login here. Any email address will do.
invitation-register-lede = You are new here. Make a login of your own.
invitation-email-hint = You will log in with this address. It need not be the one we wrote to: we send a mail to confirm any other.
invitation-decline-heading = Not for you?
invitation-decline-lede = Decline, and the link stops working. You need no login for that.
invitation-closed-title = This account is closed
invitation-closed-text = { $account } has been closed, so nobody can enter it and the invitation cannot be accepted.
invitation-closed-text-plain = The account has been closed, so nobody can enter it and the invitation cannot be accepted.
invitation-closed-next = Ask the person who invited you. If the account opens again, they can send you a new invitation.
invitation-gone-title = This invitation can no longer be used
invitation-gone-text = Invitation links work once and for seven days, and whoever sent one can take it back.
invitation-gone-next = What to do:
invitation-gone-next-text = ask the person who invited you for a new invitation.

# Registering with another address than the invited one
registration-sent-title = Check your mail
registration-sent-text = Open the link in the mail to finish registering; you are in { $account } then.
registration-sent-until = The link is valid for 24 hours, and no longer than the invitation.
registration-sent-back = Back to the Invitation
registration-title = Finish your registration
registration-email = You will log in with { $email }.
registration-password-hint = The one you chose when you registered.
registration-button = Finish Registration
registration-valid-until = Valid until
registration-gone-title = This registration can no longer be finished
registration-gone-text = Links to finish a registration work once and for 24 hours, no longer than the invitation, and only the newest one does.
registration-gone-next-text = open the link of the invitation again and register there, or log in if you have a login already. If the invitation is over, ask the person who invited you for a new one.

# Accounts
accounts-title = Choose an account
accounts-lede = { $count ->
    [one] You may enter one account.
   *[other] You may enter { $count } accounts.
}
accounts-filter = Find an account
accounts-nothing = No account has this name.
accounts-empty = You have no accounts yet
accounts-empty-text = Ask the owner of an account to invite you. An invitation may be sent to any address; accept it while logged in as { $email }.
account-closed-note = This account can't be entered.
account-never-entered = Not entered yet
account-last-entered = Last entered

# Overview
home-you-own = You own this account.
home-invited-by = { $name } invited you to this account.
home-member = You are a member of this account.
home-since = Member since
home-may = What you can do here
home-nothing = Nothing to do here yet
home-nothing-text = You hold no permission in this account. Ask the owner, { $owner } ({ $email }), for the ones you need.
home-no-invites = No invite is waiting
home-no-invites-text = Invite a colleague or an agency, and choose what they may do.
home-owner = Owner of this account
home-owner-text = Need another permission? Ask

# User Management
users-heading = Users
users-count = { $count ->
    [one] One user can enter { $account }.
   *[other] { $count } users can enter { $account }.
}
invite-new-user = Invite New User
invite-lede = They get a mail with a link that works once, for seven days. People who have a login use it; everybody else makes one on the way.
invite-scope = What may they do?
all-permissions-hint = Everything but managing users.
choose-permissions-hint = Only what you tick.
invite-already-pending = An invite to { $email } is waiting to be accepted. Resend it to give it a fresh link and seven more days.
send-invite = Send Invite
permissions-lede = What { $user } may do in { $account }. Changes take effect at once.

# Account Details
details-lede = The account's own data. Your name and login are under Your Profile.

# Your own pages
profile-lede = Your name, as other people in your accounts see it.
password-lede = One password for all your accounts. Changing it ends your sessions on other devices.
security-lede = How you log in, and what happened lately.
security-login = Login
security-password-never = Not changed since your login was made
security-password-changed = Changed
security-sessions = { $count ->
    [one] One device is logged in
   *[other] { $count } devices are logged in
}
security-sessions-see = See Sessions
security-devices = Known devices
security-devices-lede = Browsers you have logged in with. Others' tries at your password never lock these out, and you get a mail when somebody logs in with any other.
security-devices-empty = No known device
security-devices-empty-text = The next browser you log in with will be listed here.
device-since = Known since
device-seen = Last login
device-forget = Forget
device-forget-title = Forget { $device }?
device-forget-text = The next login with it counts as one with a new device. If you are logged in with it, that goes on: end it under Sessions.
device-forget-others = Forget All Others
device-forget-others-title = Forget all other devices?
device-forget-others-text = { $count ->
    [one] One device is forgotten. The next login with it counts as one with a new device.
   *[other] { $count } devices are forgotten. The next login with any of them counts as one with a new device.
}
security-recent = Recent activity
security-recent-lede = Something you don't recognise? Change your password and end the other sessions.
security-recent-empty = Nothing yet
security-recent-empty-text = Logins and changes to your password will be listed here.
sessions-lede = Where you are logged in. End what you don't recognise, then change your password.
sessions-end-others = End All Other Sessions
sessions-end-others-title = End all other sessions?
sessions-end-others-text = { $count ->
    [one] One other device is logged out at once. This one stays logged in.
   *[other] { $count } other devices are logged out at once. This one stays logged in.
}
my-invitations-lede = The invitations you accepted, and the address each was sent to.
my-invitations-account = Account
my-invitations-inviter = Invited by
my-invitations-email = Sent to
my-invitations-accepted = Accepted
my-invitations-empty = You have accepted no invitation yet
my-invitations-empty-text = When somebody invites you, the link comes by mail. Accounts you own need no invitation.

# Errors that are whole pages
error-status = Error { $status }
error-reference = Reference for support:
forbidden-title = You need another permission
forbidden-text = This page needs a permission you don't hold:
forbidden-ask = To get it, ask the owner of { $account }:
forbidden-home = Back to the overview

home-leave = Leave Account
home-leave-text = You no longer need to enter this account?
home-leave-title = Leave { $account }?
home-leave-confirm = You can no longer enter { $account }. Your login and your other accounts stay. To come back you need a new invitation.

# A new password by mail
forgot-password = Forgot Password?
forgot-title = Forgot your password?
forgot-lede = We send a link to your address. With it you choose a new password.
forgot-button = Send Reset Link
forgot-back = Back to the login page
reset-title = Choose a new password
reset-lede = For the login { $email }. You are logged out everywhere; afterwards you log in with the new password.
reset-button = Set New Password
reset-gone-title = This link can no longer be used
reset-gone-text = Links to choose a password work once and for 60 minutes, and only the newest one does.
reset-gone-next = Send a New Link

# Your address
sso-title = Log in
sso-text = You are being logged in as { $name }.
sso-button = Continue
sso-refused-title = Sign in with your password to enter this account
sso-refused-text = Another system has logged you in (single sign-on), and this account's owner does not let anybody in that way.
sso-refused-login = Log In With Password
sso-gone-title = This login link is no longer valid
sso-gone-text = Login links work once, for one minute. Go back to where you came from and try again, or log in here.

verify-title = Confirm your email address
verify-text = Is { $email } your address? From then on it is the confirmed address of your login.
verify-button = Confirm Email Address
verify-gone-title = This link can no longer be used
verify-gone-text = Links to confirm an address work once and for 24 hours, and only the newest one does. Log in to have a new one sent.
verify-first-title = Please confirm your email address first
verify-first-text = Before you can enter an account, confirm that { $email } is your address. The link is in our mail.
verify-banner = Please confirm that { $email } is your address. The link is in our mail.
verify-resend = Resend
verify-change = Change the address
profile-email-heading = Email Address
profile-email-lede = Your login. Another address takes effect when you have confirmed it by the link we send there; your present address is told.
profile-email-present = Present address
profile-email-pending = Waits to be confirmed: { $email }
profile-email-until = The link works until { $until }.
new-email-address = New Email Address
change-email = Change Email Address

# Your data
nav-data = Your Data
data-lede = What is held about you, to have and to have deleted.
data-download-heading = Download
data-download-lede = One file (JSON) with your profile, your accounts and permissions, sessions, invitations, what happened, and which mails were written to you. It holds no password and no link. Accounts that ask for more than you have shown, such as a second factor, are only named.
data-download = Download My Data
data-deletion-heading = Deletion
data-deletion-lede = Asks the staff to delete your login. Until they have done so, you can take the request back. Your access to all accounts ends with the login.
data-deletion-owner = You own these accounts. Somebody must answer for each of them: ask the staff to make somebody else the owner, or to delete them. After that you can ask for the deletion of your login.
data-deletion-asked = You asked to be deleted. The staff will delete your login.
data-deletion-cancel = Keep My Login
data-deletion = Request Deletion
flash-two-factor-over = That took too long, or the code was wrong too often. Please log in again.

# Two-factor and "confirm it's you", in both areas
confirm-title = Confirm it's you
confirm-lede = What you are about to do needs a fresh proof of who you are. It lasts for ten minutes. You come back to where you were; a button that you had pressed there is to be pressed again.
confirm = Confirm
two-factor-required-title = Two-factor is required
two-factor-required-lede = To go on at { $brand } you need a second factor besides your password.
two-factor-what = A second factor keeps others out even when they know your password: an app on your phone shows a code that changes every thirty seconds.
totp-set-up = Set up authenticator app
totp-lede = Scan the code with an authenticator app, then type the six digits that it shows.
totp-qr = QR code with the secret for your authenticator app
totp-secret = Or type this secret into the app
totp-open = Open in an app on this device
totp-code-hint = The six digits that the app shows now.
totp-confirm = Turn On
factors-title = Two-factor authentication
factor-totp = Authenticator app
factor-totp-none = Not set up
factor-added = Added
factor-last-used = last used
factor-stopped = Too many wrong codes, so it no longer works everywhere: remove it and set it up anew
factor-remove = Remove
factor-remove-title = Remove this factor?
factor-remove-text = Your password alone will open your login if this is the last one. Your recovery codes go with it.
recovery-title = Recovery codes
recovery-lede = Keep these codes where you find them without your phone. Each opens your login once. They are shown now and never again.
recovery-download = Download as Text
recovery-print = Print
recovery-go-on = I Have Kept Them
recovery-others = Are you logged in elsewhere? Sessions that began without the second factor can be ended now.
recovery-left = { $count ->
    [0] None left
    [one] One left
   *[other] { $count } left
}
recovery-generate = Generate New Codes
recovery-generate-title = Generate new codes?
recovery-generate-text = All codes that you have kept stop working.
account-two-factor = Require two-factor
account-two-factor-on = Everybody who enters this account must show a second factor, at least once a day. Who has none is led through setting one up.
account-two-factor-off = A password is enough to enter this account.
account-two-factor-require = Require Two-Factor
account-two-factor-stop = Stop Requiring Two-Factor
