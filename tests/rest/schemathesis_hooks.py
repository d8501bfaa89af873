"""Keeps schemathesis from ending the very credential that it calls with.

It holds every right, so a call that is made up may aim at its own credential, at the role of it, or at the admin whose it
is; whatever came after would be refused, and would test nothing. Such a call goes to one that is not there, and everything else
goes as it was made up. LATCHKEY_OWN names them, by the variable of the path: `{"credential": 6, "role": 3, "admin": 1}`.
"""

import json
import os

import schemathesis

OWN = json.loads(os.environ["LATCHKEY_OWN"])
NOT_THERE = 2**53 - 1
COLLECTIONS = {"credential": "/api/v1/api-credentials/", "role": "/api/v1/api-roles/", "admin": "/api/v1/admins/"}


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.method.upper() == "GET":
        return
    for variable, collection in COLLECTIONS.items():
        if case.operation.path.startswith(collection) and str(case.path_parameters.get(variable)) == str(OWN[variable]):
            case.path_parameters[variable] = NOT_THERE
