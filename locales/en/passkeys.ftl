# Passkeys: one's own list of them, and logging in with one.

passkeys = Passkeys
passkeys-lede = Log in with your fingerprint, your face, the PIN of your device or a security key, instead of your password or beside it.
passkeys-empty = No passkey yet
passkeys-empty-text = A passkey can't be guessed, and works on no page but this server's.
passkeys-count = { $count ->
    [0] None yet
    [one] One passkey
   *[other] { $count } passkeys
}
passkeys-see = See Passkeys
passkey-add = Add Passkey
passkey-add-lede = Your browser will ask where to keep it: on this device, on your phone or on a security key.
passkey-name = Name
passkey-name-hint = To tell it from your other ones.
passkey-added-at = Added
passkey-last-used = Last used
passkey-never-used = Not used yet
passkey-alone = Logs in without a password
passkey-second-only = Second factor
passkey-backed-up = Synced
passkey-rename = Rename
passkey-remove = Remove
passkey-remove-title = Remove the passkey { $name }?
passkey-remove-text = You can no longer log in with it. Delete it on your device too: this page can't do that.
passkey-no-name = Passkeys need a name to be bound to, and this server's public address is an IP address. Give it one with --public-url, for example http://localhost:8080 to try it out.
passkey-needs-scripts = Passkeys need JavaScript, which is off in this browser.
passkey-unsupported = This browser can't use passkeys here.
passkey-cancelled = No passkey was chosen. Try again when you are ready.
passkey-known = This device has a passkey for you already.
passkey-failed = That did not work. Please try again.
passkey-login = Log in with a passkey
passkey-use = Use a passkey
two-factor-login-passkey-lede = Your password was right. Now show one of your passkeys.

error-passkey-refused = The passkey could not be added. Please try again.
error-passkey-wrong = This passkey is not the right one here, or it took too long. Please try again.
error-passkey-login-failed = This passkey opens nothing here. Log in another way.
error-passkey-too-many = You have as many passkeys as one can have. Remove one first.
error-passkey-no-name = Passkeys can't be used here: this server's public address is an IP address.
flash-passkey-added = Passkey { $name } added.
flash-passkey-renamed = Passkey renamed.
flash-passkey-removed = Passkey removed.
