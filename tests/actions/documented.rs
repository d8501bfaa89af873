//! Every action answers every documented field, as JSON and as XML, and numbers are numbers.

use serde_json::Value;

use super::{CLIENT, Shop};
use crate::support::{TestApp, on_both_databases};

/// The documented fields of what is inside a list or an object: path and names.
const PERMISSIONS: [&str; 13] = [
    "profile",
    "contacts",
    "products",
    "manageproducts",
    "productsso",
    "domains",
    "managedomains",
    "invoices",
    "quotes",
    "tickets",
    "affiliates",
    "emails",
    "orders",
];
const PAGE: [&str; 3] = ["totalresults", "startnumber", "numreturned"];
const USER: [&str; 7] = ["id", "firstname", "lastname", "email", "datecreated", "validationdata", "clients"];
const LISTED_CLIENT: [&str; 8] = ["id", "firstname", "lastname", "companyname", "email", "datecreated", "groupid", "status"];
const DETAILS: [&str; 52] = [
    "client_id",
    "owner_user_id",
    "userid",
    "id",
    "uuid",
    "firstname",
    "lastname",
    "fullname",
    "companyname",
    "email",
    "address1",
    "address2",
    "city",
    "fullstate",
    "state",
    "postcode",
    "countrycode",
    "country",
    "phonenumber",
    "tax_id",
    "email_preferences",
    "statecode",
    "countryname",
    "phonecc",
    "phonenumberformatted",
    "telephoneNumber",
    "billingcid",
    "notes",
    "currency",
    "defaultgateway",
    "groupid",
    "status",
    "credit",
    "taxexempt",
    "latefeeoveride",
    "overideduenotices",
    "separateinvoices",
    "disableautocc",
    "emailoptout",
    "marketing_emails_opt_in",
    "overrideautoclose",
    "allowSingleSignOn",
    "email_verified",
    "language",
    "isOptedInToMarketingEmails",
    "lastlogin",
    "currency_code",
    "customfields",
    "users",
    "id",
    "status",
    "email",
];
const CONTACT: [&str; 20] = [
    "id",
    "userid",
    "firstname",
    "lastname",
    "email",
    "address1",
    "address2",
    "city",
    "state",
    "postcode",
    "country",
    "phonenumber",
    "domainemails",
    "generalemails",
    "invoiceemails",
    "productemails",
    "supportemails",
    "affiliateemails",
    "created_at",
    "updated_at",
];
const EMAIL: [&str; 17] = [
    "id",
    "userid",
    "subject",
    "message",
    "date",
    "to",
    "cc",
    "bcc",
    "attachments",
    "pending",
    "message_data",
    "failed",
    "failure_reason",
    "retry_count",
    "created_at",
    "updated_at",
    "campaign_id",
];
const ENTRY: [&str; 9] = ["id", "clientId", "userId", "adminId", "date", "description", "username", "ipaddress", "userid"];
const ADMIN: [&str; 22] = [
    "id",
    "uuid",
    "roleId",
    "username",
    "twoFactorAuthModule",
    "firstname",
    "lastname",
    "email",
    "signature",
    "notes",
    "template",
    "language",
    "isDisabled",
    "loginAttempts",
    "supportDepartmentIds",
    "receivesTicketNotifications",
    "homepageWidgetsConfig",
    "hiddenHomepageWidgets",
    "created_at",
    "updated_at",
    "fullName",
    "gravatarHash",
];
const GROUP: [&str; 6] = ["id", "groupname", "groupcolour", "discountpercent", "susptermexempt", "separateinvoices"];
const OAUTH: [&str; 14] = [
    "credentialId",
    "name",
    "description",
    "grantTypes",
    "scope",
    "clientIdentifier",
    "clientSecret",
    "uuid",
    "serviceId",
    "logoUri",
    "redirectUri",
    "rsaKeyPairId",
    "createdAt",
    "updatedAt",
];

