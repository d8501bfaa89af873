//! `AddContact`, `GetContacts`, `UpdateContact`, `DeleteContact`.

use latchkey_core::access::{ManageContacts, ViewContacts, ViewStaffArea};
use latchkey_core::app::Snapshot;
use latchkey_core::contact::{self, Category, Contact, Details, Error, Filter};
use latchkey_core::id::{AccountId, ContactId};

use super::answer::{Fields, Value, fields};
use super::call::{Call, counted, slice};
use super::clients::{self, categories};
use super::failure::{Failure, Words};
use super::params::Params;
use super::time;

const UNKNOWN: &str = "Contact ID Not Found";
const DUPLICATE: &str = "Duplicate Email Address";
const DOMAIN_RECIPIENT: &str = "You must have at least one email address enabled to receive domain related notifications as \
                                required by ICANN. To disable domain notifications, please enable domain notifications for the \
                                primary account holder or another contact";

/// Adds a contact.
pub(super) async fn add(call: &Call) -> Result<Fields, Failure> {
    let id = call.write(|tx, api, params| {
        let client = AccountId(params.number("clientid").unwrap_or(-1));
        let by = tx.authorize_api::<ManageContacts>(api, client).missing(clients::UNKNOWN)?;
        let new = Details::parse(&typed(&Details::default(), params)?).map_err(Failure::Invalid).invalid(documented)?;
        match contact::add(tx, &by, &new) {
            Err(Error::EmailTaken) => Err(Failure::says(DUPLICATE)),
            added => Ok(added?),
        }
    });
    Ok(warned(fields! { "contactid" => id.await?.0 }, &call.params))
}

fn documented(field: &str) -> Option<&'static str> {
    (field == "email").then_some("The email address entered is not valid")
}

/// Contacts never log in: what once made a sub-account is not kept.
fn warned(answer: Fields, params: &Params) -> Fields {
    if ["password2", "permissions", "subaccount"].iter().all(|field| params.filled(field).is_none()) {
        return answer;
    }
    answer.with("warning", "Sub-accounts are no longer kept. Use AddUser and CreateClientInvite instead.")
}

/// What was sent in the place of what is there.
fn typed(before: &Details, params: &Params) -> Result<Details, Failure> {
    let text = |name: &str, before: &String| params.sent(name).map_or_else(|| before.clone(), str::to_owned);
    let mut after = Details {
        first_name: text("firstname", &before.first_name),
        last_name: text("lastname", &before.last_name),
        company: text("companyname", &before.company),
        email: text("email", &before.email),
        address1: text("address1", &before.address1),
        address2: text("address2", &before.address2),
        city: text("city", &before.city),
        state: text("state", &before.state),
        postcode: text("postcode", &before.postcode),
        country: text("country", &before.country),
        phone: text("phonenumber", &before.phone),
        tax_id: text("tax_id", &before.tax_id),
        categories: categories(&before.categories, params)?,
    };
    // As clients of old name them: `generalemails=1`.
    for category in Category::ALL {
        if let Some(wanted) = params.flag(&format!("{}emails", category.key())) {
            let kept = after.categories.iter().filter(|kept| *kept != category);
            after.categories = kept.chain(wanted.then_some(category)).collect();
        }
    }
    Ok(after)
}

/// Contacts of every client, or of one. A credential of one account sees that one's and no others.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    let bound = call.caller.account();
    call.read(move |snapshot, api, params| {
        let (filter, slice) = (filter(params), slice(params));
        let part = match bound {
            Some(account) => {
                let by = snapshot.authorize_api::<ViewContacts>(api, account)?;
                contact::part_of_account(snapshot, &by, &filter, slice)?
            }
            None => contact::part(snapshot, &snapshot.authorize_api_staff::<ViewStaffArea>(api)?, &filter, slice)?,
        };
        let contacts: Vec<Value> = part.rows.iter().map(row).collect();
        Ok(counted(&part, slice).with("contacts", fields! { "contact" => contacts }))
    })
    .await
}

fn filter(params: &Params) -> Filter {
    let text = |name: &str| params.filled(name).map(str::to_owned);
    Filter {
        account: params.number("userid").map(AccountId),
        first_name: text("firstname"),
        last_name: text("lastname"),
        company: text("companyname"),
        email: text("email"),
        address1: text("address1"),
        address2: text("address2"),
        city: text("city"),
        state: text("state"),
        postcode: text("postcode"),
        country: text("country"),
        phone: text("phonenumber"),
        after: None,
    }
}

fn row(contact: &Contact) -> Value {
    let details = &contact.details;
    let gets = |category| details.categories.has(category);
    fields! {
        "id" => contact.id.0,
        "userid" => contact.account.0,
        "firstname" => &details.first_name,
        "lastname" => &details.last_name,
        "companyname" => &details.company,
        "email" => &details.email,
        "address1" => &details.address1,
        "address2" => &details.address2,
        "city" => &details.city,
        "state" => &details.state,
        "postcode" => &details.postcode,
        "country" => &details.country,
        "phonenumber" => &details.phone,
        "tax_id" => &details.tax_id,
        "subaccount" => false,
        "domainemails" => gets(Category::Domain),
        "generalemails" => gets(Category::General),
        "invoiceemails" => gets(Category::Invoice),
        "productemails" => gets(Category::Product),
        "supportemails" => gets(Category::Support),
        "affiliateemails" => gets(Category::Affiliate),
        "created_at" => time::date_time(contact.created_at),
        "updated_at" => time::date_time(contact.updated_at),
    }
    .into()
}

/// The contact of `contactid` and its client.
fn named(snapshot: &Snapshot<'_>, params: &Params) -> Result<(ContactId, AccountId), Failure> {
    let id = ContactId(params.number("contactid").unwrap_or(-1));
    let account = contact::account_of(snapshot, id)?.ok_or(Failure::says(UNKNOWN))?;
    Ok((id, account))
}

/// Changes a contact.
pub(super) async fn update(call: &Call) -> Result<Fields, Failure> {
    let id = call.write(|tx, api, params| {
        let (id, account) = named(tx, params)?;
        let by = tx.authorize_api::<ManageContacts>(api, account).missing(UNKNOWN)?;
        let before = contact::find(tx, &by, id)?.ok_or(Failure::says(UNKNOWN))?;
        let new = Details::parse(&typed(&before.details, params)?).map_err(Failure::Invalid).invalid(documented)?;
        match contact::update(tx, &by, id, &new) {
            Err(Error::EmailTaken) => Err(Failure::says(DUPLICATE)),
            Err(Error::DomainRecipient) => Err(Failure::says(DOMAIN_RECIPIENT)),
            updated => updated.missing(UNKNOWN),
        }?;
        Ok(id)
    });
    Ok(warned(fields! { "contactid" => id.await?.0 }, &call.params))
}

/// Deletes a contact.
pub(super) async fn delete(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let (id, account) = named(tx, params)?;
        let by = tx.authorize_api::<ManageContacts>(api, account).missing(UNKNOWN)?;
        match contact::delete(tx, &by, id) {
            Err(Error::LastDomainRecipient) => Err(Failure::says(DOMAIN_RECIPIENT)),
            deleted => deleted.missing(UNKNOWN),
        }?;
        Ok(fields! { "contactid" => id.0 })
    })
    .await
}
