# Words of both areas.

page-language = en
page-direction = ltr
page-description = { $brand }: your login and the accounts you may enter.
skip-to-content = Skip to content
demo-label = Demonstration
demo-notice = This is a demonstration. People, companies and addresses are invented.
terms-of-service = Terms of Service

save-changes = Save Changes
cancel = Cancel
copy = Copy
copied = Copied
search = Search
optional = (optional)
actions = Actions
never = Never
expires = Expires
expired = Expired
pending = Pending
you = You
owner = Owner
closed = Closed
login = Login
logout = Logout
register = Register
remove = Remove

pager = Pages
pager-previous = Previous
pager-next = Next

form-problems = { $count ->
    [one] Please check one thing
   *[other] Please check these { $count } things
}

# Fields
email-address = Email Address
password = Password
password-show = Show password
password-strength = Password Strength
password-generate = Generate Password
password-generate-phrase = Generate Five Words
remember-me = Remember Me
first-name = First Name
last-name = Last Name
full-name = Name
current-password = Current Password
new-password = New Password
change-password = Change Password
terms-agree = I have read and agree to the Terms of Service
terms-read = Read the Terms of Service (opens in a new tab)

field-account-name = Account Name
field-account-name-hint = What everybody in this account sees on top of the page.
field-company = Company
field-company-hint = The legal name, if it differs.
field-contact-email = Contact Email Address
field-contact-email-hint = Gets mail about this account. It is not a login.
field-phone = Phone
field-phone-hint = With the country code, for example +41 44 000 00 00.
field-address1 = Address
field-address2 = Address, second line
field-city = City
field-state = State or Region
field-postcode = Postcode
field-country = Country
field-country-none = No country chosen
field-contact-first-name = Contact First Name
field-contact-last-name = Contact Last Name
field-tax-id = Tax ID
field-tax-id-hint = The VAT or tax number that stands on invoices.
field-language = Language
field-language-none = The language of this site
field-language-hint = In which mail about the account should be written.
field-currency = Currency
field-currency-hint = Three letters, for example EUR. Empty: the usual one.
account-mail-legend = Which mail goes to the contact email address?
account-marketing = Send news and offers
account-marketing-hint = Without this mark only mail about the account is sent.

# People of an account
two-factor-on = Two-factor authentication is on
two-factor-off = Two-factor authentication is off
users-caption = Users of this account
users-user = User
users-permissions = Permissions
users-invited-by = Invited by { $name }
users-since = Since
users-owner-note = The owner always holds every permission and cannot be removed. Managers other than the owner can change only people who hold no more than they do, and no other manager.
last-login-time = Last Login Time
last-login-details = Last Login Details
ip-address = IP Address: { $ip }
hostname = Hostname: { $host }
manage-permissions = Manage Permissions
permissions-legend = Permissions
permissions-beside-role = Permissions beside the role
member-role-hint = What it gives comes on top of what is ticked, and changes when the role does.
member-role-none = No role
member-role = Role
remove-access = Remove Access
remove-access-title = Remove { $user } from this account?
remove-access-text = { $user } loses access to { $account } at once. The login and any other accounts of this user stay as they are. You can invite the same person again later.

pending-invites = Pending Invites
invite-sent = Sent
invite-by = by { $name }
invite-valid-until = Valid until
invite-mail = Mail
resend-invite = Resend Invite
cancel-invite = Cancel Invite
cancel-invite-title = Cancel the invite to { $email }?
cancel-invite-text = The link in the mail stops working at once. You can send a new invite at any time.
cancel-invite-keep = Keep Invite

all-permissions = All Permissions
choose-permissions = Choose Permissions

# State of a mail
mail-none = No mail
mail-queued = Waiting to be sent
mail-sent = Sent
mail-failed = Not delivered
mail-kept = Kept, not sent
mail-cancelled = Not sent: the link was retired

# Sessions
session-current = This device
session-remembered = Remembered
session-seen = Last used
session-known = Known device
session-sso = Single sign-on
session-began = Began
session-end = End Session

# Events
event-by = by

# Contacts
nav-contacts = Contacts
contacts-lede = People who get mail about this account. A contact cannot log in.
contact-categories = Gets mail about
contact-categories-legend = Which mail should this contact get?
contact-no-mail = No mail
contact-add = Add Contact
contact-edit = Edit
contact-edit-title = Edit Contact
contact-delete = Delete
contact-delete-title = Delete the contact { $name }?
contact-delete-text = { $name } gets no more mail about this account.
contacts-empty = No contacts yet
contacts-empty-text = Add a bookkeeper or a technician who should get mail, but needs no login.
contact-category-general = General
contact-category-general-description = News about the account itself, and whatever fits nowhere else.
contact-category-invoice = Invoices
contact-category-invoice-description = New invoices, reminders and receipts.
contact-category-support = Support
contact-category-support-description = A copy of what is written in support tickets.
contact-category-product = Products
contact-category-product-description = Welcome mails, suspensions and changes of services.
contact-category-domain = Domains
contact-category-domain-description = Registrations, transfers and renewals of domains.
contact-category-affiliate = Affiliates
contact-category-affiliate-description = Referrals and payouts of the affiliate account.

# Single sign-on of an account
account-sso = Single sign-on
account-sso-on = Billing, support and other systems of this site may log users of this account in with a link that works once.
account-sso-off = No other system may log users of this account in. They log in themselves.
account-sso-allow = Allow Single Sign-On
account-sso-forbid = Forbid Single Sign-On
