//! The table of routes: a router is built from it, and tests go through it row by row.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

/// One row: a method and the path it works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path, with its variables in braces.
    pub path: &'static str,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
}

/// A router that remembers what it was built from.
pub struct Routes<S> {
    router: Router<S>,
    table: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $method:literal;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name<T: 'static>(self, path: &'static str, handler: impl Handler<T, S>) -> Self {
            self.with(Route { path, method: $method }, $name(handler))
        }
    )*};
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    methods! {
        /// Something to look at: changes nothing.
        get = "GET";
        /// Something that is done.
        post = "POST";
        /// Something that is put in the place of what was there.
        put = "PUT";
        /// Something of which a part changes.
        patch = "PATCH";
        /// Something that is taken away.
        delete = "DELETE";
    }

    fn with(mut self, route: Route, handler: MethodRouter<S>) -> Self {
        self.table.push(route);
        Self { router: self.router.route(route.path, handler), table: self.table }
    }

    /// The routes of both.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        Self { router: self.router.merge(other.router), table: self.table }
    }

    /// The rows.
    pub fn table(self) -> Vec<Route> {
        self.table
    }

    /// The router.
    pub fn router(self) -> Router<S> {
        self.router
    }
}
