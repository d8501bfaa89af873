//! `GetAdminUsers`, `GetAdminDetails`.

use latchkey_core::access::{AdminPermission, ManageAdmins, ViewStaffArea};
use latchkey_core::admin::{self, Admin};

use super::answer::{Fields, Value, fields};
use super::call::Call;
use super::failure::Failure;
use super::{system, time};

/// Every admin, or those of a role or with a part of an address.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, params| {
        let by = snapshot.authorize_api_staff::<ManageAdmins>(api)?;
        let (role, email) = (params.number("roleid"), params.text("email").trim().to_lowercase());
        let disabled_too = params.flag("include_disabled").unwrap_or(false);
        let wanted = |admin: &&Admin| {
            role.is_none_or(|role| admin.role.id.0 == role)
                && admin.email.to_lowercase().contains(&email)
                && (disabled_too || admin.disabled_at.is_none())
        };
        let admins: Vec<Value> = admin::list(snapshot, &by)?.iter().filter(wanted).map(row).collect();
        let count = i64::try_from(admins.len()).unwrap_or(i64::MAX);
        Ok(fields! { "count" => count, "admin_users" => Value::Items("admin_user", admins) })
    })
    .await
}

/// The first name is the first word; an admin has one name here.
fn names(admin: &Admin) -> (&str, &str) {
    admin.name.split_once(' ').unwrap_or((&admin.name, ""))
}

fn row(admin: &Admin) -> Value {
    let (first, last) = names(admin);
    fields! {
        "id" => admin.id.0,
        "uuid" => "",
        "roleId" => admin.role.id.0,
        "username" => &admin.email,
        "twoFactorAuthModule" => if admin.two_factor { "totp" } else { "" },
        "firstname" => first,
        "lastname" => last,
        "email" => &admin.email,
        "signature" => "",
        "notes" => "",
        "template" => "",
        "language" => "english",
        "isDisabled" => admin.disabled_at.is_some(),
        "loginAttempts" => 0,
        "supportDepartmentIds" => Value::Items("id", Vec::new()),
        "receivesTicketNotifications" => Value::Items("id", Vec::new()),
        "homepageWidgetsConfig" => "",
        "hiddenHomepageWidgets" => "",
        "created_at" => time::NEVER,
        "updated_at" => admin.last_login_at.map_or_else(|| time::NEVER.to_owned(), time::date_time),
        "fullName" => &admin.name,
        "gravatarHash" => "",
    }
    .into()
}

/// The admin whose credential calls.
pub(super) async fn details(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, _| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(api)?;
        let found = admin::behind(snapshot, &by)?.ok_or(Failure::Missing)?;
        let held = AdminPermission::ALL.into_iter().filter(|permission| found.role.grants.has(*permission));
        let mut permissions: Vec<&str> = held.map(spelled).collect();
        permissions.push("API Access");
        Ok(fields! {
            "adminid" => found.id.0,
            "name" => &found.name,
            "notes" => "",
            "signature" => "",
            "allowedpermissions" => permissions.join(","),
            "departments" => "",
            "requesttime" => time::date_time(snapshot.now()),
            "whmcs" => system::version(),
        })
    })
    .await
}

/// What WHMCS calls the permission that is nearest.
const fn spelled(permission: AdminPermission) -> &'static str {
    match permission {
        AdminPermission::View => "List Clients",
        AdminPermission::Log => "View Activity Log",
        AdminPermission::Clients => "Edit Clients Details",
        AdminPermission::Users => "Manage Users",
        AdminPermission::Credentials => "Change User Logins",
        AdminPermission::Associate => "Associate Users",
        AdminPermission::Owner => "Change Client Owner",
        AdminPermission::Delete => "Delete Client",
        AdminPermission::Masquerade => "Allow Login as Owner",
        AdminPermission::Notes => "Add Client Notes",
        AdminPermission::Settings => "Configure General Settings",
        AdminPermission::Admins => "Configure Administrators",
        AdminPermission::Api => "Manage API Credentials",
        AdminPermission::Bans => "Configure Banned IPs",
    }
}
