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

new-device-mail-subject = New device at { $brand }
new-device-mail-heading = Somebody logged in with a new device
new-device-mail-lede = The login of { $name } at { $brand } was used with a device that was not seen before.
new-device-mail-device = Device: { $device }
new-device-mail-ip = IP address: { $ip }
new-device-mail-at = Time: { $at }
new-device-mail-fine = If this was you, you need do nothing.
new-device-mail-else = If it was not, change your password at once: all other devices are logged out then.
new-device-mail-button = See your security settings
new-device-mail-why = { $brand } sent this mail to { $email } because it is told of every login with a new device.
