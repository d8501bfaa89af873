//! The table of routes: the router is built from it, and tests go through it row by row.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{get, post};

use crate::state::Web;

/// One row: a method and the path it works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path, with its variables in braces.
    pub path: &'static str,
    /// `GET` or `POST`.
    pub method: &'static str,
}

/// A router that remembers what it was built from.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<Web>,
    table: Vec<Route>,
}

impl Routes {
    /// A page or a file: changes nothing.
    pub(crate) fn get<T: 'static>(self, path: &'static str, handler: impl Handler<T, Web>) -> Self {
        self.with(Route { path, method: "GET" }, |router| router.route(path, get(handler)))
    }

    /// A form or a button.
    pub(crate) fn post<T: 'static>(self, path: &'static str, handler: impl Handler<T, Web>) -> Self {
        self.with(Route { path, method: "POST" }, |router| router.route(path, post(handler)))
    }

    fn with(mut self, route: Route, add: impl FnOnce(Router<Web>) -> Router<Web>) -> Self {
        self.table.push(route);
        Self { router: add(self.router), table: self.table }
    }

    /// The routes of both.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        Self { router: self.router.merge(other.router), table: self.table }
    }

    /// The rows.
    pub(crate) fn table(self) -> Vec<Route> {
        self.table
    }

    /// The router.
    pub(crate) fn router(self) -> Router<Web> {
        self.router
    }
}
