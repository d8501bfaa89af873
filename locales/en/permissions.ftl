# Permissions, in the order in which they are shown.

permission-profile = Modify Master Account Profile
permission-profile-description = See and change the account's name, address and contact details.
permission-contacts = View & Manage Contacts
permission-contacts-description = See, add, change and delete the people who get mail about this account.
permission-products = View Products & Services
permission-products-description = See which products and services the account has.
permission-manageproducts = View & Modify Product Passwords
permission-manageproducts-description = Set new passwords for services and use their other controls.
permission-productsso = Perform Single Sign-On
permission-productsso-description = Go straight into the control panel of a service, without its password.
permission-domains = View Domains
permission-domains-description = See the account's domains and when they expire.
permission-managedomains = Manage Domain Settings
permission-managedomains-description = Change name servers, domain contacts, locks and transfers.
permission-invoices = View & Pay Invoices
permission-invoices-description = See invoices and pay them.
permission-quotes = View & Accept Quotes
permission-quotes-description = See offers made to the account and accept them.
permission-tickets = View & Open Support Tickets
permission-tickets-description = Ask support for help, and read and answer the account's tickets.
permission-affiliates = View & Manage Affiliate Account
permission-affiliates-description = See commissions and ask for payouts.
permission-emails = View Emails
permission-emails-description = Read the mails that were sent to this account.
permission-orders = Place New Orders/Upgrades/Cancellations
permission-orders-description = Order, upgrade and cancel on the account's behalf.
permission-users = Manage Users
permission-users-description = Invite people and change what they may do, within what the manager holds.

permission-not-yours = You don't hold this permission, so you can't change it.

# In a row of a table
permissions-all = All permissions
permissions-all-users = All permissions and Manage Users
permissions-owner = Everything
permissions-none = No permissions
permissions-some = { $count ->
    [one] 1 permission
   *[other] { $count } permissions
}
