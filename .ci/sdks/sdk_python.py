"""Calls the stack through plugnmeet-sdk of PyPI and checks what it hands to its user: HTTP status and answer."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import importlib.metadata
import io
import json
import os
import re
import time
import urllib.request
import uuid
from dataclasses import replace
from datetime import datetime

from plugnmeet_sdk import PlugNMeet
from plugnmeet_sdk.schemas.data import *
from plugnmeet_sdk.schemas.requests import *

URL, KEY, SECRET = (os.environ["VESTIBULE_" + name] for name in ("HTTP", "API_KEY", "API_SECRET"))
ROOM = "python"
TITLE = "Stand-up"

FEATURES = RoomFeatures(
    allow_webcams=True,
    mute_on_start=True,
    allow_screen_share=False,
    allow_rtmp=False,
    admin_only_webcams=True,
    allow_view_other_webcams=True,
    allow_view_other_users_list=False,
    recording_features=RecordingFeatures(
        is_allow=True, is_allow_cloud=False, is_allow_local=True, enable_auto_cloud_recording=False
    ),
    chat_features=ChatFeatures(allow_chat=False, allow_file_upload=True),
    shared_note_pad_features=SharedNotePadFeatures(allowed_shared_note_pad=False),
    whiteboard_features=WhiteboardFeatures(allowed_whiteboard=False),
    external_media_player_features=ExternalMediaPlayerFeatures(allowed_external_media_player=False),
    waiting_room_features=WaitingRoomFeatures(is_active=True),
    breakout_room_features=BreakoutRoomFeatures(is_allow=True, allowed_number_rooms=3),
    display_external_link_features=DisplayExternalLinkFeatures(is_allow=False),
    allow_raise_hand=False,
    room_duration=30,
    speech_to_text_translation_features=SpeechToTextTranslationFeatures(is_allow=False),
)
REQUEST = CreateRoomRequest(
    room_id=ROOM,
    max_participants=2,
    empty_timeout=600,
    metadata=RoomMetadata(
        room_title=TITLE,
        room_features=FEATURES,
        welcome_message="Hello",
        default_lock_settings=DefaultLockSettings(
            lock_microphone=True, lock_webcam=False, lock_screen_sharing=False
        ),
    ),
)
# What the room is then made of, by path.
STORED = {
    "room_title": TITLE,
    "welcome_message": "Hello",
    "room_features.allow_webcams": True,
    "room_features.mute_on_start": True,
    "room_features.allow_screen_share": False,
    "room_features.allow_rtmp": False,
    "room_features.admin_only_webcams": True,
    "room_features.allow_view_other_webcams": True,
    "room_features.allow_view_other_users_list": False,
    "room_features.allow_raise_hand": False,
    "room_features.room_duration": "30",
    "room_features.recording_features.is_allow": True,
    "room_features.recording_features.is_allow_cloud": False,
    "room_features.recording_features.is_allow_local": True,
    "room_features.recording_features.enable_auto_cloud_recording": False,
    "room_features.chat_features.is_allow": False,
    # There is no upload without a chat.
    "room_features.chat_features.is_allow_file_upload": False,
    "room_features.shared_note_pad_features.is_allow": False,
    "room_features.whiteboard_features.is_allow": False,
    "room_features.external_media_player_features.is_allow": False,
    "room_features.waiting_room_features.is_active": True,
    "room_features.breakout_room_features.is_allow": True,
    "room_features.breakout_room_features.allowed_number_rooms": 3,
    "room_features.display_external_link_features.is_allow": False,
    "room_features.insights_features.transcription_features.is_allow": False,
    # What the request does not speak of, or says None to.
    "room_features.enable_analytics": True,
    "room_features.allow_virtual_bg": True,
    "room_features.polls_features.is_allow": True,
    "default_lock_settings.lock_microphone": True,
    "default_lock_settings.lock_webcam": False,
    "default_lock_settings.lock_screen_sharing": False,
}

NO_ROOM = (200, {"status": False, "msg": "no active room found", "status_code": "NOT_FOUND", "rooms": []})


def refusal(msg, status_code, http=200, **own):
    return http, {"status": False, "msg": msg, "status_code": status_code, **own}


def success(**own):
    return 200, {"status": True, "msg": "success", "status_code": "SUCCESS", **own}


def activity(is_active, msg, status_code):
    return 200, {"status": True, "msg": msg, "status_code": status_code, "is_active": is_active}


async def same(call, expected):
    with contextlib.redirect_stdout(io.StringIO()):  # This SDK prints.
        answer = await call
    assert answer == expected, f"\nanswered {answer}\nexpected {expected}"


async def own_part(call, name):
    """What a success says under this name, and nothing else."""
    with contextlib.redirect_stdout(io.StringIO()):
        http, answer = await call
    own = answer.get(name)
    assert (http, answer) == success(**{name: own}), (http, answer)
    return own


def equal(value, expected):
    assert value == expected, f"\nis       {value}\nexpected {expected}"


def at(value, path):
    for name in path.split("."):
        value = value[name]
    return value


def is_now(seconds):
    assert abs(seconds - time.time()) < 60, f"{seconds} is not now"


def user(user_id, name="Alice", is_admin=True, is_hidden=None):
    locks = DefaultLockSettings(lock_chat=True)
    metadata = UserMetadata(record_webcam=False, extra_data="of 2022", lock_settings=locks)
    return JoinRoomRequest(ROOM, UserInfo(name, user_id, is_admin, metadata, is_hidden))


class Calls:
    """One group of calls after the other, on one room."""

    def __init__(self):
        self.sdk = PlugNMeet(URL, KEY, SECRET)

    async def credentials(self):
        unverified = "Failed to verify provided authentication details."
        wrong_key, no_key, wrong_secret = (
            PlugNMeet(URL, *credentials) for credentials in (("wrong", SECRET), ("", SECRET), (KEY, "wrong"))
        )
        await same(wrong_key.createRoom(REQUEST), refusal("Invalid API key provided.", "INVALID_API_KEY", 401))
        missing = refusal("Missing API-KEY header.", "MISSING_REQUIRED_PARAMETER", 401)
        await same(no_key.createRoom(REQUEST), missing)
        await same(wrong_secret.createRoom(REQUEST), refusal(unverified, "INVALID_TOKEN_OR_SIGNATURE", 401))
        await same(wrong_secret.getActiveRoomsInfo(), refusal(unverified, "INVALID_TOKEN_OR_SIGNATURE", 401))

    async def without_a_room(self):
        sdk = self.sdk
        await same(sdk.isRoomActive(RoomStatusRequest(ROOM)), activity(False, "room not found", "ROOM_NOT_FOUND"))
        await same(sdk.getActiveRoomsInfo(), NO_ROOM)
        await self.is_closed()
        required = refusal("validation error: room_id: value is required", "INVALID_PARAMETERS")
        await same(sdk.getActiveRoomInfo(GetActiveRoomInfoRequest("")), required)
        await same(sdk.endRoom(EndRoomRequest("")), required)

    async def is_closed(self):
        sdk = self.sdk
        await same(sdk.getJoinToken(user("alice")), refusal("room is not active", "ROOM_NOT_FOUND"))
        info = refusal("room not found in active state", "ROOM_NOT_FOUND", room=None)
        await same(sdk.getActiveRoomInfo(GetActiveRoomInfoRequest(ROOM)), info)
        await same(sdk.endRoom(EndRoomRequest(ROOM)), refusal("room not found or not active", "ROOM_NOT_FOUND"))

    async def createRoom_refused(self):
        async def refused(msg, **change):
            await same(self.sdk.createRoom(replace(REQUEST, **change)), refusal(msg, "INVALID_PARAMETERS"))

        title = "metadata.room_title: value is required"
        await refused(f"validation error: {title}", metadata=replace(REQUEST.metadata, room_title=""))
        bad_id = "room_id: room_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_"
        several = f"validation errors:\n - {bad_id}\n - max_participants: must be greater than 0"
        await refused(several, room_id="a b", max_participants=0)
        await refused("RoomId cannot start with the reserved pattern 'user_'", room_id="user_1")
        not_a_number = "max_participants: must be an integer from 0 to 4294967295, it is a string"
        await refused(not_a_number, max_participants="two")
        await same(self.sdk.getActiveRoomsInfo(), NO_ROOM)

    async def createRoom(self):
        with contextlib.redirect_stdout(io.StringIO()):
            http, answer = await self.sdk.createRoom(REQUEST)
        room = answer["room_info"]
        self.sid, self.created, self.metadata = room["sid"], room["creation_time"], room["metadata"]
        equal(str(uuid.UUID(self.sid)), self.sid)
        is_now(int(self.created))
        equal(room, self.room_info(joined=0))
        # A request with names of 2022 is answered with those, too.
        of_2022 = {
            "sid": self.sid,
            "name": ROOM,
            "max_participants": 2,
            "empty_timeout": 600,
            "creation_time": int(self.created),
            "turn_password": "",
            "enabled_codecs": [],
            "metadata": self.metadata,
        }
        equal((http, answer), success(room_info=room, roomInfo=of_2022))
        stored = json.loads(self.metadata)
        equal({path: at(stored, path) for path in STORED}, STORED)
        # The open room is found again, whatever the second request says.
        another = replace(REQUEST, metadata=replace(REQUEST.metadata, room_title="Another"))
        await same(self.sdk.createRoom(another), (http, answer))

    def room_info(self, joined):
        """64-bit numbers are strings."""
        return {
            "room_id": ROOM,
            "room_title": TITLE,
            "sid": self.sid,
            "metadata": self.metadata,
            "creation_time": self.created,
            "joined_participants": str(joined),
            "is_running": 1,
            "is_recording": 0,
            "is_active_rtmp": 0,
            "is_breakout_room": 0,
            "parent_room_id": "",
            "webhook_url": "",
        }

    async def isRoomActive(self):
        await same(self.sdk.isRoomActive(RoomStatusRequest(ROOM)), activity(True, "room is active", "SUCCESS"))

    async def getJoinToken(self):
        async def refused(msg, request):
            await same(self.sdk.getJoinToken(request), refusal(msg, "INVALID_PARAMETERS"))

        await refused("validation error: user_info.name: value is required", user("alice", name=""))
        await refused("user_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_", user("a b"))
        await refused("user_id cannot start with the reserved pattern 'user_'", user("user_1"))
        token = await self.mint(user("alice"), is_admin=True)
        await self.mint(user("bob", is_admin=False, is_hidden=True), is_hidden=True)
        # The SDK only passes it on; it is good if it opens the room.
        join = urllib.request.Request(f"{URL}/api/joinRoom", b"", {"Authorization": token})
        with urllib.request.urlopen(join) as joined:
            equal(joined.status, 201)

    async def mint(self, request, **own):
        token = await own_part(self.sdk.getJoinToken(request), "token")
        signed, signature = token.rsplit(".", 1)
        header, claims = (json.loads(decoded(part)) for part in signed.split("."))
        equal(decoded(signature), hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))
        equal(header, {"alg": "HS256", "typ": "JWT", "kid": KEY})
        nbf, jti = claims.pop("nbf"), claims.pop("jti")
        is_now(nbf)
        assert jti.startswith(self.sid + "."), jti
        person = request.user_info
        expected = {"iss": KEY, "sub": person.user_id, "user_id": person.user_id, "name": person.name, "room_id": ROOM}
        equal(claims, {**expected, "exp": nbf + 600, "session_seconds": 1800, **own})
        return token

    async def getActiveRoomInfo(self):
        info = self.sdk.getActiveRoomInfo(GetActiveRoomInfoRequest(ROOM))
        self.is_our_room(await own_part(info, "room"))

    async def getActiveRoomsInfo(self):
        (room,) = await own_part(self.sdk.getActiveRoomsInfo(), "rooms")
        self.is_our_room(room)

    def is_our_room(self, room):
        (alice,) = room["participants_info"]
        equal(room, {"room_info": self.room_info(joined=1), "participants_info": [alice]})
        equal([alice[name] for name in ("identity", "name", "state")], ["alice", "Alice", "ACTIVE"])
        metadata = json.loads(alice["metadata"])
        own = [metadata[name] for name in ("is_admin", "record_webcam", "extra_data")]
        equal(own, [True, False, "of 2022"])

    async def getClientFiles(self):
        files = json.loads(os.environ["CLIENT_FILES"])
        current = {"css_files": files["css"], "js_files": files["js"]}
        expected = success(status_code="UNKNOWN_STATUS", **files, **current)
        await same(self.sdk.getClientFiles(GetClientFilesRequest()), expected)

    async def endRoom(self):
        await same(self.sdk.endRoom(EndRoomRequest(ROOM)), success())
        ended = activity(False, "room is not active", "ROOM_NOT_ACTIVE")
        await same(self.sdk.isRoomActive(RoomStatusRequest(ROOM)), ended)
        await same(self.sdk.getActiveRoomsInfo(), NO_ROOM)
        await self.is_closed()

    async def fetchPastRoomsInfo(self):
        page = FetchPastRoomsInfoRequest([ROOM], limit=5, order_by=OrderBy.ASC)
        result = await own_part(self.sdk.fetchPastRoomsInfo(page), "result")
        session = {
            "room_title": TITLE,
            "room_id": ROOM,
            "room_sid": self.sid,
            "joined_participants": "1",
            "webhook_url": "",
            "created": result["rooms_list"][0]["created"],
            "ended": result["rooms_list"][0]["ended"],
        }
        rooms = {"total_rooms": "1", "from": 0, "limit": 5, "order_by": "ASC", "rooms_list": [session]}
        equal(result, rooms)
        equal(seconds(session["created"]), int(self.created))
        is_now(seconds(session["ended"]))
        nobody = self.sdk.fetchPastRoomsInfo(FetchPastRoomsInfoRequest(["never-there"]))
        await same(nobody, refusal("no room found", "NOT_FOUND"))

    async def recordings(self):
        sdk, absent = self.sdk, refusal("recording not found", "NOT_FOUND")
        none = refusal("no recording found", "NOT_FOUND")
        await same(sdk.fetchRecordings(FetchRecordingsRequest([ROOM])), none)
        await same(sdk.recordingInfo(RecordingInfoRequest("none")), absent)
        await same(sdk.deleteRecordings(DeleteRecordingsRequest("none")), absent)
        await same(sdk.getRecordingDownloadToken(GetRecordingDownloadTokenRequest("none")), absent)

    async def analytics(self):
        sdk, absent = self.sdk, refusal("artifact not found", "NOT_FOUND")
        await same(sdk.fetchAnalytics(FetchAnalyticsRequest([ROOM])), refusal("no artifact found", "NOT_FOUND"))
        await same(sdk.deleteAnalytics(DeleteAnalyticsRequest("none")), absent)
        await same(sdk.getAnalyticsDownloadToken(GetAnalyticsDownloadTokenRequest("none")), absent)


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def seconds(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), text
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()


async def main():
    calls = Calls()
    name = f"plugnmeet-sdk {importlib.metadata.version('plugnmeet-sdk')}"
    for group in (
        calls.credentials,
        calls.without_a_room,
        calls.createRoom_refused,
        calls.createRoom,
        calls.isRoomActive,
        calls.getJoinToken,
        calls.getActiveRoomInfo,
        calls.getActiveRoomsInfo,
        calls.getClientFiles,
        calls.endRoom,
        calls.fetchPastRoomsInfo,
        calls.recordings,
        calls.analytics,
    ):
        await group()
        print(f"{name:<22}  {group.__name__.replace('_', ' '):<20} ok", flush=True)


asyncio.run(main())
