//! Every form with something good in it, and something bad for every field.

/// What a field takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Name,
    Line,
    ShortLine,
    Email,
    OptionalEmail,
    Phone,
    Country,
    Paragraph,
    Hue,
    Url,
    NewPassword,
    Scope,
    Permissions,
    Categories,
    Status,
    User,
    Group,
    Language,
    Currency,
    Colour,
    Discount,
}

/// A form, who may send it, and its fields: name, id on the page, what it takes.
pub(crate) struct Form {
    pub(crate) path: &'static str,
    pub(crate) actor: &'static str,
    pub(crate) good: &'static [(&'static str, &'static str)],
    pub(crate) fields: &'static [(&'static str, &'static str, Kind)],
}

const CHOSEN: &str = "quiet harbour, seven lanterns";

const DETAILS: [(&str, &str, Kind); 15] = [
    ("name", "name", Kind::Name),
    ("company", "company", Kind::Line),
    ("contact_email", "contact-email", Kind::OptionalEmail),
    ("address1", "address1", Kind::Line),
    ("address2", "address2", Kind::Line),
    ("city", "city", Kind::Line),
    ("state", "state", Kind::Line),
    ("postcode", "postcode", Kind::ShortLine),
    ("country", "country", Kind::Country),
    ("phone", "phone", Kind::Phone),
    ("contact_first_name", "contact-first-name", Kind::Line),
    ("contact_last_name", "contact-last-name", Kind::Line),
    ("tax_id", "tax-id", Kind::Line),
    ("language", "language", Kind::Language),
    ("categories", "categories", Kind::Categories),
];
const CURRENCY: (&str, &str, Kind) = ("currency", "currency", Kind::Currency);

const CONTACT: [(&str, &str, Kind); 13] = [
    ("first_name", "first-name", Kind::Line),
    ("last_name", "last-name", Kind::Line),
    ("company", "company", Kind::Line),
    EMAIL,
    DETAILS[3],
    DETAILS[4],
    DETAILS[5],
    DETAILS[6],
    DETAILS[7],
    DETAILS[8],
    DETAILS[9],
    DETAILS[12],
    DETAILS[14],
];
const CARL: &[(&str, &str)] =
    &[("first_name", "Carl"), ("last_name", "Contact"), ("email", "carl@example.net"), ("categories", "invoice")];
const GOLD: &[(&str, &str)] = &[("name", "Gold"), ("colour", "#b45309"), ("discount", "12.5")];
const GROUP: [(&str, &str, Kind); 3] = [DETAILS[0], ("colour", "colour", Kind::Colour), ("discount", "discount", Kind::Discount)];

const TEMPLATE: &[(&str, &str)] =
    &[("name", "Invoice Created"), ("category", "invoice"), ("subject", "Invoice {invoice_num}"), ("message", "It is ready.")];
const WORDS: &[(&str, &str)] = &[("subject", "Join {account_name}"), ("message", "Hello: {link}"), ("button", "Join")];
const FIRST: (&str, &str, Kind) = ("first_name", "first-name", Kind::Name);
const LAST: (&str, &str, Kind) = ("last_name", "last-name", Kind::Name);
const EMAIL: (&str, &str, Kind) = ("email", "email", Kind::Email);
const PERMISSIONS: (&str, &str, Kind) = ("permissions", "permissions", Kind::Permissions);

