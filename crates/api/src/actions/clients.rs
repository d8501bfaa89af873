//! `AddClient`, `UpdateClient`, `GetClients`, `CloseClient`, `DeleteClient`, `GetClientGroups`, `AddClientNote`.

use latchkey_core::access::{ApiCall, DeleteAccounts, EditAccounts, EditDetails, EditUsers, ViewStaffArea, WriteNotes};
use latchkey_core::account::{self, Account, Details, NewOwner, Order, Status, Wanted};
use latchkey_core::app::{Snapshot, Tx};
use latchkey_core::contact::{Categories, Category};
use latchkey_core::email::Email;
use latchkey_core::id::{AccountId, ClientGroupId, UserId};
use latchkey_core::user::NewUser;
use latchkey_core::{client_group, note, user};

use super::answer::{Fields, Value, fields};
use super::call::{Call, counted, slice};
use super::failure::{Failure, Words, required};
use super::params::{Params, is_yes};
use super::{time, users};

pub(super) const UNKNOWN: &str = "Client ID Not Found";

const DOMAIN_RECIPIENT: &str = "You must have at least one email address enabled to receive domain related notifications as \
                                required by ICANN. To disable domain notifications, please create an alternative contact that is \
                                set to receive them";

/// What must be filled in, in the order in which it is missed.
const REQUIRED: [(&str, &str); 9] = [
    ("firstname", "You did not enter your first name"),
    ("lastname", "You did not enter your last name"),
    ("email", "You did not enter your email address"),
    ("address1", "You did not enter your address (line 1)"),
    ("city", "You did not enter your city"),
    ("state", "You did not enter your state"),
    ("postcode", "You did not enter your postcode"),
    ("phonenumber", "You did not enter your phone number"),
    ("country", "Valid country required"),
];

/// Fields and what they are called inside.
fn documented(field: &str) -> Option<&'static str> {
    match field {
        "contact_email" => Some("The email address you entered was not valid"),
        "country" => Some("Valid country required"),
        "phone" => Some("Invalid telephone phone number"),
        _ => None,
    }
}

/// Makes a client, and its owner unless one is named.
pub(super) async fn add(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, _| Ok(snapshot.authorize_api_staff::<EditAccounts>(api).map(drop)?)).await?;
    let params = &call.params;
    let not_kept = not_kept(params)?;
    if !params.flag("skipvalidation").unwrap_or(false) {
        for (field, words) in REQUIRED {
            required(params.filled(field), words)?;
        }
    }
    let details = Details::parse(&typed(&Details::default(), params)?).map_err(Failure::Invalid).invalid(documented)?;
    let owner = owner(call).await?;
    let added = call.write(move |tx, api, params| {
        let by = tx.authorize_api_staff::<EditAccounts>(api)?;
        let owner = match &owner {
            NewOwner::New(new) => {
                let users = tx.authorize_api_staff::<EditUsers>(api)?;
                let ask = !params.flag("noemail").unwrap_or(false);
                let made = user::create_by_staff(tx, &users, new, ask);
                NewOwner::Made(made.invalid(|field| (field == "email").then_some(users::TAKEN))?)
            }
            there => there.clone(),
        };
        let id = match account::create(tx, &by, &details, &owner) {
            Err(account::Error::NoSuchOwner) => return Err(Failure::says("Invalid Owner User ID")),
            made => made?,
        };
        let owner = account::find(tx, id)?.ok_or(account::Error::NotFound)?.owner.id;
        classify(tx, api, id, params)?;
        annotate(tx, api, id, params)?;
        Ok((id, owner))
    });
    let (id, owner) = added.await?;
    Ok(warned(fields! { "clientid" => id.0, "owner_id" => owner.0, "owner_user_id" => owner.0 }, &not_kept))
}

/// Who will own the client: the user that is named, or a new one of the same name and address.
async fn owner(call: &Call) -> Result<NewOwner, Failure> {
    let params = &call.params;
    if let Some(id) = params.number("owner_user_id").filter(|id| *id != 0) {
        return Ok(NewOwner::Existing(UserId(id)));
    }
    let email = required(params.filled("email"), "You did not enter your email address")?;
    let email = Email::parse(email).map_err(|_| Failure::says("The email address you entered was not valid"))?;
    required(params.filled("password2"), "You did not enter a password")?;
    let first = required(params.filled("firstname"), "You did not enter your first name")?;
    let last = required(params.filled("lastname"), "You did not enter your last name")?;
    let name = users::person(first, last)?;
    let password = users::hash(call, &name, &email, params.text("companyname"), params.text("password2")).await?;
    Ok(NewOwner::New(NewUser { name, email, password: Some(password) }))
}

