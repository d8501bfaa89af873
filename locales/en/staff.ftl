# Admin roles, inviting admins, Login as Owner, and an account's own log.

# What staff may do, in the order in which it is shown
admin-permission-view = View Clients & Users
admin-permission-view-description = See the lists, the profiles and the mails of clients and users. Part of every role.
admin-permission-clients = Add & Edit Clients
admin-permission-clients-description = Add clients, change their profile and contacts, close and reopen them.
admin-permission-users = Edit Users
admin-permission-users-description = Change names, end sessions, send password reset emails.
admin-permission-credentials = Change Logins
admin-permission-credentials-description = Change email addresses, turn two-factor off for a user, and copy links that open a login. Who holds it can get into any login.
admin-permission-associate = Associate Users
admin-permission-associate-description = Invite people into accounts, add them at once, change and remove their access.
admin-permission-owner = Change Owner
admin-permission-owner-description = Make another user the owner of an account.
admin-permission-delete = Delete Clients & Users
admin-permission-delete-description = Delete for good.
admin-permission-masquerade = Login as Owner
admin-permission-masquerade-description = Open the Client Area as the owner of an account, for an hour at most.
admin-permission-notes = Write Notes
admin-permission-notes-description = Add, pin and delete notes on clients.
admin-permission-log = View Activity Log
admin-permission-log-description = See and export what happened.
admin-permission-settings = Configure System
admin-permission-settings-description = Change settings, mail and templates.
admin-permission-admins = Manage Admins & Roles
admin-permission-admins-description = Invite and disable admins, and give them roles that hold no more than one's own.
admin-permission-api = Manage API Credentials
admin-permission-api-description = Make and revoke credentials for other systems.
admin-permission-bans = Manage IP Bans
admin-permission-bans-description = Ban addresses and lift bans.

# The roles that come built in
admin-role-full = Full Administrator
admin-role-support = Support
admin-role-read-only = Read-only

# Configuration › Admins
admin-role = Admin role
admin-role-of = Role of { $name }
admin-role-change = Change
admin-role-choose = Choose a role
admin-role-hint = What the new admin will be allowed to do. You can change it later.
admin-delete = Delete
admin-delete-title = Delete { $name }?
admin-delete-text = { $name } is logged out at once and can't log in any more. What they did stays in the log.
admin-invite = Invite Admin
admin-invite-lede = A link goes to the address. It works once, for seven days, and whoever gets it chooses a password.

# Configuration › Admin Roles
config-roles = Admin Roles
config-roles-lede = What staff may do. A change counts from the next click on.
role-built-in = Built in
role-everything = Everything, always
role-name = Name of the role
role-add = Add Role
role-edit = Edit
role-edit-lede = A change counts for every admin with this role, from the next click on.
role-delete = Delete
role-delete-title = Delete the role { $role }?
role-delete-text = Nobody has this role. This cannot be undone.

# The page of an invitation to become an admin
admin-invite-title = You have been invited to the Admin Area
admin-invite-text = { $inviter } has invited you to the Admin Area of { $brand } with the role { $role }.
admin-invite-until = The link works until
admin-invite-email-hint = You will log in with this address.
admin-invite-accept = Accept Invite
admin-invite-gone-title = This invite is no longer open
admin-invite-gone-text = It was used, taken back, or is older than seven days. Ask the person who invited you for a new one.

# Login as Owner
login-as-owner = Login as Owner
masquerade-lede = You will see the Client Area as { $user } does, in the account { $account } only, for one hour at most.
masquerade-rules = The user's password, sessions and own data stay closed. Everything you do stands in the log with both names.
masquerade-reason = Reason
masquerade-reason-hint = For example the number of a ticket. It stands in the account's log, where the owner can read it.
masquerade-reason-told = For example the number of a ticket. The owner gets a mail with your name and this reason, and can read it in the account's log.
masquerade-label = Login as Owner
masquerade-banner = { $admin }, you are logged in as { $user }.
masquerade-until = It ends
masquerade-return = Return to admin area

# Client Area › Activity
account-activity = Activity
account-activity-lede = What happened in this account: who, what, when, from where.
account-activity-empty = Nothing has happened yet
account-activity-empty-text = Changes to this account and its users will be listed here.

# Mails
admin-invitation-mail-subject = { $inviter } has invited you to the Admin Area of { $brand }
admin-invitation-mail-lede = { $inviter } has invited you to the Admin Area of { $brand } with the role { $role }.
admin-invitation-mail-how = You choose a password there and accept. Opening the link changes nothing.

# Errors and messages
error-admin-permission-missing = Your admin role lacks the permission “{ $permission }”. Ask a full administrator for it.
error-admin-permission-not-yours = You can only give permissions that your own role holds.
error-admin-email-taken = Another admin has this email address already.
error-role-unknown = Choose a role from the list.
error-role-name-taken = Another role has this name already.
error-roles-too-many = There are as many roles as there can be. Delete one first.
error-role-built-in = Built-in roles stay as they are. Add a role of your own instead.
error-role-busy = This role is being given to people at this very moment. Try again.
error-role-in-use = Somebody has this role, or is invited to it. Give them another one first.
error-role-beyond-own = This role holds more than your own, so you can't give it or change who has it.
error-on-behalf = You are logged in for somebody else. What is the user's own – password, sessions, data, invites – can be opened and changed by the user alone.
flash-admin-role-changed = { $name } has another role now.
flash-admin-deleted = { $name } deleted.
flash-admin-invite-accepted = Welcome. You are logged in to the Admin Area.
flash-role-created = Role { $role } added.
flash-role-saved = Role { $role } saved.
flash-role-deleted = Role { $role } deleted.
flash-masquerade-ended = You are no longer logged in as { $user }.
actor-on-behalf = { $admin } (for { $user })
