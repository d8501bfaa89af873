//! The rules of PRODUCT.md, on SQLite and on PostgreSQL.

mod invitation;