/// What is sent and not kept: cards, gateways and the taxes of billing, and what belongs to users.
const NOT_KEPT: [&str; 14] = [
    "cardtype",
    "cardnum",
    "cctype",
    "cvv",
    "expdate",
    "startdate",
    "issuenumber",
    "clearcreditcard",
    "paymentmethod",
    "billingcid",
    "defaultgateway",
    "securityqid",
    "securityqans",
    "clientip",
];
/// The same of switches. Off is what is answered, so who turns one off gets what was asked for.
const ALWAYS_OFF: [&str; 6] =
    ["latefeeoveride", "overideduenotices", "taxexempt", "separateinvoices", "disableautocc", "overrideautoclose"];

/// The fields of the call that are not kept.
fn not_kept(params: &Params) -> Result<Vec<&'static str>, Failure> {
    let words = Failure::says("The custom fields you provided are invalid.");
    let custom = params.php_array("customfields").ok_or(words)?;
    // The one currency of billing that there is has the number 1.
    let other_currency = params.number("currency").is_some_and(|number| number > 1);
    let named = NOT_KEPT.into_iter().filter(|field| params.filled(field).is_some());
    let switches = ALWAYS_OFF.into_iter().filter(|field| params.flag(field).unwrap_or(false));
    let first = [("customfields", !custom.is_empty()), ("currency", other_currency)];
    Ok(first.into_iter().filter(|(_, sent)| *sent).map(|(name, _)| name).chain(named).chain(switches).collect())
}

/// A warning that names what was sent and is not kept.
fn warned(answer: Fields, not_kept: &[&str]) -> Fields {
    if not_kept.is_empty() { answer } else { answer.with("warning", format!("Not kept: {}", not_kept.join(", "))) }
}

/// What was sent in the place of what is there. A field that is not sent stays.
fn typed(before: &Details, params: &Params) -> Result<Details, Failure> {
    let text = |name: &str, before: &String| params.sent(name).map_or_else(|| before.clone(), str::to_owned);
    let mut after = Details {
        name: before.name.clone(),
        first_name: text("firstname", &before.first_name),
        last_name: text("lastname", &before.last_name),
        company: text("companyname", &before.company),
        contact_email: text("email", &before.contact_email),
        address1: text("address1", &before.address1),
        address2: text("address2", &before.address2),
        city: text("city", &before.city),
        state: text("state", &before.state),
        postcode: text("postcode", &before.postcode),
        country: text("country", &before.country),
        phone: text("phonenumber", &before.phone),
        tax_id: text("tax_id", &before.tax_id),
        language: text("language", &before.language),
        currency: currency(params).unwrap_or_else(|| before.currency.clone()),
        categories: categories(&before.categories, params)?,
        marketing_opt_in: params.flag("marketingoptin").unwrap_or(before.marketing_opt_in),
    };
    // An account's name is its own here; where it was made of these fields it follows them.
    if before.name.is_empty() || before.name == made_of(before) {
        after.name = made_of(&after);
    }
    Ok(after)
}

