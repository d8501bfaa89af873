# API credentials and roles, and what the API answers when something is wrong.
error-right-unknown = There is no such right.
error-rights-none = Choose at least one right.
error-api-role-in-use = API credentials have this role. Give them another one or revoke them first.
error-api-role-unknown = There is no such API role.
error-api-credentials-too-many = This account has as many API credentials as it may have. Revoke one first.
error-networks-too-many = Write 50 addresses and networks at most.
error-account-unknown = There is no such account.
error-end-past = Choose a day in the future.

api-error-unauthenticated = API credentials are missing, wrong, or no longer work.
api-error-forbidden = This is not allowed.
api-error-right = The role of this API credential does not hold the right { $what }.
api-error-permission = The permission { $what } is missing.
api-error-address = This API credential may not be used from this address.
api-error-banned = This address is kept out.
api-error-headers = The proxy's headers contradict each other.
api-error-closed = The account is closed.
api-error-owner-only = Only the account's owner may do that.
api-error-staff-only = A credential that is bound to an account may not do that.
api-error-not-found = There is no such thing, or this credential may not see it.
api-error-invalid = Some fields cannot be taken.
api-error-gone = This is gone and does not come back.
api-error-limited = Too many requests. Wait as long as Retry-After says.
api-error-internal = Something went wrong. The server's log has more under the number in instance.
api-error-method = This address does not know this method.
api-error-too-large = The body is larger than one mebibyte.
api-error-media-type = Send JSON, with Content-Type: application/json.
api-error-revision-too-old = This server knows only an older revision of an account than the one demanded.
error-limit-rows = A number between 1 and 500.
error-too-many = At most 1,000 at once.
api-error-malformed = The request cannot be read.

# Services behind a proxy.
forward-logged-out = Log in first.
forward-refused = You may not open this.
forward-other-host = Logins are not made for this address.
forward-start-again = This took too long, or began in another browser. Open the page that you came for again.
forward-on-the-way = You are logged in and on your way.
