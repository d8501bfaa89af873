// npm `whmcs` (of 2014, with name and password) and `whmcs-js` (with identifier and secret), as they are.
"use strict";
const assert = require("node:assert/strict");
const Old = require("whmcs");
const New = require("whmcs-js");

const serverUrl = process.env.WHMCS_URL;
const [identifier, secret] = [process.env.WHMCS_IDENTIFIER, process.env.WHMCS_SECRET];

const client = (email) => ({
  firstname: "Ada",
  lastname: "Byron",
  email,
  address1: "1 Engine Way",
  city: "London",
  state: "Greater London",
  postcode: "N1 1AA",
  country: "GB",
  phonenumber: "+44.2012345678",
  password2: "quiet harbour, seven lanterns",
});

const promised = (object, method, ...given) =>
  new Promise((resolve, reject) => {
    object[method](...given, (error, answer) => (error ? reject(error) : resolve(answer)));
  });

async function old() {
  const whmcs = new Old({ username: identifier, password: secret, serverUrl });
  const { clientid } = await promised(whmcs.customers, "createCustomer", { ...client("old@example.net"), noemail: true });
  assert.equal(typeof clientid, "number");
  const details = await promised(whmcs.customers, "getCustomer", clientid);
  assert.equal(details.client?.email ?? details.email, "old@example.net");
  const contact = await promised(whmcs.customers, "createContact", { clientid, firstname: "Carl", email: "carl@example.net" });
  await promised(whmcs.customers, "deleteContact", contact.contactid);
  await assert.rejects(promised(whmcs.customers, "getCustomer", 999999), /Client Not Found/);
  const wrong = new Old({ username: identifier, password: "wrong", serverUrl });
  await assert.rejects(promised(wrong.customers, "getCustomer", clientid), /\(403\): Authentication Failed/);
}

async function recent() {
  const config = { serverUrl, identifier, secret };
  const clients = new New.Clients(config);
  const added = await clients.addClient(client("new@example.net"));
  assert.equal(added.result, "success");
  const found = await clients.getClients({ search: "new@example.net" });
  assert.deepEqual([found.totalresults, found.clients.client[0].id], [1, added.clientid]);
  const details = await clients.getClientsDetails({ clientid: added.clientid, stats: true });
  assert.equal(details.client.users.user[0].is_owner, true);
  assert.equal(details.stats.numtickets, 0);
  assert.equal((await clients.updateClient({ clientid: added.clientid, city: "Paris" })).result, "success");
  assert.equal((await clients.addContact({ clientid: added.clientid, email: "c@example.net", generalemails: true })).result, "success");
  const contacts = await clients.getContacts({ userid: added.clientid });
  assert.equal(contacts.contacts.contact[0].generalemails, true);
  const system = new New.System(config);
  const log = await system.getActivityLog({ limitnum: 5 });
  assert.equal(log.activity.entry.length, 5);
  const closed = await clients.closeClient({ clientid: added.clientid });
  assert.equal(closed.result, "success");
  const unknown = await new New.Billing(config).getInvoices({});
  assert.match(unknown.message, /could not be found/);
}

old()
  .then(recent)
  .then(() => console.log("done"))
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
