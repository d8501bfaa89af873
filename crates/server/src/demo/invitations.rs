//! Invitations of the demo's past, and what became of their mails.

use anyhow::Context;
use latchkey_core::access::{ManageUsers, Myself};
use latchkey_core::app::{Request, Tx};
use latchkey_core::id::InvitationId;
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::outbox::{self, Topic};
use latchkey_core::registration::{self, New, Registered};
use latchkey_core::secret::Secret;
use latchkey_core::session::Started;
use latchkey_core::{mail, session};

use super::logins::find_hosts;
use super::past::{Past, at_home, email, from, name, person, system};
use super::people::PHONE;
use super::story::Post;

impl Past {
    pub(super) async fn invite(
        &mut self,
        by: &str,
        account: &'static str,
        to: &'static str,
        offered: &str,
        post: Post,
    ) -> anyhow::Result<()> {
        let ((who, request), id) = (self.who(by)?, self.account(account)?);
        let (role, grants) = self.offered(offered)?;
        let new = NewInvitation { role, email: email(to)?, grants };
        let sent = self.write(request, move |tx| Ok(invitation::send(tx, &who.ticket::<ManageUsers>(tx, id)?, &new)?)).await?;
        let secret = self.deliver("/invite/", post).await?;
        self.invitations.insert((account, to), (sent, secret));
        Ok(())
    }

    pub(super) async fn resend(&mut self, by: &str, account: &'static str, to: &'static str, post: Post) -> anyhow::Result<()> {
        let ((who, request), id) = (self.who(by)?, self.account(account)?);
        let (invitation, _) = self.invitation(account, to)?;
        self.write(request, move |tx| Ok(invitation::resend(tx, &who.ticket(tx, id)?, invitation)?)).await?;
        let secret = self.deliver("/invite/", post).await?;
        self.invitations.insert((account, to), (invitation, secret));
        Ok(())
    }

    pub(super) async fn cancel(&self, by: &str, account: &'static str, to: &'static str) -> anyhow::Result<()> {
        let ((who, request), id) = (self.who(by)?, self.account(account)?);
        let (invitation, _) = self.invitation(account, to)?;
        self.write(request, move |tx| Ok(invitation::cancel(tx, &who.ticket(tx, id)?, invitation)?)).await.map(drop)
    }

    /// Follows the link of a mail, as somebody new or as a user.
    pub(super) async fn accept(&mut self, user: &'static str, account: &'static str, to: &'static str) -> anyhow::Result<()> {
        let (person, (_, secret)) = (person(user)?, self.invitation(account, to)?);
        let mut request = at_home(person)?;
        request.device = self.devices.get(user).cloned();
        if self.users.contains_key(user) {
            let proof = self.proof(user).await?;
            let accepted = self.write(request, move |tx| {
                let started = session::start(tx, &proof, false, "")?.session().context("nobody has a second factor")?;
                invitation::accept(tx, &tx.myself(started.user)?, &secret)?;
                find_hosts(tx, person.host)?;
                Ok(started)
            });
            let started = accepted.await?;
            self.sessions.insert(user, started.secret);
            self.devices.insert(user.to_owned(), started.device);
        } else {
            let name = name(person.first, person.last);
            let new = New { secret, name, email: email(person.email)?, password: self.password.clone() };
            let started = self.register_by(&request, new).await?;
            self.users.insert(user, started.user);
            self.sessions.insert(user, started.secret);
            self.devices.insert(user.to_owned(), started.device);
            self.write(Request::default(), |tx| find_hosts(tx, person.host)).await?;
        }
        Ok(())
    }

    /// With another address than the invited one it takes a second mail.
    async fn register_by(&self, request: &Request, new: New) -> anyhow::Result<Started> {
        let made = match registration::register(&self.app, request, new).await? {
            Registered::Inside(made) => *made,
            Registered::Waiting => {
                let secret = self.deliver("/register/", Post::Taken).await?;
                registration::finish(&self.app, request, &secret, &self.password).await?
            }
        };
        Ok(made.started)
    }

    pub(super) async fn decline(&self, account: &'static str, to: &'static str, ip: &str) -> anyhow::Result<()> {
        let (_, secret) = self.invitation(account, to)?;
        let declined = self.write(from(ip, PHONE)?, move |tx: &Tx<'_>| {
            let nobody: Option<&Myself> = None;
            Ok(invitation::decline(tx, nobody, &secret)?)
        });
        declined.await.map(drop)
    }

    fn invitation(&self, account: &'static str, to: &'static str) -> anyhow::Result<(InvitationId, Secret)> {
        self.invitations.get(&(account, to)).cloned().with_context(|| format!("{to} was not invited into {account}"))
    }

    /// Works on the mail that was promised last and leads to this page, as the delivery would, and returns the secret of its link. Whatever
    /// still waits is held until the past meets the present, and is due then.
    async fn deliver(&self, page: &str, post: Post) -> anyhow::Result<Secret> {
        self.wait(3);
        let rest = self.present.since(self.app.now());
        let claimed = self.write(Request::default(), move |tx| Ok(outbox::claim(tx, &system(), Topic::Mail, 100, rest)?)).await?;
        let mut found = None;
        for work in claimed {
            let mail = mail::claimed(&self.app, work).await?.context("the mail is there")?;
            if mail.written.text.contains(page) {
                found = Some((work, mail));
            } else {
                // What people were told meanwhile has reached them.
                self.write(Request::default(), move |tx| Ok(mail::sent(tx, &system(), work, "250 2.0.0 Ok")?)).await?;
            }
        }
        let (work, mail) = found.context("a link is promised by mail")?;
        let done = self.write(Request::default(), move |tx| match post {
            Post::Taken => {
                Ok(mail::sent(tx, &system(), work, &format!("250 2.0.0 Ok: queued as {:09X}", work.reference * 7_919))?)
            }
            Post::Refused(answer) => Ok(mail::failed(tx, &system(), work, answer)?),
            Post::PutOff(answer) => Ok(mail::put_off(tx, &system(), work, answer, rest)?),
            Post::Kept => Ok(()),
        });
        done.await?;
        let (_, link) = mail.written.text.split_once(page).context("the mail holds a link")?;
        invitation::token(link.split_whitespace().next().unwrap_or_default()).context("the link holds a secret")
    }
}
