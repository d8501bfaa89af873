# Mails. Each reads well as plain text.

invitation-mail-subject = { $inviter } has invited you to { $account }
invitation-mail-preview = Accept until { $until } to enter the { $account } account.
invitation-mail-lede = { $inviter } has given you access to the { $account } account at { $brand }.
invitation-mail-all = You will be able to do everything in this account, apart from managing its users.
invitation-mail-some = You will be able to:
invitation-mail-button = See the Invitation
invitation-mail-open = To see the invitation and accept it, open this address:
invitation-mail-how = Log in if you have a login already, or register on the same page. Any email address will do. Opening the link changes nothing: you decide there.
invitation-mail-until = The link works once, until { $until }. After that, ask for a new invitation.
invitation-mail-link = If the button does not work, open this address:
invitation-mail-why = { $brand } sent this mail to { $email } because somebody entered that address. If you did not expect it, you need do nothing, and nothing will happen.

test-mail-subject = Test mail from { $brand }
test-mail-heading = Mail works
test-mail-text = This server can send mail. Invitations will reach people the same way.
test-mail-next = If this mail was sorted as spam, check the SPF, DKIM and DMARC records of the sender's domain.
test-mail-why = { $brand } sent this mail because an admin pressed Send Test Mail.

# Told by mail: second factors
factor-added-subject = Two-factor authentication is on at { $brand }
factor-added-heading = Two-factor authentication is on
factor-added-text = A second factor was added to the login of { $name }. From now on it is asked for after the password.
factor-removed-subject = A second factor was removed at { $brand }
factor-removed-heading = A second factor was removed
factor-removed-text = A second factor was removed from the login of { $name }.
factor-removed-staff = The staff of { $brand } removed the second factor from the login of { $name }. The password alone opens it until a new one is set up.
recovery-code-used-subject = A recovery code was used at { $brand }
recovery-code-used-heading = A recovery code was used
recovery-code-used-text = A recovery code was used to confirm the login of { $name }. { $count ->
    [0] None is left: make new ones under Security Settings.
    [one] One is left: make new ones under Security Settings.
   *[other] { $count } are left.
}
factor-mail-not-you = Was it not you? Log in, change your password, end the other sessions, and tell us.
factor-mail-why = You get this mail from { $brand } because it concerns the safety of your login.
