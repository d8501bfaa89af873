//! Your Profile.

use latchkey_core::error::Fields;
use latchkey_core::user::{self, PersonName};
use serde::{Deserialize, Serialize};

use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::visit::LoggedIn;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ProfileForm {
    first_name: String,
    last_name: String,
}

/// The page.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    let PersonName { first, last } = member.user.user.name.clone();
    let form = Shown::new(&ProfileForm { first_name: first, last_name: last });
    Ok(page::page(&member.visit, "client/me/profile.html", context! { form, email => member.user.user.email }))
}

/// **Save Changes**.
pub(crate) async fn save(member: LoggedIn, Form(form): Form<ProfileForm>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let mut fields = Fields::default();
    let name = PersonName::parse(&form.first_name, &form.last_name, &mut fields);
    let problems = fields.finish().err().unwrap_or_default();
    let Some(name) = name else {
        let form = Shown::new(&form).with_errors(&visit.web, &problems);
        return Ok(page::invalid(visit, "client/me/profile.html", context! { form, email => member.user.user.email }));
    };
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.myself(user)?;
        user::change_own_name(tx, &by, &name)
    });
    saved.await?;
    Ok(page::done(visit, "/me/profile", "flash-profile-saved", &[]))
}