pub(crate) const FORMS: &[Form] = &[
    Form {
        path: "/invite/{token}/register",
        actor: "anonymous",
        good: &[("first_name", "Nora"), ("last_name", "New"), ("email", "nora@example.com"), ("password", CHOSEN)],
        fields: &[
            ("first_name", "register-first-name", Kind::Name),
            ("last_name", "register-last-name", Kind::Name),
            ("email", "register-email", Kind::Email),
            ("password", "register-password", Kind::NewPassword),
        ],
    },
    Form {
        path: "/a/{account}/invitations",
        actor: "owner",
        good: &[("email", "new@example.com"), ("scope", "choose"), ("permissions", "invoices")],
        fields: &[EMAIL, ("scope", "scope", Kind::Scope), PERMISSIONS],
    },
    Form {
        path: "/a/{account}/users/{user}/permissions",
        actor: "owner",
        good: &[("permissions", "invoices"), ("permissions", "tickets")],
        fields: &[PERMISSIONS],
    },
    Form {
        path: "/a/{account}/details",
        actor: "owner",
        good: &[("name", "Acme"), ("contact_email", "acme@example.com"), ("country", "DE"), ("categories", "domain")],
        fields: &DETAILS,
    },
    Form { path: "/me/profile", actor: "member", good: &[("first_name", "Mia"), ("last_name", "More")], fields: &[FIRST, LAST] },
    Form {
        path: "/me/password",
        actor: "member",
        good: &[("current", "a-password-for-tests-only"), ("new", CHOSEN)],
        fields: &[("new", "new", Kind::NewPassword)],
    },
    Form {
        path: "/admin/me/password",
        actor: "admin",
        good: &[("current", "a-password-for-tests-only"), ("new", CHOSEN)],
        fields: &[("new", "new", Kind::NewPassword)],
    },
    Form {
        path: "/admin/clients/new",
        actor: "admin",
        good: &[
            ("name", "New Client"),
            ("contact_email", "client@example.com"),
            ("owner", "new"),
            ("first_name", "Nora"),
            ("last_name", "New"),
            ("owner_email", "nora@example.com"),
        ],
        fields: &[
            DETAILS[0],
            DETAILS[1],
            DETAILS[2],
            DETAILS[8],
            DETAILS[9],
            FIRST,
            LAST,
            ("owner_email", "owner-email", Kind::Email),
        ],
    },
    Form {
        path: "/admin/clients/new",
        actor: "admin",
        good: &[("name", "New Client"), ("contact_email", "client@example.com"), ("owner", "existing"), ("owner_user", "1")],
        fields: &[("owner_user", "owner-user", Kind::User)],
    },
    Form {
        path: "/admin/users/{user}",
        actor: "admin",
        good: &[("first_name", "Tom"), ("last_name", "More"), ("email", "tom.more@example.com")],
        fields: &[FIRST, LAST, EMAIL],
    },
    Form {
        path: "/admin/clients/{account}/profile",
        actor: "admin",
        good: &[
            ("name", "Acme"),
            ("contact_email", "acme@example.com"),
            ("categories", "domain"),
            ("group", ""),
            ("status", "active"),
        ],
        fields: &[
            DETAILS[0],
            DETAILS[1],
            DETAILS[2],
            DETAILS[7],
            DETAILS[13],
            CURRENCY,
            ("group", "group", Kind::Group),
            ("status", "status", Kind::Status),
        ],
    },
    Form {
        path: "/admin/clients/{account}/users/associate",
        actor: "admin",
        good: &[("query", "nora@example.com"), ("permissions", "invoices"), ("send_invite", "yes")],
        fields: &[("query", "email", Kind::OptionalEmail), PERMISSIONS],
    },
    Form {
        path: "/admin/clients/{account}/users/associate",
        actor: "admin",
        good: &[
            ("query", "nora@example.com"),
            ("email", "nora@example.com"),
            ("first_name", "Nora"),
            ("last_name", "New"),
            ("permissions", "invoices"),
            ("send_invite", "no"),
        ],
        fields: &[FIRST, LAST, PERMISSIONS],
    },
    Form {
        path: "/admin/clients/{account}/users/associate",
        actor: "admin",
        good: &[("query", "sam"), ("user", "2"), ("permissions", "invoices"), ("send_invite", "no")],
        fields: &[("user", "user", Kind::User), PERMISSIONS],
    },
    Form {
        path: "/admin/clients/{account}/users/{user}/permissions",
        actor: "admin",
        good: &[("permissions", "tickets")],
        fields: &[PERMISSIONS],
    },
    Form { path: "/admin/clients/{account}/contacts", actor: "admin", good: CARL, fields: &CONTACT },
    Form { path: "/admin/clients/{account}/contacts/{contact}", actor: "admin", good: CARL, fields: &CONTACT },
    Form { path: "/a/{account}/contacts", actor: "owner", good: CARL, fields: &CONTACT },
    Form { path: "/a/{account}/contacts/{contact}", actor: "owner", good: CARL, fields: &CONTACT },
    Form { path: "/admin/config/groups", actor: "admin", good: GOLD, fields: &GROUP },
    Form { path: "/admin/config/templates", actor: "admin", good: TEMPLATE, fields: &[DETAILS[0]] },
    Form { path: "/admin/config/templates/own/{template}", actor: "admin", good: TEMPLATE, fields: &[] },
    Form { path: "/admin/config/templates/mails/{key}", actor: "admin", good: WORDS, fields: &[] },
    Form { path: "/admin/config/groups/{group}", actor: "admin", good: GOLD, fields: &[GROUP[1], GROUP[2]] },
    Form {
        path: "/admin/clients/{account}/notes",
        actor: "admin",
        good: &[("text", "Called back.")],
        fields: &[("text", "text", Kind::Paragraph)],
    },
    Form {
        path: "/admin/config",
        actor: "admin",
        good: &[("name", "Latchkey"), ("hue", "220")],
        fields: &[
            DETAILS[0],
            ("hue", "hue", Kind::Hue),
            ("logo_url", "logo-url", Kind::Url),
            ("terms_url", "terms-url", Kind::Url),
        ],
    },
    Form {
        path: "/admin/config/mail",
        actor: "admin",
        good: &[("to", "stella@staff.example")],
        fields: &[("to", "to", Kind::Email)],
    },
    Form {
        path: "/admin/config/admins",
        actor: "admin",
        good: &[("name", "Nora New"), ("email", "nora@staff.example"), ("role", "2")],
        fields: &[EMAIL],
    },
];

