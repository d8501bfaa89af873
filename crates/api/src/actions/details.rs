//! `GetClientsDetails`.

use latchkey_core::access::{ViewStaffArea, ViewUsers};
use latchkey_core::account::{self, Account, COUNTRIES, Details, LANGUAGES};
use latchkey_core::contact::{Categories, Category};
use latchkey_core::membership::{self, Member};
use latchkey_core::{note, user};

use super::answer::{Fields, Value, fields};
use super::call::Call;
use super::clients::{named, spelled};
use super::failure::{Failure, Words};
use super::time;

const UNKNOWN: &str = "Client Not Found";

/// What `stats` counts. Latchkey keeps none of it.
const COUNTS: [&str; 27] = [
    "numdueinvoices",
    "numoverdueinvoices",
    "numDraftInvoices",
    "numpaidinvoices",
    "numunpaidinvoices",
    "numcancelledinvoices",
    "numrefundedinvoices",
    "numcollectionsinvoices",
    "numpaymentpendinginvoices",
    "productsnumactivehosting",
    "productsnumhosting",
    "productsnumactivereseller",
    "productsnumreseller",
    "productsnumactiveservers",
    "productsnumservers",
    "productsnumactiveother",
    "productsnumother",
    "productsnumactive",
    "productsnumtotal",
    "numactivedomains",
    "numdomains",
    "numacceptedquotes",
    "numquotes",
    "numtickets",
    "numactivetickets",
    "numaffiliatesignups",
    "isAffiliate",
];
const AMOUNTS: [&str; 14] = [
    "dueinvoicesbalance",
    "grossRevenue",
    "expenses",
    "income",
    "creditbalance",
    "overdueinvoicesbalance",
    "draftInvoicesBalance",
    "paidinvoicesamount",
    "unpaidinvoicesamount",
    "cancelledinvoicesamount",
    "refundedinvoicesamount",
    "collectionsinvoicesamount",
    "paymentpendinginvoicesamount",
    "incredit",
];

/// Everything about a client. Its fields stand under `client` and, as they did before there were users, at the top level too.
pub(super) async fn show(call: &Call) -> Result<Fields, Failure> {
    let client = call.read(|snapshot, api, params| {
        if params.filled("clientid").is_none() && params.filled("email").is_none() {
            return Err(Failure::says("Either clientid Or email Is Required"));
        }
        let id = named(snapshot, params, "email", UNKNOWN)?;
        let by = snapshot.authorize_api::<ViewUsers>(api, id).missing(UNKNOWN)?;
        let found = account::find(snapshot, id)?.ok_or(Failure::says(UNKNOWN))?;
        let owner = user::find(snapshot, found.owner.id)?;
        let members = membership::list(snapshot, &by)?.answer()?;
        // What staff writes down is for staff: a credential of one account has no such ticket.
        let notes = match snapshot.authorize_api_staff::<ViewStaffArea>(api) {
            Ok(staff) => note::list(snapshot, &staff, id)?,
            Err(_) => Vec::new(),
        };
        let pinned: Vec<String> = notes.into_iter().filter(|note| note.pinned).map(|note| note.text).collect();
        Ok(described(&found, owner.as_ref(), &members, &pinned.join("\n\n")))
    });
    let client = client.await?;
    let answer = fields! { "client" => client.clone() }.and(client);
    Ok(if call.params.flag("stats").unwrap_or(false) { answer.with("stats", stats()) } else { answer })
}

