//! Contacts and client groups through the pages of both areas.

use crate::support::tables::number;
use crate::support::{Actor, TestApp, World, on_both_databases};

const CARL: [(&str, &str); 5] = [
    ("first_name", "Carl"),
    ("last_name", "Zuse"),
    ("email", "carl@books.example"),
    ("categories", "invoice"),
    ("categories", "domain"),
];

/// The latest contact.
async fn latest(world: &World) -> i64 {
    number(&world.app, "select max(id) from contacts").await
}

/// Whether a page offers a box that is ticked.
fn is_ticked(page: &str, category: &str) -> bool {
    page.contains(&format!(r#"value="{category}" checked"#))
}

/// Adds, changes and deletes a contact in one of the areas.
async fn keeps_an_address_book(world: &World, by: &Actor, list: &str) {
    assert!(by.get(list).await.text().contains("No contacts yet"), "{list}");
    let empty = by.get(&format!("{list}/new")).await;
    assert!(empty.status == 200 && !is_ticked(&empty.text(), "general"));
    let wrong = [("first_name", "Carl"), ("email", "nowhere"), ("categories", "invoice")];
    let refused = by.post(list, &wrong).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    assert!(text.contains(r##"href="#email""##) && text.contains(r#"value="Carl""#) && is_ticked(&text, "invoice"), "{text}");
    assert_eq!(by.post(list, &CARL).await.flash().unwrap().1, "Contact added.");
    let text = by.get(list).await.text();
    for shown in ["Carl Zuse", "carl<wbr>@books<wbr>.example", "Invoices", "Domains"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let twice = by.post(list, &CARL).await;
    assert!(twice.status == 422 && twice.text().contains("Another contact of this account has this address."));

    let one = format!("{list}/{}", latest(world).await);
    let text = by.get(&one).await.text();
    assert!(text.contains(r#"value="carl@books.example""#) && is_ticked(&text, "domain") && !is_ticked(&text, "support"));
    let refused = by.post(&one, &[("email", "")]).await;
    assert!(refused.status == 422 && refused.text().contains("Carl Zuse"), "the heading says whom it is about");
    let renamed = [("company", "Books & Sons"), ("email", "carl@books.example"), ("country", "CH")];
    assert_eq!(by.post(&one, &renamed).await.flash().unwrap().1, "Contact saved.");
    let text = by.get(list).await.text();
    assert!(text.contains("Books &amp; Sons") && text.contains("No mail") && !text.contains("Zuse"), "{text}");
    assert_eq!(by.post(&format!("{one}/delete"), &[]).await.flash().unwrap().1, "Contact deleted.");
    assert_eq!(by.get(&one).await.status, 404);
    assert!(by.get(list).await.text().contains("No contacts yet"));
}

#[on_both_databases]
async fn both_areas_keep_the_same_address_book(app: TestApp) {
    let world = World::new(app).await;
    keeps_an_address_book(&world, &world.owner, &format!("/a/{}/contacts", world.acme)).await;
    keeps_an_address_book(&world, &world.admin, &format!("/admin/clients/{}/contacts", world.acme)).await;
    let made = world.events().await.into_iter().filter(|kind| kind.starts_with("contact-")).collect::<Vec<_>>();
    assert_eq!(
        made,
        ["contact-added", "contact-updated", "contact-deleted", "contact-added", "contact-updated", "contact-deleted"]
    );
    let activity = world.owner.get(&format!("/a/{}/activity", world.acme)).await.text();
    for told in ["carl@books.example", "changed", "deleted"] {
        assert!(activity.contains(told), "{told}");
    }
}

#[on_both_databases]
async fn contacts_are_for_who_holds_the_permission(app: TestApp) {
    let world = World::new(app).await;
    let list = format!("/a/{}/contacts", world.acme);
    assert!(world.owner.get(&format!("/a/{}", world.acme)).await.text().contains(&list), "the owner finds the way");
    let home = world.member.get(&format!("/a/{}", world.acme)).await.text();
    assert!(!home.contains(&list), "whoever may not is not led there");
    let refused = world.member.get(&list).await;
    assert!(refused.status == 403 && refused.text().contains("View &amp; Manage Contacts"), "the page names what is missing");
    assert_eq!(world.member.post(&list, &CARL).await.status, 403);
    assert_eq!(world.stranger.get(&list).await.status, 404);
    assert_eq!(number(&world.app, "select count(*) from contacts").await, 0);
}

#[on_both_databases]
async fn a_group_is_made_given_shown_and_filtered_by(app: TestApp) {
    let world = World::new(app).await;
    let admin = &world.admin;
    let groups = "/admin/config/groups";
    assert!(admin.get(groups).await.text().contains("No client groups yet"));
    let gold = [("name", "Gold & Co"), ("colour", "#B45309"), ("discount", "12,5"), ("separate_invoices", "yes")];
    assert_eq!(admin.post(groups, &gold).await.flash().unwrap().1, "Client group Gold & Co added.");
    let id = number(&world.app, "select max(id) from client_groups").await;
    let text = admin.get(groups).await.text();
    for shown in ["Gold &amp; Co", r##"fill="#b45309""##, "Discount of 12.50 %", "Separate invoices"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }

    let profile = format!("/admin/clients/{}/profile", world.acme);
    let in_group = [
        ("name", "Acme"),
        ("contact_email", "acme@example.com"),
        ("categories", "domain"),
        ("status", "active"),
        ("group", &id.to_string()),
    ];
    assert_eq!(admin.post(&profile, &in_group).await.status, 303);
    assert!(admin.get(&profile).await.text().contains(&format!(r#"<option value="{id}" selected>Gold &amp; Co"#)));
    let listed = admin.get(&format!("/admin/clients?group={id}")).await.text();
    assert!(listed.contains(&format!("/admin/clients/{}\"", world.acme)) && listed.contains("Gold &amp; Co"));
    assert!(!listed.contains(&format!("/admin/clients/{}\"", world.elsewhere)), "only who is in it");

    let delete = format!("{groups}/{id}/delete");
    assert!(!admin.get(groups).await.text().contains(&delete), "no button that would be refused");
    let refused = admin.post(&delete, &[]).await.flash().unwrap();
    assert_eq!(refused, ("error".to_owned(), "Clients are in this group. Put them into another one first.".to_owned()));
    let renamed = [("name", "Platinum"), ("colour", "#b45309")];
    assert_eq!(admin.post(&format!("{groups}/{id}"), &renamed).await.status, 303);
    assert!(admin.get(&format!("/admin/clients/{}", world.acme)).await.text().contains("Platinum"));
    let out =
        [("name", "Acme"), ("contact_email", "acme@example.com"), ("categories", "domain"), ("status", "active"), ("group", "")];
    assert_eq!(admin.post(&profile, &out).await.status, 303);
    assert_eq!(admin.post(&delete, &[]).await.flash().unwrap().1, "Client group Platinum deleted.");
}

#[on_both_databases]
async fn an_account_says_which_mail_it_wants_and_a_form_keeps_every_box(app: TestApp) {
    let world = World::new(app).await;
    let details = format!("/a/{}/details", world.acme);
    let page = world.owner.get(&details).await.text();
    assert!(["general", "invoice", "affiliate"].iter().all(|category| is_ticked(&page, category)), "every kind at first");
    assert!(page.contains(r#"value="Olivia""#), "it is written to the owner at first");
    for (boxes, expected) in [(&["domain"][..], "domain"), (&["domain", "invoice"], "invoice domain")] {
        let mut fields = vec![("name", "Acme"), ("contact_email", "acme@example.com"), ("language", "de"), ("marketing", "yes")];
        fields.extend(boxes.iter().map(|category| ("categories", *category)));
        assert_eq!(world.owner.post(&details, &fields).await.status, 303);
        let page = world.owner.get(&details).await.text();
        for category in ["general", "invoice", "support", "product", "domain", "affiliate"] {
            assert_eq!(is_ticked(&page, category), expected.contains(category), "{boxes:?} {category}");
        }
        assert!(page.contains(r#"<option value="de" selected>German"#));
        // The same form within a larger one.
        let profile = format!("/admin/clients/{}/profile", world.acme);
        fields.extend([("status", "active"), ("group", ""), ("currency", "chf")]);
        assert_eq!(world.admin.post(&profile, &fields).await.status, 303);
        let page = world.admin.get(&profile).await.text();
        assert!(page.contains(r#"value="CHF""#));
        assert!(["invoice", "domain"].iter().all(|category| is_ticked(&page, category) == expected.contains(category)));
    }
}

#[on_both_databases]
async fn both_areas_keep_somebody_who_gets_mail_about_domains(app: TestApp) {
    let world = World::new(app).await;
    let (inside, staffs) = (format!("/a/{}", world.acme), format!("/admin/clients/{}", world.acme));
    let client =
        [("name", "Acme"), ("contact_email", "acme@example.com"), ("categories", "general"), ("status", "active"), ("group", "")];
    let areas = [(&world.owner, &inside, "details"), (&world.admin, &staffs, "profile")];
    for (by, area, form) in areas {
        let refused = by.post(&format!("{area}/{form}"), &client).await;
        assert!(refused.status == 422 && refused.text().contains("as ICANN requires"), "{area}: {}", refused.text());
    }
    let host = [("email", "host@example.com"), ("categories", "domain")];
    assert_eq!(world.owner.post(&format!("{inside}/contacts"), &host).await.status, 303);
    assert_eq!(world.owner.post(&format!("{inside}/details"), &client).await.status, 303);
    for (by, area, _) in areas {
        let one = format!("{area}/contacts/{}", latest(&world).await);
        let refused = by.post(&one, &[("email", "host@example.com"), ("categories", "general")]).await;
        assert!(refused.status == 422 && refused.text().contains("as ICANN requires"), "{area}: {}", refused.text());
        let (kind, message) = by.post(&format!("{one}/delete"), &[]).await.flash().unwrap();
        assert!(kind == "error" && message.contains("ICANN requires one"), "{message}");
    }
    assert_eq!(number(&world.app, "select count(*) from contacts where categories = 'domain'").await, 1);
}

#[on_both_databases]
async fn single_sign_on_is_switched_by_the_owner_and_by_staff(app: TestApp) {
    let world = World::new(app).await;
    let users = format!("/a/{}/users", world.acme);
    let switch = format!("/a/{}/sso", world.acme);
    assert!(world.owner.get(&users).await.text().contains("Forbid Single Sign-On"));
    assert!(!world.manager.get(&users).await.text().contains(&switch), "not for a manager");
    assert_eq!(world.manager.post(&switch, &[("allowed", "no")]).await.status, 403);
    assert_eq!(world.owner.post(&switch, &[("allowed", "no")]).await.status, 303);
    assert!(world.owner.get(&users).await.text().contains("Allow Single Sign-On"));
    let profile = format!("/admin/clients/{}/profile", world.acme);
    assert!(world.admin.get(&profile).await.text().contains("Allow Single Sign-On"));
    assert_eq!(world.admin.post(&format!("/admin/clients/{}/sso", world.acme), &[("allowed", "yes")]).await.status, 303);
    assert!(world.owner.get(&users).await.text().contains("Forbid Single Sign-On"));
}