/// The company, or the person, or the address.
fn made_of(details: &Details) -> String {
    let person = format!("{} {}", details.first_name.trim(), details.last_name.trim()).trim().to_owned();
    [details.company.trim(), &person, details.contact_email.trim()]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// Numbers name currencies of billing, which are not known here; three letters are.
fn currency(params: &Params) -> Option<String> {
    params.filled("currency").filter(|code| !code.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned)
}

/// `email_preferences[general]=1`: kinds that are not named stay as they are.
pub(super) fn categories(before: &Categories, params: &Params) -> Result<Categories, Failure> {
    let mut chosen: Vec<Category> = before.iter().collect();
    for (key, value) in params.nested("email_preferences") {
        let unknown = || Failure::says(format!("Invalid email preference {key}"));
        let category = Category::from_key(key).ok_or_else(unknown)?;
        chosen.retain(|kept| *kept != category);
        if is_yes(value) {
            chosen.push(category);
        }
    }
    Ok(chosen.into_iter().collect())
}

/// Group and status, where they are sent.
fn classify(tx: &Tx<'_>, api: ApiCall, id: AccountId, params: &Params) -> Result<(), Failure> {
    let status = params.filled("status").map(status).transpose()?;
    let group = params.number("groupid");
    if status.is_none() && group.is_none() {
        return Ok(());
    }
    let by = tx.authorize_api_staff::<EditAccounts>(api)?;
    let found = account::find(tx, id)?.ok_or(Failure::says(UNKNOWN))?;
    let wanted = status.unwrap_or(found.status);
    if found.status == Status::Closed && wanted != Status::Closed {
        account::reopen(tx, &by, id)?;
    }
    let group = match group {
        None => found.group.map(|group| group.id),
        Some(0) => None,
        Some(id) => Some(ClientGroupId(id)),
    };
    match account::classify(tx, &by, id, group, wanted == Status::Active) {
        Err(account::Error::NoSuchGroup) => return Err(Failure::says("Invalid client group ID")),
        classified => classified?,
    }
    if wanted == Status::Closed {
        account::close(tx, &by, id)?;
    }
    Ok(())
}

fn status(text: &str) -> Result<Status, Failure> {
    Status::from_key(&text.to_ascii_lowercase()).ok_or(Failure::says("Invalid status"))
}

/// `notes` become a note that is pinned to the account.
fn annotate(tx: &Tx<'_>, api: ApiCall, id: AccountId, params: &Params) -> Result<(), Failure> {
    let Some(typed) = params.filled("notes") else { return Ok(()) };
    let by = tx.authorize_api_staff::<WriteNotes>(api)?;
    note::add(tx, &by, id, &note::parse(typed).map_err(Failure::Text)?, true)?;
    Ok(())
}

/// Changes a client. A credential of one account changes that one's own data.
pub(super) async fn update(call: &Call) -> Result<Fields, Failure> {
    let mut not_kept = not_kept(&call.params)?;
    // The login and its password are a user's.
    not_kept.extend(call.params.filled("password2").map(|_| "password2"));
    let id = call.write(|tx, api, params| {
        let id = named(tx, params, "clientemail", UNKNOWN)?;
        let by = tx.authorize_api::<EditDetails>(api, id).missing(UNKNOWN)?;
        let found = account::find(tx, id)?.ok_or(Failure::says(UNKNOWN))?;
        let email_malformed = |field: &str| match field {
            "contact_email" => Some("The email address entered is not valid"),
            field => documented(field),
        };
        let typed = typed(&found.details, params)?;
        if !params.flag("skipvalidation").unwrap_or(false) {
            nothing_emptied(&found.details, &typed)?;
        }
        let details = Details::parse(&typed).map_err(Failure::Invalid).invalid(email_malformed)?;
        match account::update(tx, &by, &details) {
            Err(account::Error::DomainRecipient) => return Err(Failure::says(DOMAIN_RECIPIENT)),
            updated => updated?,
        }
        classify(tx, api, id, params)?;
        annotate(tx, api, id, params)?;
        Ok(id)
    });
    // In quotes, as it was sent: clients of WHMCS read a text here.
    Ok(warned(fields! { "clientid" => id.await?.to_string() }, &not_kept))
}

/// What a new client must fill in, a change leaves filled in. What was empty before may stay so.
fn nothing_emptied(before: &Details, after: &Details) -> Result<(), Failure> {
    let values = |details: &Details| {
        [
            &details.first_name,
            &details.last_name,
            &details.contact_email,
            &details.address1,
            &details.city,
            &details.state,
            &details.postcode,
            &details.phone,
            &details.country,
        ]
        .map(|value| value.trim().is_empty())
    };
    let emptied = values(before).into_iter().zip(values(after)).zip(REQUIRED).find(|((was, is), _)| *is && !*was);
    emptied.map_or(Ok(()), |(_, (_, words))| Err(Failure::says(words)))
}

/// The client of `clientid`, or of its own address.
pub(super) fn named(snapshot: &Snapshot<'_>, params: &Params, by_email: &str, words: &'static str) -> Result<AccountId, Failure> {
    if let Some(id) = params.number("clientid") {
        return Ok(AccountId(id));
    }
    let email = params.filled(by_email).ok_or(Failure::says(words))?;
    account::by_contact_email(snapshot, email)?.ok_or(Failure::says(words))
}

/// Clients by number.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, params| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(api)?;
        let slice = slice(params);
        let wanted = Wanted {
            query: params.text("search").to_owned(),
            status: params.filled("status").map(status).transpose()?,
            order: order(params.text("orderby")),
        };
        let part = account::part(snapshot, &by, &wanted, slice)?;
        let clients: Vec<Value> = part.rows.iter().map(row).collect();
        Ok(counted(&part, slice).with("clients", fields! { "client" => clients }))
    })
    .await
}