fn described(account: &Account, owner: Option<&user::User>, members: &[Member], notes: &str) -> Fields {
    let details = &account.details;
    let (code, country) = country(details);
    let (cc, formatted) = phone(&details.phone);
    let verified = owner.is_some_and(|owner| owner.verified_at.is_some());
    let opted_in = details.marketing_opt_in;
    fields! {
        "client_id" => account.id.0,
        "owner_user_id" => account.owner.id.0,
        "userid" => account.id.0,
        "id" => account.id.0,
        "uuid" => format!("00000000-0000-4000-8000-{:012x}", account.id.0),
        "firstname" => &details.first_name,
        "lastname" => &details.last_name,
        "fullname" => format!("{} {}", details.first_name, details.last_name).trim(),
        "companyname" => &details.company,
        "email" => &details.contact_email,
        "address1" => &details.address1,
        "address2" => &details.address2,
        "city" => &details.city,
        "fullstate" => &details.state,
        "state" => &details.state,
        "postcode" => &details.postcode,
        "countrycode" => code,
        "country" => code,
        "phonenumber" => &details.phone,
        "tax_id" => &details.tax_id,
        "email_preferences" => preferences(&details.categories),
        "statecode" => &details.state,
        "countryname" => country,
        "phonecc" => cc,
        "phonenumberformatted" => &formatted,
        "telephoneNumber" => &formatted,
        "billingcid" => 0,
        "notes" => notes,
        "currency" => 1,
        "defaultgateway" => "",
        "groupid" => account.group.as_ref().map_or(0, |group| group.id.0),
        "status" => spelled(account.status),
        "credit" => "0.00",
        "taxexempt" => false,
        "latefeeoveride" => false,
        "overideduenotices" => false,
        "separateinvoices" => false,
        "disableautocc" => false,
        "emailoptout" => !opted_in,
        "marketing_emails_opt_in" => opted_in,
        "overrideautoclose" => false,
        "allowSingleSignOn" => i64::from(account.allow_sso),
        "email_verified" => verified,
        "language" => language(details),
        "isOptedInToMarketingEmails" => opted_in,
        "lastlogin" => last_login(owner),
        "currency_code" => &details.currency,
        "customfields" => Value::Items("customfield", Vec::new()),
        "users" => fields! { "user" => members.iter().map(member).collect::<Vec<_>>() },
    }
}

fn member(member: &Member) -> Value {
    fields! {
        "id" => member.user.id.0,
        "name" => member.user.name.full(),
        "email" => member.user.email.to_string(),
        "is_owner" => member.is_owner,
    }
    .into()
}

fn preferences(categories: &Categories) -> Fields {
    let bit = |category| if categories.has(category) { "1" } else { "0" };
    Category::ALL.into_iter().fold(Fields::default(), |fields, category| fields.with(category.key(), bit(category)))
}

/// Code and name.
fn country(details: &Details) -> (&str, &'static str) {
    let name = COUNTRIES.iter().find(|(code, _)| *code == details.country).map_or("", |(_, name)| *name);
    (&details.country, name)
}

/// The English name, in small letters: `english`.
fn language(details: &Details) -> String {
    LANGUAGES.iter().find(|(tag, _)| *tag == details.language).map_or_else(String::new, |(_, name)| name.to_lowercase())
}

/// The country's code, where the number sets it apart, and the number as `+44.1234`; 0 where it does not.
fn phone(number: &str) -> (i64, String) {
    let apart = number.strip_prefix('+').and_then(|rest| {
        let at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (code, rest) = rest.split_at_checked(at)?;
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        Some((code.parse().ok()?, format!("+{code}.{digits}")))
    });
    apart.unwrap_or_else(|| (0, number.to_owned()))
}

fn last_login(owner: Option<&user::User>) -> String {
    let Some((last, at)) = owner.and_then(|owner| Some((&owner.last_login, owner.last_login.at?))) else {
        return "No Login Logged".to_owned();
    };
    let ip = last.ip.as_deref().unwrap_or_default();
    format!("Date: {}<br>IP Address: {ip}<br>Host: {}", time::day_and_minute(at), last.host.as_deref().unwrap_or(ip))
}

fn stats() -> Fields {
    let counts = COUNTS.iter().fold(Fields::default(), |fields, name| fields.with(*name, 0));
    AMOUNTS.iter().fold(counts, |fields, name| fields.with(*name, "0.00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_country_code_is_a_number_where_the_number_sets_it_apart() {
        assert_eq!(phone("+44.1234 567"), (44, "+44.1234567".to_owned()));
        assert_eq!(phone("+49 30 123"), (49, "+49.30123".to_owned()));
        assert_eq!(phone("030 123"), (0, "030 123".to_owned()));
        assert_eq!(phone("+4930123"), (0, "+4930123".to_owned()));
    }
}
