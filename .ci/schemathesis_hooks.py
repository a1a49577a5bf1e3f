"""What a generated request cannot know: who calls, and rooms that exist.

Nine of ten requests get a good credential; the tenth keeps what was generated, or none. Half of those that name a room
are given one that is there.
"""

import base64
import hashlib
import hmac
import itertools
import json
import os
import random
import time

import requests
import schemathesis

HTTP = os.environ["VESTIBULE_HTTP"]
API_KEY = os.environ["VESTIBULE_API_KEY"]
API_SECRET = os.environ["VESTIBULE_API_SECRET"].encode()
# The secret of users' tokens in a local stack: infra/local/src/secrets.rs.
USER_SECRET = b"local-user-jwt-secret-0123456789abcdef"
ROOM_ID = "schemathesis"

session = requests.Session()
chance, numbers = random.Random(1), itertools.count()


def user_token(sub: str) -> str:
    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    signed = part({"alg": "HS256", "typ": "JWT"}) + "." + part({"sub": sub, "exp": int(time.time()) + 3600})
    signature = hmac.new(USER_SECRET, signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


HOST = "Bearer " + user_token("host")


def one_of(number: int) -> bool:
    return chance.randrange(number) == 0


def spoil(request: requests.PreparedRequest) -> None:
    """Cuts some bodies short, so that they are no JSON, and gives most repeated keys a turn of their own."""
    if request.body and len(request.body) > 1 and one_of(30):
        request.body = request.body[:-1]
        request.prepare_content_length(request.body)
    if "Idempotency-Key" in request.headers and not one_of(5):
        request.headers["Idempotency-Key"] += str(next(numbers))


def sign(request: requests.PreparedRequest) -> None:
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    stamp = request.headers.get("X-Signature-Timestamp")
    if stamp is not None:
        stamp = stamp if one_of(10) else str(int(time.time()))
        request.headers["X-Signature-Timestamp"] = stamp
        body = stamp.encode("latin-1") + b"." + body
    request.headers["API-KEY"] = API_KEY
    request.headers["HASH-SIGNATURE"] = hmac.new(API_SECRET, body, hashlib.sha256).hexdigest()


class Signature(requests.auth.AuthBase):
    """The server API's, over the very bytes that are sent."""

    def __call__(self, request):
        spoil(request)
        if not one_of(10):
            sign(request)
        return request


class Token(requests.auth.AuthBase):
    """A token that is drawn for each request."""

    def __init__(self, draw):
        self.draw = draw

    def __call__(self, request):
        spoil(request)
        token = self.draw()
        if token is not None and not one_of(10):
            request.headers["Authorization"] = token
        return request


def server_api(path: str, body: dict) -> dict:
    request = requests.Request("POST", HTTP + path, json=body).prepare()
    sign(request)
    return session.send(request).json()


def open_room() -> str:
    """The room of the server API; open, whatever was done to it."""
    metadata = {"room_title": "Schemathesis", "room_features": {}}
    server_api("/auth/room/create", {"room_id": ROOM_ID, "metadata": metadata})
    return ROOM_ID


def join_token() -> str:
    user = {"user_id": f"u{next(numbers)}", "name": "U", "is_admin": True}
    return server_api("/auth/room/getJoinToken", {"room_id": open_room(), "user_info": user})["token"]


def session_token() -> str:
    joined = session.post(HTTP + "/api/joinRoom", headers={"Authorization": join_token()})
    return joined.json()["session"]["token"]


class CodeRoom:
    """A room by code, another one for every so many calls, for some of them lock it, fill it or end it."""

    made = None

    def get(self) -> dict:
        if self.made is None or one_of(10):
            self.made = session.post(HTTP + "/rooms", headers={"Authorization": HOST}).json()
        return self.made

    def session_token(self) -> str:
        code = self.get()["code"]
        joined = session.post(f"{HTTP}/rooms/{code}/join", headers={"Authorization": HOST}).json()
        return joined["session"]["token"] if "session" in joined else HOST


code_room = CodeRoom()


def user_or_guest():
    return chance.choice([None, HOST, "Bearer " + user_token(f"user-{next(numbers)}")])


schemathesis.auth.set_from_requests(Signature()).apply_to(path_regex="^/(auth|room)/")
for path, draw in {
    "^/api/joinRoom$": join_token,
    "^/api/(leaveRoom|resume)$": session_token,
    "^/rooms/{code}/join$": user_or_guest,
    "^/rooms/{code}/leave$": code_room.session_token,
    "^/rooms/code/{code}/participants$": code_room.session_token,
    "^/rooms(/{id}.*)?$": lambda: HOST,
}.items():
    schemathesis.auth.set_from_requests(Token(draw)).apply_to(path_regex=path)


@schemathesis.check
def not_an_internal_error(context, response, case):
    """The server API says with HTTP 200 that something of ours failed."""
    if response.headers.get("content-type") == ["application/json"]:
        answer = response.json()
        assert not isinstance(answer, dict) or answer.get("status_code") != "INTERNAL_SERVER_ERROR"


@schemathesis.hook
def before_call(context, case, kwargs):
    if one_of(2):
        return
    parameters = case.path_parameters or {}
    for name in ("id", "code"):
        if name in parameters:
            parameters[name] = code_room.get()[name]
    if isinstance(case.body, dict) and "room_id" in case.body and not case.path.endswith("/create"):
        case.body["room_id"] = open_room()