fn order(orderby: &str) -> Order {
    match orderby.trim().to_ascii_lowercase().as_str() {
        "firstname" => Order::FirstName,
        "lastname" => Order::LastName,
        "companyname" => Order::Company,
        "email" => Order::Email,
        "groupid" => Order::Group,
        "datecreated" => Order::Created,
        "status" => Order::Status,
        _ => Order::Id,
    }
}

fn row(found: &Account) -> Value {
    let details = &found.details;
    fields! {
        "id" => found.id.0,
        "firstname" => &details.first_name,
        "lastname" => &details.last_name,
        "companyname" => &details.company,
        "email" => &details.contact_email,
        "datecreated" => time::date(found.created_at),
        "groupid" => found.group.as_ref().map_or(0, |group| group.id.0),
        "status" => spelled(found.status),
    }
    .into()
}

/// As the protocol spells it.
pub(super) const fn spelled(status: Status) -> &'static str {
    match status {
        Status::Active => "Active",
        Status::Inactive => "Inactive",
        Status::Closed => "Closed",
    }
}

fn client_id(params: &Params, name: &str) -> AccountId {
    AccountId(params.number(name).unwrap_or(-1))
}

/// Closes a client: nobody enters it any more.
pub(super) async fn close(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<EditAccounts>(api)?;
        let id = client_id(params, "clientid");
        account::close(tx, &by, id).missing(UNKNOWN)?;
        Ok(fields! { "clientid" => id.0 })
    })
    .await
}

/// Deletes a client, and where asked for the users that it leaves without any.
pub(super) async fn delete(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<DeleteAccounts>(api)?;
        let id = client_id(params, "clientid");
        if params.flag("deleteusers").unwrap_or(false) {
            account::delete_with_orphans(tx, &by, &api.confirmed(), id).missing(UNKNOWN)?;
        } else {
            account::delete(tx, &by, &api.confirmed(), id).missing(UNKNOWN)?;
        }
        Ok(fields! { "clientid" => id.0 })
    })
    .await
}

/// Every client group.
pub(super) async fn groups(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, _| {
        let _ = snapshot.authorize_api_staff::<ViewStaffArea>(api)?;
        let on = |yes: bool| if yes { "on" } else { "" };
        let all = client_group::all(snapshot)?;
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let row = |group: &client_group::ClientGroup| {
            Value::from(fields! {
                "id" => group.id.0,
                "groupname" => &group.details.name,
                "groupcolour" => group.details.colour.to_string(),
                "discountpercent" => group.details.discount.to_string(),
                "susptermexempt" => on(group.details.suspend_terminate_exempt),
                "separateinvoices" => on(group.details.separate_invoices),
            })
        };
        let groups: Vec<Value> = all.iter().map(row).collect();
        Ok(fields! { "totalresults" => count, "groups" => fields! { "group" => groups } })
    })
    .await
}

/// Adds a note; a sticky one stands on top.
pub(super) async fn add_note(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<WriteNotes>(api)?;
        let typed = required(params.filled("notes"), "Notes can not be empty.");
        let id = client_id(params, "userid");
        if account::find(tx, id)?.is_none() {
            return Err(Failure::says("Client ID not found"));
        }
        let text = note::parse(typed?).map_err(Failure::Text)?;
        let id = note::add(tx, &by, id, &text, params.flag("sticky").unwrap_or(false)).missing("Client ID not found")?;
        Ok(fields! { "noteid" => id.0 })
    })
    .await
}
