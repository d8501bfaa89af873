"""PyPI `whmcspy` and `whmcs-api-client`, as they are."""

import os
import warnings

import whmcs_client
from whmcspy import WHMCS, exceptions

warnings.simplefilter("ignore")

URL = os.environ["WHMCS_URL"]
IDENTIFIER, SECRET = os.environ["WHMCS_IDENTIFIER"], os.environ["WHMCS_SECRET"]
CLIENT = {
    "firstname": "Ada",
    "lastname": "Byron",
    "address1": "1 Engine Way",
    "city": "London",
    "state": "Greater London",
    "postcode": "N1 1AA",
    "country": "GB",
    "phonenumber": "+44.2012345678",
    "password2": "quiet harbour, seven lanterns",
}


def refused(error, words, call, *given, **named):
    try:
        call(*given, **named)
    except error as refusal:
        assert words in str(refusal), refusal
    else:
        raise AssertionError(f"{words} was not said")


def whmcspy():
    whmcs = WHMCS(URL, IDENTIFIER, SECRET)
    made = whmcs.call("AddClient", email="spy@example.net", **CLIENT)
    client = made["clientid"]
    assert made["owner_id"] == whmcs.call("GetClientsDetails", clientid=client)["client"]["owner_user_id"]
    keys = whmcs.call("GetPermissionsList")["permissions"]["permission"]
    assert len(keys) == 13 and keys[0] == "profile"
    whmcs.call("CreateClientInvite", client_id=client, email="guest@example.net", permissions="invoices,tickets")
    whmcs.call("CreateOAuthCredential", grantType="authorization_code", name="App", scope="openid",
               redirectUri=["https://app.example/one", "https://app.example/two"])
    redirects = whmcs.call("ListOAuthCredentials")["clients"][0]["redirectUri"]
    assert redirects == ["https://app.example/one", "https://app.example/two"], redirects
    pages = list(whmcs.paginated_call("GetUsers", limitnum=1))
    assert len(pages) >= 3, pages
    refused(exceptions.Error, "Client ID Not Found", whmcs.call, "CloseClient", clientid=999999)
    refused(exceptions.MissingPermission, "Authentication Failed", WHMCS(URL, IDENTIFIER, "wrong").call, "GetUsers")
    refused(exceptions.Error, "Email Template not found", whmcs.send_email, messagename="No Such Template", id=client)


def generated():
    configuration = whmcs_client.Configuration(host=URL.removesuffix("/api.php"))
    with whmcs_client.ApiClient(configuration) as api_client:
        api = whmcs_client.DefaultApi(api_client)
        who = {"username": IDENTIFIER, "password": SECRET, "responsetype": "json"}
        made = api.add_client(**who, email="generated@example.net", **CLIENT)
        assert made.result == "success" and made.owner_user_id, made
        found = api.get_clients(**who, search="generated@example.net")
        assert found.totalresults == 1 and found.clients.client[0].id == made.clientid, found
        details = api.get_clients_details(**who, clientid=made.clientid)
        assert details.client.email == "generated@example.net", details
        changed = api.update_client(**who, clientid=made.clientid, city="Paris")
        assert changed.result == "success" and changed.clientid == str(made.clientid), changed
        # Why UpdateClient, alone of all actions, answers the number as a text: this library refuses the answer otherwise, although
        # its own AddClient demands a number.
        refused(ValueError, "valid string", whmcs_client.UpdateClientResponse.from_dict, {"result": "success", "clientid": 1})
        refused(ValueError, "valid integer", whmcs_client.AddClientResponse.from_dict, {"result": "success", "clientid": "x"})


whmcspy()
generated()
print("done")