/// What deceives in any line of text, or breaks it.
const DECEIVING: [&str; 9] = [
    "two\nlines",
    "two\r\nBcc: x@evil.example",
    "a\0b",
    "a\u{7}b",
    "\u{1b}[31mred",
    "a\u{202e}b",
    "a\u{2028}b",
    "\u{feff}x",
    "a\u{fffd}b",
];

impl Kind {
    /// What it does not take.
    pub(crate) fn bad(self) -> Vec<String> {
        let mut bad: Vec<&str> = match self {
            Self::Name => vec!["", "   ", "\u{a0}", "\u{200d}"],
            Self::Line | Self::ShortLine => vec![],
            Self::Email | Self::OptionalEmail => vec![
                "plain",
                "a@b",
                "@b.example",
                "a b@c.example",
                "<a@b.example>",
                "a@b.example,c@d.example",
                "a@[127.0.0.1]",
                "\"a\"@b.example",
                "\"><script>alert(1)</script>@b.example",
            ],
            Self::Phone => vec!["call me", "📞", "1;drop table"],
            Self::Country => vec!["XX", "Germany", "<script>"],
            Self::Paragraph => vec!["", "  \r\n ", "a\0b", "a\u{202e}b", "a\u{1b}b"],
            Self::Hue => vec!["", "abc", "-1", "360", "1.5", "99999999999999999999", "２２０", "220deg"],
            Self::Url => {
                vec!["javascript:alert(1)", "http://plain.example", "//evil.example", "https://x.example/\"onload=\"", "x"]
            }
            Self::NewPassword => vec!["", "short", "passwordpassword", "aaaaaaaaaaaaaaaaaaaaaaa", "latchkeylatchkey"],
            Self::Scope => vec!["everything", "ALL", "all "],
            Self::Permissions => vec!["", "admin", "INVOICES", "invoices tickets", "invoices\0", "<script>"],
            Self::Categories => vec!["", "everything", "<script>"],
            Self::Status => vec!["", "gone", "ACTIVE"],
            Self::Group => vec!["abc", "0", "-1", "9223372036854775807", "99999999999999999999", "1.5", "1 or 1=1", "Gold"],
            Self::Language => vec!["xx", "klingon", "en\0", "<script>", "de-"],
            Self::Currency => vec!["EU", "EURO", "€€€", "E R", "<b>", "12.", "EU\0"],
            Self::Colour => vec!["", "red", "#12345", "#1234567", "url(x)", "#12345g", "#fff;x"],
            Self::Discount => vec!["-1", "100.01", "1.234", "1e1", "abc", "1,2,3", "NaN", "١"],
            Self::User => vec!["abc", "0", "-1", "9223372036854775807", "99999999999999999999", "1.5", "1 or 1=1"],
        };
        if matches!(self, Self::Name | Self::Line | Self::ShortLine | Self::Email | Self::OptionalEmail | Self::Phone | Self::Url)
        {
            bad.extend(DECEIVING);
        }
        if matches!(self, Self::Email) {
            bad.extend(["", "  "]);
        }
        let mut bad: Vec<String> = bad.into_iter().map(str::to_owned).collect();
        bad.push("1".repeat(10_000));
        bad
    }

    /// What it takes although it looks dangerous.
    pub(crate) fn odd(self) -> &'static [&'static str] {
        match self {
            Self::Name | Self::Line => {
                &["<script>alert(1)</script>", "👩‍💻 Dev", "محمد", "O'Neil & \"Söhne\"", "{{ 7*7 }}", "⁅2⁆", "%s"]
            }
            Self::ShortLine => &["<script>", "👩‍💻"],
            Self::Paragraph => &["<script>alert(1)</script>", "one\r\ntwo"],
            _ => &[],
        }
    }

    /// Whether what was typed stands in the form again.
    pub(crate) fn is_kept(self) -> bool {
        matches!(
            self,
            Self::Name
                | Self::Line
                | Self::ShortLine
                | Self::Email
                | Self::OptionalEmail
                | Self::Phone
                | Self::Paragraph
                | Self::Hue
                | Self::Url
        )
    }
}