/// Where documented fields are: a JSON pointer, and their names.
type Place = (&'static str, &'static [&'static str]);

/// Fields of a call.
type Fields = Vec<(&'static str, &'static str)>;

/// An action, the fields it is called with, and where what it answers is documented.
type Call = (&'static str, Fields, Vec<Place>);

/// Every action, in an order in which each finds what it needs.
fn table() -> Vec<Call> {
    [users(), clients(), contacts_and_mails(), around_clients(), of_the_system(), oauth(), ends()].concat()
}

/// Users, what they may do, and logging in as them.
fn users() -> Vec<Call> {
    vec![
        (
            "AddUser",
            vec![
                ("firstname", "Uma"),
                ("lastname", "User"),
                ("email", "uma@example.com"),
                ("password2", "quiet harbour, seven lanterns"),
            ],
            vec![("", &["user_id"])],
        ),
        (
            "GetUsers",
            vec![("search", "mia@example.com")],
            vec![("", &PAGE), ("/users/0", &USER), ("/users/0/clients/0", &["id", "isOwner"])],
        ),
        ("UpdateUser", vec![("user_id", "3"), ("firstname", "Una")], vec![("", &["user_id"])]),
        ("DeleteUser", vec![("user_id", "3")], vec![("", &["user_id"])]),
        ("GetPermissionsList", vec![], vec![("", &["result", "status"]), ("/permissions", &["permission"])]),
        (
            "CreateClientInvite",
            vec![("client_id", "1"), ("email", "new@example.com"), ("permissions", "profile,invoices")],
            vec![("", &["invite_id"])],
        ),
        (
            "ListClientInvites",
            vec![("client_id", "1")],
            vec![("/invites/0", &["id", "client_id", "email", "permissions", "status", "invited_by", "sent_at", "expires_at"])],
        ),
        ("ResendClientInvite", vec![("client_id", "1"), ("invite_id", "1")], vec![("", &["invite_id"])]),
        ("CancelClientInvite", vec![("client_id", "1"), ("invite_id", "1")], vec![("", &["invite_id"])]),
        ("GetUserPermissions", vec![("client_id", "1"), ("user_id", "2")], vec![("/permissions", &["permission"])]),
        ("UpdateUserPermissions", vec![("client_id", "1"), ("user_id", "2"), ("permissions", "profile,invoices")], vec![]),
        ("ResetPassword", vec![("email", "mia@example.com")], vec![]),
        (
            "ValidateLogin",
            vec![("email", "mia@example.com"), ("password2", "a-password-for-tests-only")],
            vec![("", &["userid", "passwordhash", "twoFactorEnabled"])],
        ),
        ("CreateSsoToken", vec![("client_id", "1")], vec![("", &["access_token", "redirect_url"])]),
    ]
}

/// Clients, and a note on one.
fn clients() -> Vec<Call> {
    vec![
        ("AddClient", CLIENT.to_vec(), vec![("", &["clientid", "owner_id"])]),
        ("UpdateClient", vec![("clientid", "2"), ("city", "Paris")], vec![("", &["clientid"])]),
        ("GetClients", vec![("search", "ada@example.net")], vec![("", &PAGE), ("/clients/client/0", &LISTED_CLIENT)]),
        (
            "GetClientsDetails",
            vec![("clientid", "2"), ("stats", "true")],
            vec![
                ("", &DETAILS),
                ("/client", &DETAILS),
                ("/client/email_preferences", &["general", "invoice", "support", "product", "domain", "affiliate"]),
                ("/client/users/user/0", &["id", "name", "email", "is_owner"]),
                (
                    "/stats",
                    &[
                        "numdueinvoices",
                        "grossRevenue",
                        "expenses",
                        "income",
                        "productsnumactive",
                        "numactivedomains",
                        "numtickets",
                        "isAffiliate",
                    ],
                ),
            ],
        ),
        ("AddClientNote", vec![("userid", "2"), ("notes", "Called back."), ("sticky", "1")], vec![("", &["noteid"])]),
    ]
}

/// Contacts, and mails to them.
fn contacts_and_mails() -> Vec<Call> {
    vec![
        (
            "AddContact",
            vec![("clientid", "2"), ("firstname", "Carl"), ("email", "carl@example.net"), ("email_preferences[general]", "1")],
            vec![("", &["contactid"])],
        ),
        ("GetContacts", vec![("userid", "2")], vec![("", &PAGE), ("/contacts/contact/0", &CONTACT)]),
        (
            "SendEmail",
            vec![
                ("id", "2"),
                ("customtype", "general"),
                ("customsubject", "Hello"),
                ("custommessage", "<p>Dear {$client_name}</p>"),
            ],
            vec![],
        ),
        ("GetEmails", vec![("clientid", "2")], vec![("", &PAGE), ("/emails/email/0", &EMAIL)]),
        ("UpdateContact", vec![("contactid", "1"), ("lastname", "Contact")], vec![("", &["contactid"])]),
        ("DeleteContact", vec![("contactid", "1")], vec![("", &["contactid"])]),
    ]
}

/// What stands around clients: groups, who owns one, the log.
fn around_clients() -> Vec<Call> {
    vec![
        ("GetClientGroups", vec![], vec![("", &["totalresults"]), ("/groups/group/0", &GROUP)]),
        ("SetClientOwner", vec![("client_id", "1"), ("user_id", "2")], vec![("", &["client_id", "owner_user_id"])]),
        ("DeleteUserClient", vec![("client_id", "1"), ("user_id", "1")], vec![]),
        ("LogActivity", vec![("description", "Invoice 7 paid"), ("clientid", "2")], vec![]),
        (
            "GetActivityLog",
            vec![("description", "Invoice 7")],
            vec![("", &["totalresults", "startnumber"]), ("/activity/entry/0", &ENTRY)],
        ),
    ]
}

/// Admins, bans and settings.
fn of_the_system() -> Vec<Call> {
    vec![
        ("GetAdminUsers", vec![], vec![("", &["count"]), ("/admin_users/0", &ADMIN)]),
        (
            "GetAdminDetails",
            vec![],
            vec![
                ("", &["adminid", "name", "notes", "signature", "allowedpermissions", "departments", "requesttime"]),
                ("/whmcs", &["version", "canonicalversion"]),
            ],
        ),
        ("AddBannedIp", vec![("ip", "203.0.113.9"), ("reason", "Spam"), ("days", "7")], vec![("", &["banid"])]),
        ("GetConfigurationValue", vec![("setting", "CompanyName")], vec![("", &["setting", "value"])]),
        ("WhmcsDetails", vec![], vec![("/whmcs", &["version", "canonicalversion"])]),
    ]
}

/// Credentials of OAuth.
fn oauth() -> Vec<Call> {
    vec![
        (
            "CreateOAuthCredential",
            vec![
                ("grantType", "authorization_code"),
                ("scope", "openid email"),
                ("name", "App"),
                ("redirectUri[0]", "https://app.example/cb"),
            ],
            vec![("", &["credentialId", "clientIdentifier", "clientSecret"])],
        ),
        ("ListOAuthCredentials", vec![], vec![("/clients/0", &OAUTH)]),
        (
            "UpdateOAuthCredential",
            vec![("credentialId", "1"), ("resetSecret", "True")],
            vec![("", &["credentialId", "newClientSecret"])],
        ),
        ("DeleteOAuthCredential", vec![("credentialId", "1")], vec![("", &["credentialId"])]),
    ]
}

/// What ends a client: after all that need one.
fn ends() -> Vec<Call> {
    vec![
        ("CloseClient", vec![("clientid", "2")], vec![("", &["clientid"])]),
        ("DeleteClient", vec![("clientid", "2"), ("deleteusers", "true")], vec![("", &["clientid"])]),
    ]
}

/// What would not be a number: ids and counts, unless a client of WHMCS reads a text there.
fn assert_numbers(action: &str, value: &Value) {
    const NUMBERS: [&str; 18] = [
        "clientid",
        "client_id",
        "user_id",
        "userid",
        "id",
        "owner_id",
        "owner_user_id",
        "totalresults",
        "startnumber",
        "numreturned",
        "phonecc",
        "groupid",
        "contactid",
        "noteid",
        "banid",
        "adminid",
        "credentialId",
        "invite_id",
    ];
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            // As WHMCS documents it; a library in use refuses a number there (see libraries.py).
            let is_text = action == "UpdateClient" && name == "clientid";
            assert!(!is_text || value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()), "{action}: {name} is {value}");
            assert!(!NUMBERS.contains(&name.as_str()) || is_text || value.is_i64(), "{action}: {name} is {value}");
            assert_numbers(action, value);
        }),
        Value::Array(values) => values.iter().for_each(|value| assert_numbers(action, value)),
        _ => {}
    }
}

