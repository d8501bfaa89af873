//! Who did something, as the log tells it.

use serde::Serialize;

use crate::db::{DbError, FromValue, Value};
use crate::id::{AdminId, ApiCredentialId, UserId};

/// What kind of actor it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person in the Client Area.
    User,
    /// A member of staff.
    Admin,
    /// The machine: a worker or the command line.
    System,
    /// A machine, by its API credential.
    Api,
    /// Somebody who has not shown who they are.
    Nobody,
}

impl ActorKind {
    /// The key in the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::System => "system",
            Self::Api => "api",
            Self::Nobody => "nobody",
        }
    }
}

impl FromValue for ActorKind {
    fn from_value(value: Value) -> Result<Self, DbError> {
        match String::from_value(value)?.as_str() {
            "user" => Ok(Self::User),
            "admin" => Ok(Self::Admin),
            "system" => Ok(Self::System),
            "api" => Ok(Self::Api),
            "nobody" => Ok(Self::Nobody),
            _ => Err(DbError::Invalid("kind of actor")),
        }
    }
}

/// Who did something. The name is kept: the log stays readable when the actor is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The id of the user, the admin or the credential.
    pub id: Option<i64>,
    /// The name at that time.
    pub name: String,
}

impl Actor {
    /// A user.
    pub fn user(id: UserId, name: &str) -> Self {
        Self { kind: ActorKind::User, id: Some(id.0), name: name.to_owned() }
    }

    /// An admin.
    pub fn admin(id: AdminId, name: &str) -> Self {
        Self { kind: ActorKind::Admin, id: Some(id.0), name: name.to_owned() }
    }

    /// The machine, by the name of what it does.
    pub fn system(name: &str) -> Self {
        Self { kind: ActorKind::System, id: None, name: name.to_owned() }
    }

    /// A machine, by its credential.
    pub fn api(id: ApiCredentialId, name: &str) -> Self {
        Self { kind: ActorKind::Api, id: Some(id.0), name: name.to_owned() }
    }

    /// Somebody unknown.
    pub const fn nobody() -> Self {
        Self { kind: ActorKind::Nobody, id: None, name: String::new() }
    }
}