async fn with_a_group(app: TestApp) -> Shop {
    let shop = Shop::open(app).await;
    let insert =
        "insert into client_groups (name, name_key, colour, discount_basis_points, suspend_terminate_exempt, separate_invoices)
                  values ('Friends', 'friends', '#b45309', 1250, 1, 0) returning id";
    crate::support::tables::number(&shop.app, insert).await;
    shop
}

#[on_both_databases]
async fn every_action_answers_every_documented_field(app: TestApp) {
    let shop = with_a_group(app).await;
    for (action, fields, places) in table() {
        let answer = shop.done(action, &fields).await;
        for (place, names) in places {
            let object = answer.pointer(place).unwrap_or_else(|| panic!("{action}: no {place} in {answer}"));
            for name in names {
                assert!(object.get(name).is_some(), "{action}: no {place}/{name} in {answer}");
            }
        }
        assert_numbers(action, &answer);
        if action == "GetPermissionsList" {
            assert_eq!(answer["permissions"]["permission"], serde_json::json!(PERMISSIONS));
        }
        if action == "GetEmails" {
            assert!(answer["emails"]["email"][0]["message"].as_str().unwrap().contains("Dear Ada Byron"), "{answer}");
        }
    }
    let named: Vec<String> = table().iter().map(|(action, ..)| action.to_lowercase()).collect();
    for right in latchkey_core::access::ApiRight::ALL.iter().filter(|right| right.is_action()) {
        assert!(named.contains(&right.key().to_owned()), "{} is in no table", right.key());
    }
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn every_action_answers_every_documented_field_as_xml(app: TestApp) {
    let shop = with_a_group(app).await;
    for (action, fields, places) in table() {
        let fields = [fields, vec![("responsetype", "xml")]].concat();
        let answer = shop.ask(&shop.full, action, &fields).await;
        let text = answer.text();
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/xml; charset=utf-8")), "{action}");
        let start = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<whmcsapi version=\"9.0.0\">\n<action>{}</action>\n<result>success</result>",
            action.to_lowercase()
        );
        assert!(text.starts_with(&start) && text.ends_with("</whmcsapi>\n"), "{text}");
        assert_well_formed(action, &text);
        for name in places.iter().flat_map(|(_, names)| *names) {
            assert!(text.contains(&format!("<{name}>")), "{action}: no {name} in {text}");
        }
    }
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

/// Every element is closed by its own name, and nothing stands between that begins another.
fn assert_well_formed(action: &str, text: &str) {
    let body = text.split_once("?>").unwrap().1;
    let mut open: Vec<&str> = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, content) = piece.split_once('>').unwrap_or_else(|| panic!("{action}: {text}"));
        assert!(!content.contains('>') && content.matches('&').count() == content.matches(';').count(), "{action}: {piece}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{action}: {text}"),
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{action}: {open:?}");
}
